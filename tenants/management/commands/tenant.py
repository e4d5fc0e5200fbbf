"""Everything that can be done with tenants; see docs/command-line.md."""

from argparse import ArgumentParser

from tenants.cli.parser import add_subcommands
from tenants.cli.running import CommandOfSubcommands


class Command(CommandOfSubcommands):
    """Tenants, from the command line."""

    help = "Create, show, change, compare and upgrade tenants. Needs the provisioner's environment."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the subcommands and their arguments."""
        add_subcommands(parser)
