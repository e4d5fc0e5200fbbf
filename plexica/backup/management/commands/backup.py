"""Everything that can be done with backups; see docs/backups.md."""

from argparse import ArgumentParser, Namespace
from typing import Any

from django.core.management.base import BaseCommand

from plexica.backup.cli.parser import add_subcommands
from tenants.cli.running import run_subcommand


class Command(BaseCommand):
    """Backups, from the command line."""

    help = "Make, check, restore, list and prune backups. Needs the provisioner's environment."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the subcommands and their arguments."""
        add_subcommands(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run a subcommand; how it ended is the process's exit code.

        Raises:
            SystemExit: With one of `ExitCode`, unless it succeeded.
        """
        run_subcommand(Namespace(**options))
