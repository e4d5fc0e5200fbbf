"""Everything that can be done with backups; see docs/backups.md."""

from argparse import ArgumentParser

from plexica.backup.cli.parser import add_subcommands
from tenants.cli.running import CommandOfSubcommands


class Command(CommandOfSubcommands):
    """Backups, from the command line."""

    help = "Make, check, restore, list and prune backups. Needs the provisioner's environment."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the subcommands and their arguments."""
        add_subcommands(parser)
