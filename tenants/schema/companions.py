"""Schemas that belong to a tenant beside its own, which higher apps make and know.

Their names are the tenant's schema's, two underscores, and a name of theirs; a tenant's own schema
never has two underscores in a row (`tenants.slugs`). Their roles are not named after tenants.
"""

from collections.abc import Collection
from typing import Protocol

from tenants.models import Tenant
from tenants.parts import Finding

SEPARATOR = "__"


class Companion(Protocol):
    """Who knows of such schemas."""

    def inspect(self, tenant: Tenant) -> list[Finding]:
        """Compare those of a tenant with what they should be."""

    def repair(self, tenant: Tenant, names: Collection[str]) -> None:
        """Mend findings of `inspect`, by what they are about."""

    def find_orphans(self) -> list[Finding]:
        """Return the schemas and roles of this kind that are nobody's."""

    def remove_orphan(self, what: str) -> bool:
        """Remove one, unless it has become somebody's.

        Returns:
            Whether it was one of this kind.
        """


_companions: list[Companion] = []


def register_companion(companion: Companion) -> None:
    """Have it asked where tenants' schemas are compared, from an app's `AppConfig.ready`."""
    _companions.append(companion)


def companions() -> tuple[Companion, ...]:
    """Return who is registered."""
    return tuple(_companions)
