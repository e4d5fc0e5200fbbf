"""A tenant's system roles and its owner, as one of the parts that it consists of."""

import json
from collections.abc import Iterable
from hashlib import sha256
from typing import ClassVar

from django.utils.translation import gettext_noop

from plexica.rbac.models import Role
from plexica.rbac.registry import Audience
from plexica.rbac.selectors import has_owner
from plexica.rbac.services import ensure_system_roles, facts_of, wanted_roles
from plexica.rbac.system_roles import SYSTEM_ROLES
from tenants.models import Tenant
from tenants.parts import Difference, Finding, Part
from tenants.schema.roles import schema_is_filled
from tenants.scopes import tenant_scope


def roles_digest() -> str:
    """Return the digest of the system roles that every tenant has."""
    declared = {role.key: role.facts() for role in SYSTEM_ROLES[Audience.TENANT]}
    return sha256(json.dumps(declared, sort_keys=True).encode()).hexdigest()


class RolesPart(Part):
    """The roles that come with Plexica, as the code declares them, and that somebody owns."""

    name: ClassVar[str] = "roles"
    label: ClassVar[str] = gettext_noop("Roles")
    digest_field: ClassVar[str] = "roles_digest"

    def present_digest(self) -> str:
        """Return the digest of the system roles."""
        return roles_digest()

    def upgrade(self, tenant: Tenant) -> None:
        """Write the system roles as they are declared."""
        with tenant_scope(tenant):
            ensure_system_roles()

    def inspect(self, tenant: Tenant) -> list[Finding]:
        """Compare the system roles with their declaration, and look for an owner."""
        if not schema_is_filled(tenant.schema_name):
            # The schema's own part says so.
            return []
        findings = []
        with tenant_scope(tenant):
            present = {
                role.key: facts_of(role)
                for role in Role.objects.filter(is_system=True).prefetch_related("grants")
            }
            is_owned = has_owner()
            wanted = wanted_roles()
        for role in wanted:
            found = present.pop(role.key, None)
            if found is None:
                findings.append(
                    Finding(self.name, Difference.MISSING, f"role {role.key}", "It is not there.")
                )
            elif found != role.facts():
                wrong = ", ".join(key for key, value in role.facts().items() if found[key] != value)
                findings.append(
                    Finding(
                        self.name,
                        Difference.DIFFERENT,
                        f"role {role.key}",
                        f"These are not as declared: {wrong}.",
                    )
                )
        findings += [
            Finding(
                self.name,
                Difference.ORPHANED,
                f"role {key}",
                "This version does not declare it. People may hold it, so it stays.",
                can_repair=False,
            )
            for key in present
        ]
        if not is_owned:
            findings.append(
                Finding(
                    self.name,
                    Difference.MISSING,
                    "owner",
                    "No active person owns the tenant. An operator can appoint one:"
                    f" manage.py break_glass owner {tenant.slug} ADDRESS --reason WHY",
                    can_repair=False,
                )
            )
        return findings

    def repair(self, tenant: Tenant, findings: Iterable[Finding]) -> None:
        """Write the system roles anew where they differ."""
        if any(finding.can_repair for finding in findings):
            self.upgrade(tenant)

    def find_orphans(self) -> list[Finding]:
        """Return nothing: roles are rows of a schema, and go with it."""
        return []

    def remove_orphan(self, finding: Finding) -> None:
        """Refuse: there is none.

        Raises:
            ValueError: Always.
        """
        raise ValueError(f"No orphan of roles is known as {finding.what}.")
