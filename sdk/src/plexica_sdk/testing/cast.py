"""Who plays in a plugin's tests: two tenants, and people who are in one of them."""

from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

from plexica_sdk.hosting.context import Tenant, User
from plexica_sdk.manifest import Manifest


def _id(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"plexica:test:{name}"))


ACME = Tenant(_id("acme"), "acme", "Acme", locale="en", time_zone="UTC")
GLOBEX = Tenant(_id("globex"), "globex", "Globex", locale="it", time_zone="Europe/Rome")


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of a tenant.

    Attributes:
        tenant: Whose they are.
        user: Who they are.
        email: Their address.
        role: `owner`, `admin`, `member` or `viewer`: what they hold of a plugin's permissions.
    """

    tenant: Tenant
    user: User
    email: str
    role: str

    def __str__(self) -> str:
        return f"{self.user.name}, {self.role} of {self.tenant.slug}"

    def holds(self, manifest: Manifest) -> frozenset[str]:
        """Return the permissions that a plugin's manifest gives to them. Owners hold all."""
        return frozenset(
            permission.key
            for permission in manifest.permissions
            if self.role == "owner" or self.role in permission.roles
        )


def _member(tenant: Tenant, name: str, role: str) -> Member:
    user = User(_id(name), name.title(), "person", locale="", time_zone="")
    return Member(tenant, user, f"{name}@{tenant.slug}.example", role)


ADA = _member(ACME, "ada", "owner")
BO = _member(ACME, "bo", "member")
CY = _member(GLOBEX, "cy", "owner")
PEOPLE = (ADA, BO, CY)
