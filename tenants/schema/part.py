"""A tenant's schema and role, as one of the parts that it consists of."""

from collections.abc import Iterable
from typing import ClassVar

from django.utils.translation import gettext_noop

from tenants.models import Tenant
from tenants.parts import Finding, Part
from tenants.schema import inspection
from tenants.schema.companions import companions
from tenants.schema.migrations import tenant_digest
from tenants.schema.upgrade import upgrade_schema


class SchemaPart(Part):
    """The schema with its tables and privileges, and the role that may use them."""

    name: ClassVar[str] = "schema"
    label: ClassVar[str] = gettext_noop("Database schema")
    digest_field: ClassVar[str] = "schema_digest"
    upgrades_alone: ClassVar[bool] = True

    def present_digest(self) -> str:
        """Return the digest of all migrations of a tenant's schema."""
        return tenant_digest()

    def upgrade(self, tenant: Tenant) -> None:
        """Bring the schema to the present migrations."""
        upgrade_schema(tenant)

    def inspect(self, tenant: Tenant) -> list[Finding]:
        """Compare schema, privileges and role with what the template makes."""
        return [
            *inspection.inspect_schema(tenant),
            *(found for each in companions() for found in each.inspect(tenant)),
        ]

    def repair(self, tenant: Tenant, findings: Iterable[Finding]) -> None:
        """Mend what costs no data."""
        wanted = list(findings)
        inspection.repair_schema(tenant, wanted)
        names = {finding.what for finding in wanted if finding.can_repair}
        for each in companions():
            each.repair(tenant, names)

    def find_orphans(self) -> list[Finding]:
        """Return schemas and roles that Plexica made and that are no tenant's."""
        return [
            *inspection.find_orphans(),
            *(found for each in companions() for found in each.find_orphans()),
        ]

    def remove_orphan(self, finding: Finding) -> None:
        """Drop such a schema or role, unless it has become a tenant's."""
        if not any(each.remove_orphan(finding.what) for each in companions()):
            inspection.remove_orphan(finding)
