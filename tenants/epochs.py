"""The number that tells which state of roles and grants is the present one, in the current scope.

Whoever changes who may do what raises it in the same transaction. A tenant's is a column of its
row, which is read at the beginning of each request anyway; so each process sees a change with its
next request, whatever caches did meanwhile.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from django.db import connection
from django.db.models import F

from plexica.core.scope import current_scope
from tenants.models import PlatformState, Tenant


@dataclass(slots=True)
class _Known:
    schema: str
    epoch: int | None


_known: ContextVar[_Known | None] = ContextVar("permission_epoch", default=None)


@contextmanager
def epoch_kept(schema: str, epoch: int | None = None) -> Iterator[None]:
    """Read the epoch of a schema once at most while a block runs.

    Args:
        schema: The schema of the scope that the block runs in.
        epoch: The epoch, where it is known already.
    """
    token = _known.set(_Known(schema, epoch))
    try:
        yield
    finally:
        _known.reset(token)


def current_epoch() -> int:
    """Return the epoch of the current scope, as it was when the request or task began.

    Raises:
        NoScope: There is no scope.
    """
    known = _known.get()
    if known is None or known.schema != current_scope().schema:
        return _read()
    if known.epoch is not None:
        return known.epoch
    epoch = _read()
    if not connection.in_atomic_block:
        # In a transaction it may be one that is rolled back.
        known.epoch = epoch
    return epoch


def raise_epoch() -> None:
    """Let all that was compiled under the present epoch be compiled anew.

    It belongs into the transaction of the change, and holds the row until that ends: changes of
    one tenant's roles come one after the other.
    """
    slug = current_scope().tenant_slug
    rows = PlatformState.objects.all() if slug is None else Tenant.objects.filter(slug=slug)
    rows.update(permission_epoch=F("permission_epoch") + 1)
    known = _known.get()
    if known is not None:
        known.epoch = None


def _read() -> int:
    slug = current_scope().tenant_slug
    rows = PlatformState.objects.all() if slug is None else Tenant.objects.filter(slug=slug)
    epoch: int = rows.values_list("permission_epoch", flat=True).get()
    return epoch
