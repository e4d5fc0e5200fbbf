"""What a tenant consists of: how each part is compared with what it should be, and brought there.

Making and removing parts is the business of steps (`tenants.provisioning.step`); a part is about
those that are there.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import ClassVar

from django.conf import settings
from django.db.models import Q
from django.utils.module_loading import import_string

from tenants.models import Tenant
from tenants.states import WHOLE_STATES


class Difference(StrEnum):
    """How what is there differs from what should be."""

    MISSING = "missing"
    DIFFERENT = "different"
    ORPHANED = "orphaned"


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference.

    Attributes:
        part: The name of the part that found it.
        difference: How it differs.
        what: The thing, by its name, such as `client plexica-workspace`; unique within the part
            and the tenant.
        detail: What is expected and what is found, in words, without secrets.
        can_repair: Whether `repair` mends it; if not, `detail` says who can.
    """

    part: str
    difference: Difference
    what: str
    detail: str
    can_repair: bool = True


class Part(ABC):
    """One part of each tenant. All of it can be repeated, and touches nothing of anybody else's.

    It runs in the platform's scope, outside any transaction, and enters others itself. Server
    failures are raised as `TransientError` and `PermanentError`.

    Attributes:
        name: The part's stable name.
        label: What it is, in words for people.
        digest_field: The column of `Tenant` that tells what the part was made from or brought to.
        upgrades_alone: Whether `upgrade` keeps others off the tenant, notes the digest and writes
            the audit by itself, because it does all that in one transaction.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    digest_field: ClassVar[str]
    upgrades_alone: ClassVar[bool] = False

    @abstractmethod
    def present_digest(self) -> str:
        """Return the digest of what the part should be now, the same for all tenants."""

    @abstractmethod
    def upgrade(self, tenant: Tenant) -> None:
        """Bring the part from whatever an earlier version made to the present one.

        The caller has claimed the tenant (`tenants.claim`), and notes the digest, unless the part
        upgrades alone.
        """

    @abstractmethod
    def inspect(self, tenant: Tenant) -> list[Finding]:
        """Compare the part of a tenant that should be whole with what it should be."""

    @abstractmethod
    def repair(self, tenant: Tenant, findings: Iterable[Finding]) -> None:
        """Mend findings of `inspect`; those that cannot be mended are passed over."""

    @abstractmethod
    def find_orphans(self) -> list[Finding]:
        """Return what is there, made by Plexica, and is the part of no tenant that should have it.

        Tenants that are PROVISIONING, and those with an unfinished run, are left out: what is
        there of them is somebody's work.
        """

    @abstractmethod
    def remove_orphan(self, finding: Finding) -> None:
        """Remove what `find_orphans` found, unless it has become a tenant's in the meantime."""


@lru_cache(maxsize=1)
def _load(paths: tuple[str, ...]) -> dict[str, Part]:
    parts: dict[str, Part] = {}
    for path in paths:
        part: Part = import_string(path)()
        parts[part.name] = part
    return parts


def configured_parts() -> dict[str, Part]:
    """Return the parts of a tenant, by name, in the order in which they are upgraded."""
    return _load(tuple(settings.TENANT_PARTS))


def differs_from_present(parts: Iterable[Part]) -> Q:
    """Return the condition of a whole tenant of which a part is not at its present version.

    Args:
        parts: Those that count.
    """
    differs = Q()
    for part in parts:
        differs |= ~Q(**{part.digest_field: part.present_digest()})
    return differs & Q(state__in=WHOLE_STATES)
