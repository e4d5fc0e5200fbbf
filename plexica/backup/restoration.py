"""What a restoration is about: an open archive, and the tenant that it becomes.

It lives in the process that restores. A worker that takes an abandoned run up knows of none, so
that the run fails there and is taken back.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from copy import copy
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_noop

from plexica.backup.archive.reading import Archive
from plexica.backup.meter import Meter
from plexica.backup.realms.renaming import Renaming
from plexica.core.errors import PermanentError
from tenants.models import Tenant


@dataclass(slots=True)
class Restoration:
    """A tenant on its way back.

    Attributes:
        archive: Where it comes from.
        document: What the manifest says of it.
        is_renewing: Whether its ids change.
        slug: What it is called when it is active; while it is made, another has that slug perhaps.
        replaces: The tenant whose place it takes, or None.
        mails: Whether people without a password are sent the way to one.
        meter: Counts.
        rows: What each of its tables should have in the end.
    """

    archive: Archive
    document: dict[str, Any]
    is_renewing: bool
    slug: str
    replaces: UUID | None
    mails: bool
    meter: Meter
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)

    def renaming(self, tenant: Tenant) -> Renaming:
        """Return what becomes of names and ids."""
        return Renaming(
            tenant_id=tenant.pk,
            old_realm=self.document["realm"],
            realm=tenant.realm,
            is_renewing=self.is_renewing,
        )

    def as_it_will_be(self, tenant: Tenant) -> Tenant:
        """Return the tenant with the slug that it has in the end, for what names its address."""
        found = copy(tenant)
        found.slug = self.slug
        return found

    def section(self, name: str) -> dict[str, Any]:
        """Return what the manifest says of a section."""
        found: dict[str, Any] = self.document["sections"][name]
        return found


_current: ContextVar[Restoration | None] = ContextVar("restoration", default=None)


@contextmanager
def restoring(restoration: Restoration) -> Iterator[None]:
    """Have the steps of a run know what they restore while a block runs."""
    token = _current.set(restoration)
    try:
        yield
    finally:
        _current.reset(token)


def current_restoration() -> Restoration:
    """Return what is restored here.

    Raises:
        PermanentError: Nothing is: whoever began it has died.
    """
    found = _current.get()
    if found is None:
        raise PermanentError(
            gettext_noop("Whoever restored this was cut off. Begin the restoration again.")
        )
    return found
