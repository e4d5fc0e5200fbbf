"""Encrypts all tenants' secrets with the current key."""

from typing import Any

from django.core.management.base import BaseCommand

from tenants.secrets import rotate_secrets


class Command(BaseCommand):
    """Move all secrets over to the first of PLEXICA_ENCRYPTION_KEYS."""

    help = (
        "Encrypts all tenants' secrets with the first of PLEXICA_ENCRYPTION_KEYS, after which the"
        " other keys can be taken away. Can be repeated."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Run the command."""
        count = rotate_secrets()
        self.stdout.write(f"{count} secrets are encrypted with the current key.")
