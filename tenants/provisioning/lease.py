"""Who holds a run: one worker at a time, for as long as it shows that it is alive.

Each take-over raises the run's fence. Every write asks that the fence is still the writer's, so
that a worker that wakes up late, after another has taken over, changes nothing.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from plexica.core.context import start_thread
from plexica.core.scope import PUBLIC_SCHEMA, platform_scope
from tenants.claim import hold_off_claims
from tenants.models import ProvisioningRun
from tenants.states import UNFINISHED_RUN_STATES

_RENEWALS_PER_LEASE = 3

_HELD = (
    f"SELECT 1 FROM {PUBLIC_SCHEMA}.{ProvisioningRun._meta.db_table}"  # noqa: S608, SLF001 (names of our own; Django's documented Options)
    " WHERE id = %s AND fence = %s"
)

logger = structlog.get_logger(__name__)


class LeaseLost(Exception):
    """Another worker has taken the run over; this one must stop."""


class Lease:
    """The right to work on a run.

    Attributes:
        run_id: The run.
        fence: The number of this holder.
    """

    def __init__(self, run_id: UUID, fence: int) -> None:
        self.run_id = run_id
        self.fence = fence

    def check(self) -> None:
        """Make sure that the run is still held; inside a transaction, until that ends.

        Raises:
            LeaseLost: It is not.
        """
        held = ProvisioningRun.objects.filter(id=self.run_id, fence=self.fence)
        if connection.in_atomic_block:
            held = held.select_for_update()
        if not held.values_list("id", flat=True).first():
            raise LeaseLost(str(self.run_id))

    def check_from_anywhere(self) -> None:
        """Make sure that the run is still held, in whatever scope and transaction this is called.

        In a transaction nobody takes the run over until that ends. Several steps may be in one of
        theirs at once, so the row is shared.

        Raises:
            LeaseLost: It is not.
        """
        with platform_scope(), connection.cursor() as cursor:
            cursor.execute(
                _HELD + (" FOR SHARE" if connection.in_atomic_block else ""),
                [self.run_id, self.fence],
            )
            if cursor.fetchone() is None:
                raise LeaseLost(str(self.run_id))

    def renew(self) -> None:
        """Hold the run for another lease.

        Raises:
            LeaseLost: It is not held any more.
        """
        renewed = ProvisioningRun.objects.filter(id=self.run_id, fence=self.fence).update(
            lease_expires_at=_expiry()
        )
        if not renewed:
            raise LeaseLost(str(self.run_id))


def acquire(run_id: UUID) -> Lease | None:
    """Take a run that is unfinished and that nobody holds, of a tenant that nobody has claimed.

    Returns:
        The lease, or None when there is nothing to take.
    """
    now = timezone.now()
    with transaction.atomic():
        tenant = ProvisioningRun.objects.values_list("tenant_id", flat=True).filter(id=run_id)
        if not tenant or not hold_off_claims(tenant[0]):
            return None
        taken = ProvisioningRun.objects.filter(
            Q(lease_expires_at=None) | Q(lease_expires_at__lt=now),
            id=run_id,
            state__in=UNFINISHED_RUN_STATES,
        ).update(fence=F("fence") + 1, lease_expires_at=_expiry())
        if not taken:
            return None
        return Lease(run_id, ProvisioningRun.objects.values_list("fence", flat=True).get(id=run_id))


@contextmanager
def kept_alive(lease: Lease) -> Iterator[None]:
    """Renew a lease in the background while a block runs."""
    stop = threading.Event()

    def keep() -> None:
        try:
            while not stop.wait(settings.PLEXICA_LEASE_SECONDS / _RENEWALS_PER_LEASE):
                try:
                    lease.renew()
                except LeaseLost:
                    return
                except DatabaseError:
                    logger.warning("lease_not_renewed", run=str(lease.run_id), exc_info=True)
        finally:
            connection.close()

    thread = start_thread(keep, name=f"lease-{lease.run_id}", is_daemon=True)
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _expiry() -> datetime:
    return timezone.now() + timedelta(seconds=settings.PLEXICA_LEASE_SECONDS)
