"""Having a tenant for oneself, outside a run: who upgrades or repairs it, while no run changes it.

A claim is an advisory lock of a transaction that does nothing else, on a connection of its own, so
that nothing that happens to the caller's connection gives it up, and the end of the connection
does. PostgreSQL ends a transaction that is idle for longer than a lease; a thread keeps it from
being so. So a process that dies gives its claims up at once, and one that is frozen after a lease;
when it wakes up, the fence stops its next outward act.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from hashlib import sha256
from uuid import UUID

import psycopg
import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.utils.translation import gettext as _
from psycopg import sql
from psycopg.pq import TransactionStatus

from plexica.core.context import start_thread
from plexica.core.errors import NotFound, TransientError
from plexica.core.fence import fenced
from plexica.core.scope import PUBLIC_SCHEMA, platform_scope
from tenants.models import ProvisioningRun, Tenant
from tenants.runs import TenantBusy
from tenants.states import UNFINISHED_RUN_STATES

_RENEWALS_PER_LEASE = 3
# The run that is worked on here: it has the tenant already, so it is no obstacle to itself.
_own_run: ContextVar[UUID | None] = ContextVar("plexica_own_run", default=None)

logger = structlog.get_logger(__name__)


class ClaimLost(TransientError):
    """The tenant is no longer this process's own: it was frozen or cut off for too long."""


@contextmanager
def working_on(run_id: UUID) -> Iterator[None]:
    """Let a run that is held claim its own tenant while a block works on it.

    Nobody else has claimed the tenant when a run is taken up, nor can while it is unfinished.
    """
    token = _own_run.set(run_id)
    try:
        yield
    finally:
        _own_run.reset(token)


@contextmanager
def claimed(tenant: Tenant) -> Iterator[Tenant]:
    """Have a tenant for oneself while a block runs: no other claim, and no run that goes on.

    A run may be asked for meanwhile; no worker takes it up before the block ends. It takes one
    more connection of the pool for as long. `plexica.core.fence.check_fence` checks the claim:
    call it inside a transaction before what it writes; outward calls do.

    Args:
        tenant: Which; it is read again.

    Yields:
        The tenant as it is now.

    Raises:
        TenantBusy: It is claimed already, or has a run that is not finished.
        NotFound: Its row is gone.
        ClaimLost: From inside the block, when the claim was lost.
    """
    holder = connection.copy()
    try:
        with platform_scope():
            holder.set_autocommit(False)
            with holder.cursor() as cursor:
                cursor.execute(
                    "SET LOCAL idle_in_transaction_session_timeout = %s",
                    [int(settings.PLEXICA_LEASE_SECONDS * 1000)],
                )
                cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_key(tenant.pk)])
                is_mine = cursor.fetchone()[0]
            if not is_mine:
                raise TenantBusy(
                    _("Wait until what is being done to it has ended, then try again.")
                )
            # After the lock: whoever took a run up before has committed that.
            unfinished = ProvisioningRun.objects.filter(
                tenant_id=tenant.pk, state__in=UNFINISHED_RUN_STATES
            )
            if own_run := _own_run.get():
                unfinished = unfinished.exclude(pk=own_run)
            if unfinished.exists():
                raise TenantBusy(
                    _("Wait until the run that is under way has ended, then try again.")
                )
            fresh = Tenant.objects.filter(pk=tenant.pk).first()
        if fresh is None:
            raise NotFound(_("There is no such tenant any more."))

        def check() -> None:
            _touch(holder.connection)

        with _kept_alive(check), fenced(check):
            yield fresh
    finally:
        # A connection that broke has given the lock up already.
        with suppress(DatabaseError), platform_scope():
            holder.rollback()
        holder.close()


def claim_statement(tenant_id: UUID) -> sql.Composable:
    """Return the SQL condition that claims a tenant until the present transaction ends.

    It is true if nobody else has claimed it and no run but one's own is unfinished. For work that
    is one transaction, which needs no claim that outlives it.
    """
    own_run = _own_run.get()
    return sql.SQL(
        "pg_catalog.pg_try_advisory_xact_lock({}) AND NOT EXISTS"
        " (SELECT 1 FROM {}.{} WHERE tenant_id = {} AND state = ANY({})"
        " AND id IS DISTINCT FROM {}::uuid)"
    ).format(
        sql.Literal(_key(tenant_id)),
        sql.Identifier(PUBLIC_SCHEMA),
        sql.Identifier(ProvisioningRun._meta.db_table),  # noqa: SLF001 (Django's documented Options)
        sql.Literal(str(tenant_id)),
        sql.Literal([str(state) for state in UNFINISHED_RUN_STATES]),
        sql.Literal(str(own_run) if own_run else None),
    )


def hold_off_claims(tenant_id: UUID) -> bool:
    """Keep claims off a tenant until the present transaction ends.

    Whoever takes a run up calls it in the transaction that does so, and leaves the run alone when
    the answer is no; the run is found again later. It does not wait.

    Returns:
        Whether nobody has a claim. If somebody has, nothing is held.

    Raises:
        RuntimeError: No transaction is open, so that nothing would be held.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("Claims are held off for a transaction, and none is open.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock_shared(%s)", [_key(tenant_id)])
        return bool(cursor.fetchone()[0])


def _touch(held: psycopg.Connection[tuple[object, ...]]) -> None:
    try:
        held.execute("SELECT 1")
        is_held = held.info.transaction_status == TransactionStatus.INTRANS
    except psycopg.Error as error:
        raise ClaimLost(_("The connection that held the tenant broke. Try again.")) from error
    if not is_held:
        raise ClaimLost(_("The tenant is held no longer. Try again."))


@contextmanager
def _kept_alive(touch: Callable[[], None]) -> Iterator[None]:
    stop = threading.Event()

    def keep() -> None:
        while not stop.wait(settings.PLEXICA_LEASE_SECONDS / _RENEWALS_PER_LEASE):
            try:
                touch()
            except ClaimLost:
                logger.warning("claim_lost")
                return

    thread = start_thread(keep, name="claim", is_daemon=True)
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _key(tenant_id: UUID) -> int:
    digest = sha256(b"plexica tenant " + tenant_id.bytes).digest()
    return int.from_bytes(digest[:8], signed=True)
