"""Everything that can be done with people from the command line; see docs/command-line.md."""

from argparse import ArgumentParser

from plexica.identity.sync.command import sync
from tenants.cli.running import CommandOfSubcommands


class Command(CommandOfSubcommands):
    """People, from the command line."""

    help = "Bring the people of tenants in step with their realms."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the subcommands and their arguments."""
        commands = parser.add_subparsers(dest="subcommand", required=True, metavar="SUBCOMMAND")
        summary = "Read everybody of some realms, and bring their rows in line."
        syncing = commands.add_parser("sync", help=summary, description=summary)
        syncing.set_defaults(
            act=sync,
            if_interrupted="Realms that were read are done; the same command does the rest.",
        )
        syncing.add_argument("slugs", nargs="*", metavar="SLUG", help="The tenants.")
        syncing.add_argument(
            "--all", action="store_true", help="All tenants that are served, and the platform."
        )
        syncing.add_argument(
            "--platform", action="store_true", help="The platform's own realm, with its staff."
        )
        syncing.add_argument("--dry-run", action="store_true", help="Say what would be done.")
        syncing.add_argument("--json", action="store_true", help="Print one JSON document.")
