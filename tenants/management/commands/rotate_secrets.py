"""Encrypts all secrets with the current key: those of tenants, and of what they have."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from plexica.core.crypto import rotate_everything


class Command(BaseCommand):
    """Move all secrets over to the first of PLEXICA_ENCRYPTION_KEYS."""

    help = (
        "Encrypts all secrets in the database with the first of PLEXICA_ENCRYPTION_KEYS, after"
        " which the other keys can be taken away. Can be stopped and repeated at any time."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--check",
            action="store_true",
            help="Change nothing; fail while a secret still needs another key than the first.",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run the command.

        Raises:
            CommandError: Something needs another key still, or no present key opens it.
        """
        found = rotate_everything(is_dry=options["check"])
        if found.lost:
            raise CommandError(
                f"{found.lost} of {found.total} secrets are opened by no present key. Put the key"
                " back that they were encrypted with, and run this again."
            )
        if options["check"] and found.moved:
            raise CommandError(
                f"{found.moved} of {found.total} secrets still need another key than the first."
            )
        self.stdout.write(
            f"{found.total} secrets are encrypted with the current key, {found.moved} of them anew."
        )
