"""Brings the shared tables, the platform's schema and all tenants to the present migrations."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.autodetector import MigrationAutodetector
from psycopg import sql

from plexica.core.scope import (
    PLATFORM_SCHEMA,
    PUBLIC_SCHEMA,
    enter_scope,
    schema_owner,
)
from tenants.platform import prepare_platform
from tenants.schema.migrations import migrate_schema
from tenants.schema.privileges import grant_platform, grant_shared
from tenants.schema.template import ensure_template
from tenants.upgrade import Outcome, upgrade_tenants


class Command(BaseCommand):
    """Django's `migrate`, for many schemas. It runs with the provisioning login."""

    help = (
        "Brings the shared tables, the platform's schema and all tenants' schemas to the present"
        " migrations, sets privileges and builds the template of new tenants. Can be repeated."
    )

    # Django's system check asks that `migrate` and `makemigrations` agree on it.
    autodetector = MigrationAutodetector

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument(
            "--platform-only", action="store_true", help="Leave the tenants' schemas as they are."
        )

    def handle(self, *_args: Any, platform_only: bool, **_options: Any) -> None:
        """Run the command."""
        self._migrate(PUBLIC_SCHEMA)
        grant_shared()
        with enter_scope(schema_owner(PLATFORM_SCHEMA)), connection.cursor() as cursor:
            cursor.execute(
                sql.SQL("CREATE SCHEMA IF NOT EXISTS {}")
                .format(sql.Identifier(PLATFORM_SCHEMA))
                .as_string()
            )
        self._migrate(PLATFORM_SCHEMA)
        grant_platform()
        prepare_platform()
        self.stdout.write("template: " + ("built" if ensure_template() else "is up to date"))
        if not platform_only:
            self._migrate_tenants()

    def _migrate(self, schema: str) -> None:
        applied = migrate_schema(schema)
        self.stdout.write(f"{schema}: " + (", ".join(applied) or "is up to date"))

    def _migrate_tenants(self) -> None:
        report = upgrade_tenants(parts=("schema",))
        for tenant in report.tenants:
            words = f"{tenant.slug}: {tenant.outcome}"
            self.stdout.write(f"{words}: {tenant.message}" if tenant.message else words)
        if not report.is_complete:
            behind = [
                tenant.slug for tenant in report.tenants if tenant.outcome != Outcome.UPGRADED
            ]
            raise CommandError(f"{len(behind)} tenants are behind: {', '.join(behind)}")
