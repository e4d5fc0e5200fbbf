"""Django's `makemigrations`, which looks into the database as the owner of the shared tables."""

from typing import Any

from django.core.management.commands import makemigrations

from plexica.core.scope import PUBLIC_SCHEMA, enter_scope, schema_owner


class Command(makemigrations.Command):
    """Run it with the provisioning login; nobody else may take the owner's role."""

    def handle(self, *app_labels: str, **options: Any) -> None:
        """Run the command."""
        with enter_scope(schema_owner(PUBLIC_SCHEMA)):
            super().handle(*app_labels, **options)
