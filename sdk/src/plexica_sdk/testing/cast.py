"""Who plays in a plugin's tests: two tenants, and people who are in one of them."""

from dataclasses import dataclass, field
from uuid import NAMESPACE_URL, uuid5

from plexica_sdk.hosting.context import Tenant, User


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
    """

    tenant: Tenant
    user: User
    email: str = field(default="")


def _member(tenant: Tenant, name: str) -> Member:
    user = User(_id(name), name.title(), "person", locale="", time_zone="")
    return Member(tenant, user, f"{name}@{tenant.slug}.example")


ADA = _member(ACME, "ada")
BO = _member(ACME, "bo")
CY = _member(GLOBEX, "cy")
PEOPLE = (ADA, BO, CY)
