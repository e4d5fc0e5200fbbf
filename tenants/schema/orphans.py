"""Schemas and roles that Plexica made and that are no tenant's, found and removed.

Whose a schema is, is told by its owner; whose a role is, by who may administer it. Whatever else
has such a name is somebody else's, and is neither reported nor touched. Schemas beside a tenant's
own are the business of who makes them (`tenants.schema.companions`).
"""

import structlog
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q

from plexica.core.errors import PermanentError
from plexica.core.scope import platform_scope, role_name
from tenants.models import ProvisioningRun, Tenant
from tenants.parts import Difference, Finding
from tenants.schema import roles
from tenants.schema.catalog import server_errors
from tenants.schema.companions import SEPARATOR
from tenants.schema.planning import PLAN_SCHEMA
from tenants.schema.template import TEMPLATE_SCHEMA, is_template_being_built
from tenants.slugs import SCHEMA_PREFIX
from tenants.states import UNFINISHED_RUN_STATES, TenantState

PART = "schema"
# Both are worked on under the template's lock.
_SCRATCH_SCHEMAS = (TEMPLATE_SCHEMA, PLAN_SCHEMA)
_SCHEMA = "schema "
_ROLE = "role "

_SCHEMAS = """
    SELECT nspname::text FROM pg_catalog.pg_namespace
     WHERE nspowner = to_regrole(%s)
       AND (starts_with(nspname::text, %s) AND strpos(nspname::text, %s) = 0 OR nspname = ANY(%s))
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

logger = structlog.get_logger(__name__)


def find_orphans() -> list[Finding]:
    """Return the schemas and the roles that are no tenant's, the schemas first.

    Raises:
        TransientError: The database did not answer.
        PermanentError: It refused.
    """
    with server_errors():
        return [
            Finding(part=PART, difference=Difference.ORPHANED, what=what, detail=detail)
            for what, detail in _find().items()
        ]


def remove_orphan(finding: Finding) -> None:
    """Drop a schema or a role that is still no tenant's.

    No tenant changes its state, and none comes into being, between the check and the end.

    Args:
        finding: One of `find_orphans`.

    Raises:
        TransientError: The database did not answer.
        PermanentError: It has become a tenant's, or something depends on it.
    """
    with server_errors(), platform_scope(), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE public.tenants_tenant IN SHARE MODE")
        if finding.what not in _find():
            raise PermanentError("It has become a tenant's, or is gone.")
        kind, _space, name = finding.what.partition(" ")
        if kind == _SCHEMA.strip():
            roles.drop_schema(name)
        else:
            roles.drop_role(name)
    logger.info("orphan_removed", what=finding.what)


def _find() -> dict[str, str]:
    owner, provisioner, prefix = (
        role_name("owner"),
        role_name("provisioner"),
        role_name(SCHEMA_PREFIX),
    )
    # The names first: what is made after them is no matter, and whose it is, is there before it.
    with connection.cursor() as cursor:
        cursor.execute(_SCHEMAS, [owner, SCHEMA_PREFIX, SEPARATOR, list(_SCRATCH_SCHEMAS)])
        schemas = [name for (name,) in cursor.fetchall()]
        cursor.execute(_ROLES, [prefix, provisioner])
        found_roles = [name for (name,) in cursor.fetchall()]
    wanted = set(_wanted())
    if is_template_being_built():
        wanted.update(_SCRATCH_SCHEMAS)
    nobodys = {
        f"{_SCHEMA}{name}": "No tenant has this schema. It is dropped with all its data."
        for name in schemas
        if name not in wanted
    }
    nobodys.update(
        {
            f"{_ROLE}{name}": "No tenant has this database role."
            for name in found_roles
            if name not in {role_name(schema) for schema in wanted}
        }
    )
    return nobodys


def _wanted() -> list[str]:
    """Return the names of the schemas of tenants that have one, or may get one."""
    unfinished = ProvisioningRun.objects.filter(
        tenant=OuterRef("pk"), state__in=UNFINISHED_RUN_STATES
    )
    with platform_scope():
        tenants = Tenant.objects.filter(
            Exists(unfinished) | ~Q(state__in=(TenantState.FAILED, TenantState.DELETED))
        )
        return list(tenants.values_list("schema_name", flat=True))
