"""Encrypts all secrets with the current key: those of tenants, and of what they have."""

from typing import Any

from django.core.management.base import BaseCommand

from plexica.core.crypto import rotate_everything


class Command(BaseCommand):
    """Move all secrets over to the first of PLEXICA_ENCRYPTION_KEYS."""

    help = (
        "Encrypts all secrets in the database with the first of PLEXICA_ENCRYPTION_KEYS, after"
        " which the other keys can be taken away. Can be repeated."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Run the command."""
        count = rotate_everything()
        self.stdout.write(f"{count} secrets are encrypted with the current key.")
