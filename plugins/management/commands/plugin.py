"""Everything that can be done with plugins; see docs/command-line.md."""

from argparse import ArgumentParser, Namespace
from typing import Any

from django.core.management.base import BaseCommand

from plugins.cli import add_subcommands
from tenants.cli.running import run_subcommand


class Command(BaseCommand):
    """The registry of plugins, and what tenants have of them, from the command line."""

    help = "Register, publish and withdraw releases of plugins, and install them in tenants."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the subcommands and their arguments."""
        add_subcommands(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run a subcommand; how it ended is the process's exit code.

        Raises:
            SystemExit: With one of `ExitCode`, unless it succeeded.
        """
        run_subcommand(Namespace(**options))
