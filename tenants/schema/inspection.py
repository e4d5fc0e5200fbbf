"""A tenant's schema and role, compared with what the present template makes, and mended."""

from collections.abc import Iterable

from plexica.core.scope import schema_owner
from tenants.models import Tenant
from tenants.parts import Difference, Finding
from tenants.schema import roles
from tenants.schema.catalog import expected_catalog, read_catalog, server_errors
from tenants.schema.comparison import compare
from tenants.schema.mending import mend
from tenants.schema.migrations import tenant_digest
from tenants.schema.orphans import find_orphans, remove_orphan
from tenants.schema.role_inspection import inspect_role, repair_role

__all__ = ["find_orphans", "inspect_schema", "remove_orphan", "repair_schema"]

PART = "schema"
VERSION = "schema version"


def inspect_schema(tenant: Tenant) -> list[Finding]:
    """Compare a tenant's role, and its schema with all that is in it, with what should be.

    Raises:
        TransientError: The database did not answer.
        PermanentError: It refused, or there is no template for the present migrations.
    """
    with server_errors():
        return [*inspect_role(PART, tenant), *_inspect_tables(tenant)]


def repair_schema(tenant: Tenant, findings: Iterable[Finding]) -> None:
    """Mend findings, without touching data; what cannot be mended stays.

    Raises:
        TransientError: The database did not answer.
        PermanentError: It refused, or there is no template for the present migrations.
    """
    names = {finding.what for finding in findings if finding.can_repair}
    schema, role = tenant.schema_name, tenant.database_role
    if not names:
        return
    with server_errors():
        repair_role(tenant, names)
        if _outer_finding(tenant) is None:
            expected, found = expected_catalog(), read_catalog(schema, holder=role)
            mend(schema, holder=role, expected=expected, found=found, names=names)


def _inspect_tables(tenant: Tenant) -> list[Finding]:
    outer = _outer_finding(tenant)
    if outer is not None:
        return [outer]
    found = read_catalog(tenant.schema_name, holder=tenant.database_role)
    return compare(PART, expected_catalog(), found)


def _outer_finding(tenant: Tenant) -> Finding | None:
    """Return what makes it pointless to look into the schema."""
    schema = tenant.schema_name
    if not roles.schema_exists(schema):
        return Finding(
            part=PART,
            difference=Difference.MISSING,
            what=f"schema {schema}",
            detail="Its data are lost with it. Restore it from a backup, or delete the tenant.",
            can_repair=False,
        )
    if roles.schema_is_anothers(schema):
        return Finding(
            part=PART,
            difference=Difference.DIFFERENT,
            what=f"schema {schema}",
            detail="It belongs to somebody else, so Plexica leaves it alone."
            f" An operator has to give it to {schema_owner(schema).role}.",
            can_repair=False,
        )
    if tenant.schema_digest != tenant_digest():
        return Finding(
            part=PART,
            difference=Difference.DIFFERENT,
            what=VERSION,
            detail="It is that of another version. Run `manage.py tenant upgrade`.",
            can_repair=False,
        )
    return None
