"""The schemas and roles of installations, compared with the installations that there are."""

from collections.abc import Collection, Iterator

import structlog
from django.db import connection, transaction

from plexica.core.errors import PermanentError
from plexica.core.scope import platform_scope, role_name
from plugins.lifecycle.database import (
    INSTALLATION_PREFIX,
    close_database,
    drop_role,
    open_database,
)
from plugins.models import Installation
from plugins.states import InstallationState
from tenants.models import Tenant
from tenants.parts import Difference, Finding
from tenants.schema import roles
from tenants.schema.catalog import server_errors
from tenants.schema.companions import SEPARATOR
from tenants.slugs import SCHEMA_PREFIX

PART = "schema"
_SCHEMA = "plugin schema "
_ROLE = "plugin role "
# Those of which a schema and a role have to be there.
_WHOLE = (InstallationState.ENABLED, InstallationState.DISABLED)

_SCHEMAS = """
    SELECT nspname::text FROM pg_catalog.pg_namespace
     WHERE nspowner = to_regrole(%s) AND starts_with(nspname::text, %s)
       AND strpos(nspname::text, %s) > 0
     ORDER BY 1"""
# A role that has something in another database of the server is another platform's.
_ROLES = """
    SELECT r.rolname::text FROM pg_catalog.pg_roles r
     WHERE starts_with(r.rolname::text, %s)
       AND EXISTS (SELECT 1 FROM pg_catalog.pg_auth_members m
                    WHERE m.roleid = r.oid AND m.admin_option AND m.member = to_regrole(%s))
       AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_shdepend d
                        WHERE d.refclassid = 'pg_catalog.pg_authid'::regclass
                          AND d.refobjid = r.oid AND d.dbid <> 0
                          AND d.dbid <> (SELECT oid FROM pg_catalog.pg_database
                                          WHERE datname = current_database()))
     ORDER BY 1"""
# What a role of an installation must not have.
_POWERS = """
    SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls,
           rolcanlogin,
           (SELECT count(*) FROM pg_catalog.pg_auth_members m
             WHERE m.member = r.oid AND m.roleid <> to_regrole(%s))
      FROM pg_catalog.pg_roles r WHERE rolname = %s"""

logger = structlog.get_logger(__name__)


class PluginSchemas:
    """The installations' schemas and roles, as companions of the tenants' own (ADR 21)."""

    def inspect(self, tenant: Tenant) -> list[Finding]:
        """Look for schemas and roles that are missing, and for roles that may too much."""
        with server_errors():
            return [
                finding
                for installation in _of(tenant)
                for finding in _compare(tenant, installation)
            ]

    def repair(self, tenant: Tenant, names: Collection[str]) -> None:
        """Let roles log in, or no more, as the tenant's state has it."""
        with server_errors():
            for installation in _of(tenant):
                wrong = _compare(tenant, installation)
                if any(found.can_repair and found.what in names for found in wrong):
                    set_login = open_database if tenant.is_active else close_database
                    set_login(installation)

    def find_orphans(self) -> list[Finding]:
        """Return schemas and roles of installations that are none."""
        with server_errors():
            return [
                Finding(
                    part=PART,
                    difference=Difference.ORPHANED,
                    what=what,
                    detail="No installation of a plugin has this. It is dropped with all its data."
                    if what.startswith(_SCHEMA)
                    else "No installation of a plugin has this database role.",
                )
                for what in _nobodys()
            ]

    def remove_orphan(self, what: str) -> bool:
        """Drop such a schema or role.

        Raises:
            PermanentError: It has become an installation's.
        """
        if not what.startswith((_SCHEMA, _ROLE)):
            return False
        with server_errors(), platform_scope(), transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("LOCK TABLE public.plugins_installation IN SHARE MODE")
            if what not in _nobodys():
                raise PermanentError("It has become an installation's, or is gone.")
            if what.startswith(_SCHEMA):
                roles.drop_schema(what.removeprefix(_SCHEMA))
            else:
                drop_role(what.removeprefix(_ROLE))
        logger.info("orphan_removed", what=what)
        return True


def _of(tenant: Tenant) -> list[Installation]:
    found = Installation.objects.filter(tenant_id=tenant.pk, state__in=_WHOLE)
    return list(found.select_related("tenant", "plugin"))


def _compare(tenant: Tenant, installation: Installation) -> Iterator[Finding]:
    schema, role = installation.schema_name, installation.database_role
    if not roles.schema_exists(schema):
        yield Finding(
            part=PART,
            difference=Difference.MISSING,
            what=f"{_SCHEMA}{schema}",
            detail="Its data are lost with it. Restore it from a backup, or uninstall the plugin.",
            can_repair=False,
        )
        return
    with connection.cursor() as cursor:
        cursor.execute(_POWERS, [role_name("plugin"), role])
        found = cursor.fetchone()
    if found is None:
        yield Finding(
            part=PART,
            difference=Difference.MISSING,
            what=f"{_ROLE}{role}",
            detail="The plugin reaches nothing without it. Restore it from a backup, or uninstall"
            " the plugin.",
            can_repair=False,
        )
        return
    has_power, may_log_in, memberships = found
    if has_power or memberships:
        yield Finding(
            part=PART,
            difference=Difference.DIFFERENT,
            what=f"{_ROLE}{role}: rights",
            detail="It may reach its schema and nothing else, but has a right or a role beyond"
            " that. An operator has to find out who gave it that.",
            can_repair=False,
        )
    if may_log_in != tenant.is_active:
        yield Finding(
            part=PART,
            difference=Difference.DIFFERENT,
            what=f"{_ROLE}{role}: login",
            detail="It may log in while the tenant is served, and only then.",
        )


def _nobodys() -> list[str]:
    """Return the schemas and the roles that no installation has, the schemas first."""
    # The names first: what is made after them is no matter, and whose it is, is there before it.
    with connection.cursor() as cursor:
        cursor.execute(_SCHEMAS, [role_name("owner"), SCHEMA_PREFIX, SEPARATOR])
        schemas = [name for (name,) in cursor.fetchall()]
        cursor.execute(_ROLES, [role_name(INSTALLATION_PREFIX), role_name("provisioner")])
        found_roles = [name for (name,) in cursor.fetchall()]
    with platform_scope():
        known = list(Installation.objects.select_related("tenant", "plugin"))
    owned = {each.schema_name for each in known} | {each.database_role for each in known}
    return [
        *(f"{_SCHEMA}{name}" for name in schemas if name not in owned),
        *(f"{_ROLE}{name}" for name in found_roles if name not in owned),
    ]
