"""What the subcommands take."""

from argparse import ArgumentParser
from pathlib import Path

from plexica.backup.cli import commands


def add_subcommands(parser: ArgumentParser) -> None:
    """Name the subcommands of `manage.py backup` and their arguments."""
    subcommands = parser.add_subparsers(required=True, metavar="SUBCOMMAND")

    def add(name: str, act: commands.Act, help_text: str) -> ArgumentParser:
        command: ArgumentParser = subcommands.add_parser(
            name, help=help_text, description=help_text
        )
        command.add_argument("--json", action="store_true", help="Print one JSON document.")
        command.set_defaults(act=act, if_interrupted="Call it again: it begins anew.")
        return command

    create = add("create", commands.create, "Make an archive of a tenant or of the platform.")
    create.add_argument("slug", nargs="?", default="", help="The whole platform if left out.")
    _add_place(create)
    create.add_argument(
        "--recipient",
        action="append",
        metavar="KEY",
        help="The public key (age1…) of who may open it; may be repeated."
        " PLEXICA_BACKUP_RECIPIENTS if left out.",
    )
    create.add_argument(
        "--no-encryption",
        action="store_true",
        help="Encrypt for nobody: no passwords and no secrets are in it.",
    )
    verify = add("verify", commands.verify, "Read an archive whole, and compare all digests.")
    _add_archive(verify)
    restore = add("restore", commands.restore, "Restore tenants from an archive, each wholly.")
    _add_archive(restore)
    restore.add_argument("--tenant", default="", metavar="SLUG", help="Which one of the archive's.")
    restore.add_argument("--slug", default="", help="What it is to be called from now on.")
    restore.add_argument(
        "--replace",
        action="store_true",
        help="Take the place of the tenant that has this slug; it is served until this one is"
        " active, and deleted then, after the time of grace.",
    )
    restore.add_argument(
        "--no-mail", action="store_true", help="Send no mails to people without a password."
    )
    listing = add("list", commands.list_backups, "Show the backups that were made.")
    listing.add_argument("--limit", type=int, default=20, choices=range(1, 1001), metavar="N")
    prune = add("prune", commands.prune, "Remove the scheduled backups beyond those to be kept.")
    prune.add_argument(
        "--keep",
        type=int,
        choices=range(1, 1001),
        metavar="N",
        help="How many stay; else as the settings say.",
    )
    key = add("key", commands.new_key, "Make a key that opens archives.")
    key.add_argument("file", type=Path, help="Where the secret key goes; it must not be there.")


def _add_place(command: ArgumentParser) -> None:
    command.add_argument(
        "--to",
        default="",
        metavar="PLACE",
        help="A directory or s3://bucket/prefix. PLEXICA_BACKUP_TARGET if left out.",
    )


def _add_archive(command: ArgumentParser) -> None:
    command.add_argument("archive", help="A file, or s3://bucket/prefix/name.")
    command.add_argument(
        "--identity", type=Path, metavar="FILE", help="The file with the key that opens it."
    )
    command.add_argument(
        "--foreign", action="store_true", help="Take one that another platform has made."
    )
