"""Brings the shared tables, the platform's schema and all tenants to the present migrations."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.db.migrations.autodetector import MigrationAutodetector
from psycopg import sql

from plexica.core.scope import (
    PLATFORM_SCHEMA,
    PUBLIC_SCHEMA,
    enter_scope,
    schema_owner,
)
from tenants.models import Tenant
from tenants.platform import prepare_platform
from tenants.schema.migrations import migrate_schema, tenant_digest
from tenants.schema.privileges import grant_platform, grant_schema, grant_shared
from tenants.schema.template import ensure_template


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
        behind = Tenant.objects.exclude(schema_digest__in=("", tenant_digest()))
        failed = []
        for tenant in behind:
            try:
                self._migrate(tenant.schema_name)
                with transaction.atomic():
                    grant_schema(tenant.schema_name, tenant.database_role)
                Tenant.objects.filter(pk=tenant.pk).update(schema_digest=tenant_digest())
            except Exception as error:  # noqa: BLE001 (one tenant's failure must not stop the others)
                failed.append(tenant.slug)
                self.stderr.write(f"{tenant.schema_name}: failed: {error}")
        if failed:
            raise CommandError(f"{len(failed)} tenants are behind: {', '.join(failed)}")
