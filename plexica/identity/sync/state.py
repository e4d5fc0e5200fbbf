"""How far the current scope is in step with its realm, and whose turn it is to change that."""

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog
from django.db import DatabaseError, OperationalError, connection, transaction
from django.utils import timezone

from plexica.core.jobs import send_after_commit
from plexica.core.scope import current_scope
from plexica.identity.keycloak.following import Event
from plexica.identity.models import RealmSync, User

RESYNC_TASK = "identity.resync_realm"
RESYNC_EXPIRES_SECONDS = 30
# An event is visible when its transaction has ended, and Keycloak's servers have clocks of their
# own: what is this much older than the last one that is known may still come.
OVERLAP_MS = 60_000
# How far its clock may be behind ours: a realm where nothing happens is believed to be known up to
# this long ago, so that its last events are not read for ever.
SETTLED_MS = 5 * OVERLAP_MS
# Everything is read anew after this, for what no event tells: a user federation, a restored backup.
ALL_READ_EVERY = timedelta(days=1)
# Events are kept for 30 days; well before that, what they would tell is no longer relied on.
EVENTS_TRUSTED_FOR = timedelta(days=20)
TOUCH_EVERY = timedelta(hours=1)
MAX_ERROR = 255
# Any number that nothing else takes as the first half of an advisory lock.
_LOCK = 0x73796E63

logger = structlog.get_logger(__name__)


class SyncBusy(Exception):
    """Another process or thread is bringing this realm's people in step."""


def is_behind() -> bool:
    """Return whether the scope's schema has not got yet what the sync writes (ADR 11)."""
    ours = {RealmSync._meta.db_table, User._meta.db_table}  # noqa: SLF001 (Django's documented Options)
    return any(table in ours for table, _column in current_scope().missing)


def get_state() -> RealmSync | None:
    """Return how far the current scope is; None if it has never begun."""
    return RealmSync.objects.filter(pk=1).first()


def is_all_due(state: RealmSync | None) -> bool:
    """Return whether everything has to be read, events or none."""
    now = timezone.now()
    return (
        state is None
        or state.demand is not None
        or state.all_read_at is None
        or state.all_read_at < now - ALL_READ_EVERY
        or has_missed_events(state)
    )


def has_missed_events(state: RealmSync | None) -> bool:
    """Return whether the events alone no longer tell all that has happened."""
    return (
        state is None
        or state.all_read_at is None
        or state.polled_at is None
        or state.polled_at < timezone.now() - EVENTS_TRUSTED_FOR
    )


def unseen(events: Iterable[Event], state: RealmSync) -> list[Event]:
    """Return the events that are not known yet, each once."""
    known = {name for name, _time in state.seen}
    return list({event.id: event for event in events if event.id not in known}.values())


def since(state: RealmSync) -> int:
    """Return from which time on events are asked for."""
    return max(0, state.cursor - OVERLAP_MS)


def advance(events: Iterable[Event], *, cursor: int) -> None:
    """Note that all events up to some have been dealt with, in the present transaction.

    Args:
        events: All that were read, known ones included.
        cursor: How far was known before.
    """
    read = list(events)
    # A clock that has run ahead must not keep events from being read when it is set right.
    newest = min(max([cursor, *(event.time for event in read)]), now_ms())
    _write(
        cursor=newest,
        seen=[[event.id, event.time] for event in read if event.time >= newest - OVERLAP_MS],
        polled_at=timezone.now(),
        failing_since=None,
        error="",
    )


def touch(state: RealmSync, events: Iterable[Event]) -> None:
    """Note, now and then, that nothing was new, and leave old events behind."""
    now = timezone.now()
    # What was read again and again is left behind once nothing late can come any more.
    settled = now_ms() - SETTLED_MS
    if list(events) and state.cursor < settled - OVERLAP_MS:
        _write(cursor=settled, seen=[], polled_at=now, failing_since=None, error="")
    elif state.failing_since is not None or (state.polled_at or now) < now - TOUCH_EVERY:
        _write(polled_at=now, failing_since=None, error="")


def note_all_read(before: RealmSync | None) -> None:
    """Note that everything has been read, in the present transaction.

    Args:
        before: What was known when that began; what was demanded since then stays.
    """
    _write(all_read_at=timezone.now())
    if before is not None:
        RealmSync.objects.filter(pk=1, demand=before.demand).update(demand=None)


def demand_all() -> None:
    """Have everything of the current scope's realm read again, soon."""
    with transaction.atomic():
        _write(demand=uuid.uuid4())
        send_resync()


def send_resync() -> None:
    """Ask a worker to read everything, once the present transaction is committed."""
    send_after_commit(RESYNC_TASK, expires_seconds=RESYNC_EXPIRES_SECONDS)


def note_failure(reason: str) -> bool:
    """Note that the realm cannot be read.

    Returns:
        Whether it could be before.
    """
    RealmSync.objects.get_or_create(pk=1)
    return bool(
        RealmSync.objects.filter(pk=1, failing_since=None).update(
            failing_since=timezone.now(), error=reason[:MAX_ERROR]
        )
    )


def now_ms() -> int:
    """Return the present time as Keycloak counts it."""
    return int(timezone.now().timestamp() * 1000)


@contextmanager
def turn(*, is_waiting: bool = False) -> Iterator[None]:
    """Be the only one who brings the current scope in step while a block runs.

    People are read from the realm and written then, so that what was read first is not written
    last. The end of the connection ends it, too.

    Args:
        is_waiting: Whether to wait for another's end, for the connection's `lock_timeout`.

    Raises:
        SyncBusy: It is somebody else's turn.
    """
    keys: tuple[int, str] = (_LOCK, current_scope().schema)
    function = "pg_advisory_lock" if is_waiting else "pg_try_advisory_lock"
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {function}(%s, hashtext(%s))", keys)
            is_mine = is_waiting or cursor.fetchone()[0]
    except OperationalError as error:
        raise SyncBusy from error
    if not is_mine:
        raise SyncBusy
    try:
        yield
    finally:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", keys)
        except DatabaseError:
            # With the connection, the lock goes.
            logger.warning("sync_lock_lost", exc_info=True)
            connection.close()


def _write(**values: object) -> None:
    RealmSync.objects.update_or_create(pk=1, defaults=values)
