"""The real schema part, and one that does as it is told."""

from collections.abc import Iterable
from typing import ClassVar

from tenants.models import Tenant
from tenants.parts import Difference, Finding, Part
from tenants.schema import inspection
from tenants.schema.migrations import tenant_digest


class SchemaOnly(Part):
    name: ClassVar[str] = "schema"
    label: ClassVar[str] = "Schema"
    digest_field: ClassVar[str] = "schema_digest"

    def present_digest(self) -> str:
        return tenant_digest()

    def upgrade(self, tenant: Tenant) -> None:
        raise NotImplementedError

    def inspect(self, tenant: Tenant) -> list[Finding]:
        return inspection.inspect_schema(tenant)

    def repair(self, tenant: Tenant, findings: Iterable[Finding]) -> None:
        inspection.repair_schema(tenant, findings)

    def find_orphans(self) -> list[Finding]:
        return inspection.find_orphans()

    def remove_orphan(self, finding: Finding) -> None:
        inspection.remove_orphan(finding)


class Told(Part):
    name: ClassVar[str] = "told"
    label: ClassVar[str] = "As told"
    digest_field: ClassVar[str] = "realm_digest"
    wrong: ClassVar[set[str]] = set()
    inspect_error: ClassVar[Exception | None] = None
    repair_error: ClassVar[Exception | None] = None
    orphans_error: ClassVar[Exception | None] = None

    def present_digest(self) -> str:
        return ""

    def upgrade(self, tenant: Tenant) -> None:
        raise NotImplementedError

    def inspect(self, tenant: Tenant) -> list[Finding]:  # noqa: ARG002 (as a part is called)
        if Told.inspect_error:
            raise Told.inspect_error
        return [
            Finding(self.name, Difference.DIFFERENT, what, "It is wrong.")
            for what in sorted(Told.wrong)
        ]

    def repair(self, tenant: Tenant, findings: Iterable[Finding]) -> None:  # noqa: ARG002 (as a part is called)
        if Told.repair_error:
            raise Told.repair_error
        Told.wrong -= {finding.what for finding in findings}

    def find_orphans(self) -> list[Finding]:
        if Told.orphans_error:
            raise Told.orphans_error
        return []

    def remove_orphan(self, finding: Finding) -> None:
        raise NotImplementedError


def reset() -> None:
    Told.wrong = set()
    Told.inspect_error = Told.repair_error = Told.orphans_error = None


def configuration(*names: str) -> list[str]:
    return [f"{__name__}.{name}" for name in names]
