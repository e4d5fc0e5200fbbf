"""The provisioning step that makes a tenant's role and schema."""

from typing import ClassVar

import structlog
from django.db import connection, transaction
from django.utils.translation import gettext_noop
from psycopg import sql

from plexica.core.errors import PermanentError
from plexica.core.scope import enter_scope, schema_owner
from tenants.lifecycle import note_digest
from tenants.models import Tenant
from tenants.provisioning.step import Step
from tenants.schema import roles
from tenants.schema.migrations import tenant_digest
from tenants.schema.privileges import grant_schema
from tenants.schema.template import replay_statements

logger = structlog.get_logger(__name__)


class Schema(Step):
    """The schema with its tables, made whole in one transaction, and the tenant's role."""

    name: ClassVar[str] = "schema"
    label: ClassVar[str] = gettext_noop("Database schema")

    def do(self, tenant: Tenant) -> None:
        """Make the role, then the schema from the template; an empty or absent one is filled.

        Raises:
            PermanentError: The schema or the role is somebody else's, or the template is stale.
        """
        schema = tenant.schema_name
        if roles.schema_is_anothers(schema):
            raise PermanentError(
                gettext_noop("A database schema of this name belongs to somebody else.")
            )
        if roles.role_is_anothers(tenant.database_role):
            raise PermanentError(
                gettext_noop("A database role of this name belongs to somebody else.")
            )
        roles.ensure_role(tenant)
        if not roles.schema_is_filled(schema):
            statements = replay_statements(schema)
            create = sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema))
            with enter_scope(schema_owner(schema)), transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute(create.as_string())
                    cursor.execute(statements)
                grant_schema(schema, tenant.database_role)
                # In the same transaction: a crash leaves both or neither. The fence is asked last,
                # as nothing else of the run is written down while it holds.
                note_digest(tenant=tenant, field="schema_digest", digest=tenant_digest())

    def undo(self, tenant: Tenant) -> None:
        """Drop the schema, then the role; what is somebody else's is left alone."""
        if roles.schema_is_anothers(tenant.schema_name):
            logger.warning("schema_left_alone", schema=tenant.schema_name)
        else:
            roles.drop_schema(tenant.schema_name)
        if roles.role_is_anothers(tenant.database_role):
            logger.warning("role_left_alone", role=tenant.database_role)
        else:
            roles.drop_role(tenant.database_role)
        note_digest(tenant=tenant, field="schema_digest", digest="")
