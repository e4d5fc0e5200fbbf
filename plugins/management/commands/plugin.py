"""Everything that can be done with plugins; see docs/command-line.md."""

from argparse import ArgumentParser

from plugins.cli import add_subcommands
from tenants.cli.running import CommandOfSubcommands


class Command(CommandOfSubcommands):
    """The registry of plugins, and what tenants have of them, from the command line."""

    help = "Register, publish and withdraw releases of plugins, and install them in tenants."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the subcommands and their arguments."""
        add_subcommands(parser)
