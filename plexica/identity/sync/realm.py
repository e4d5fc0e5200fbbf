"""Bringing the rows of one scope in step with its realm: by what has happened there, or wholly."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db import transaction

from plexica.identity.keycloak.following import (
    Event,
    count_people,
    find_person,
    list_events,
    list_people,
    newest_event_time,
)
from plexica.identity.keycloak.realm import RealmClient
from plexica.identity.models import User, UserKind
from plexica.identity.sync.hooks import Change, Written, ask_followers, ask_watchers
from plexica.identity.sync.people import differing, read_versions, write_people
from plexica.identity.sync.state import (
    OVERLAP_MS,
    SETTLED_MS,
    SyncBusy,
    advance,
    demand_all,
    get_state,
    has_missed_events,
    is_all_due,
    is_behind,
    note_all_read,
    now_ms,
    since,
    touch,
    turn,
    unseen,
)

# With more people at once than this, reading everybody is quicker than one by one.
MAX_SUBJECTS = 200
# So many are read at most, of a minute and what has come since.
MAX_EVENTS = 20_000

OnPage = Callable[[int, int], None]


class Outcome(StrEnum):
    """How a look at one realm ended."""

    IDLE = "idle"
    FOLLOWED = "followed"
    READ_WHOLLY = "read wholly"
    # Events do not tell all that has happened, or too many of them do.
    ALL_DUE = "to be read wholly"
    BUSY = "busy"
    BEHIND = "being upgraded"


@dataclass(frozen=True, slots=True)
class Source:
    """The realm of the current scope.

    Attributes:
        realm: Its client.
        issuer: What the rows of its people name.
    """

    realm: RealmClient
    issuer: str


@dataclass(slots=True)
class Result:
    """What came of a look at one realm.

    Attributes:
        outcome: How it ended.
        people: How many people were looked at.
        made: How many rows are new.
        changed: How many rows were changed, or would be.
        followed: How much other apps changed.
        is_all_due: Whether everything should be read soon, whatever was done.
    """

    outcome: Outcome
    people: int = 0
    made: int = 0
    changed: int = 0
    followed: int = 0
    is_all_due: bool = False

    def add(self, written: Written) -> None:
        """Count what was written of some people."""
        self.made += written.made
        self.changed += written.changed


def follow_realm(source: Source) -> Result:
    """Apply what has happened in the current scope's realm since the last time.

    Whom an event is about is read from the realm as they are now, so that it does not matter in
    which order events come, or how often. Nothing is written where nothing has happened.

    Raises:
        TransientError: Keycloak does not answer.
        PermanentError: It refuses.
    """
    if is_behind():
        return Result(Outcome.BEHIND)
    state = get_state()
    if state is None or has_missed_events(state):
        return Result(Outcome.ALL_DUE, is_all_due=True)
    events = list_events(source.realm, since=since(state), at_most=MAX_EVENTS)
    if not unseen(events, state):
        touch(state, events)
        return Result(Outcome.IDLE, is_all_due=is_all_due(state))
    try:
        with turn():
            return _apply(source, events)
    except SyncBusy:
        return Result(Outcome.BUSY)


def read_realm(
    source: Source,
    *,
    is_dry: bool = False,
    is_forced: bool = True,
    on_page: OnPage | None = None,
) -> Result:
    """Bring everybody of the current scope in step with its realm.

    Args:
        source: The realm.
        is_dry: Whether to count only what would be changed of people.
        is_forced: Whether to do it even if it was done a moment ago.
        on_page: Called after each page with the number of people so far, and of all.

    Raises:
        TransientError: Keycloak does not answer.
        PermanentError: It refuses.
    """
    if is_behind():
        return Result(Outcome.BEHIND)
    if is_dry:
        return _rehearse(source, on_page)
    try:
        with turn(is_waiting=True):
            if not is_forced and not is_all_due(get_state()):
                return Result(Outcome.IDLE)
            return _read_all(source, on_page)
    except SyncBusy:
        return Result(Outcome.BUSY)


def _apply(source: Source, events: list[Event]) -> Result:
    realm, issuer = source.realm, source.issuer
    # Whoever had the turn before may have dealt with them.
    state = get_state()
    fresh = unseen(events, state) if state is not None else []
    if state is None or not fresh:
        return Result(Outcome.IDLE)
    subjects = frozenset(event.subject for event in fresh if event.subject)
    if len(events) > MAX_EVENTS or len(subjects) > MAX_SUBJECTS:
        demand_all()
        return Result(Outcome.ALL_DUE, is_all_due=True)
    looks, versions = ask_watchers(), read_versions(issuer=issuer)
    found = {subject: find_person(realm, subject) for subject in sorted(subjects)}
    change = Change(subjects=subjects, is_of_groups=any(not event.subject for event in fresh))
    writers = ask_followers(realm=realm, issuer=issuer, change=change)
    result = Result(Outcome.FOLLOWED, people=len(found), is_all_due=is_all_due(state))
    with transaction.atomic():
        written = write_people(issuer=issuer, found=found, versions=versions)
        result.add(written)
        result.followed = sum(write(written) for write in [*writers, *looks])
        advance(events, cursor=state.cursor)
    return result


def _read_all(source: Source, on_page: OnPage | None) -> Result:
    realm, issuer = source.realm, source.issuer
    state, looks, versions = get_state(), ask_watchers(), read_versions(issuer=issuer)
    # The events come first: what happens while people are read is followed afterwards.
    cursor = newest_event_time(realm) or now_ms() - SETTLED_MS
    events = list_events(realm, since=max(0, cursor - OVERLAP_MS), at_most=MAX_EVENTS)
    result = Result(Outcome.READ_WHOLLY)
    subjects: set[str] = set()
    closed: list[User] = []

    def write(found: dict[str, dict[str, Any] | None]) -> None:
        with transaction.atomic():
            written = write_people(issuer=issuer, found=found, versions=versions)
        result.add(written)
        closed.extend(written.closed)

    total = count_people(realm)
    for page in list_people(realm):
        said = {person["id"]: person for person in page}
        wanted = differing(issuer=issuer, found=said)
        if wanted:
            write({subject: said[subject] for subject in wanted})
        subjects |= said.keys()
        result.people = len(subjects)
        if on_page is not None:
            on_page(result.people, total)
    # Who was in no page is asked for, as a page shifts when somebody before it comes or goes.
    absent = {subject: find_person(realm, subject) for subject in _known(issuer) - subjects}
    for some in _portions(absent):
        write(some)
    subjects |= {subject for subject, said in absent.items() if said is not None}
    change = Change(subjects=frozenset(subjects), is_all=True, is_of_groups=True)
    writers = ask_followers(realm=realm, issuer=issuer, change=change)
    with transaction.atomic():
        written = Written(closed=tuple(closed))
        result.followed = sum(follow(written) for follow in [*writers, *looks])
        advance(events, cursor=cursor)
        note_all_read(state)
    return result


def _rehearse(source: Source, on_page: OnPage | None) -> Result:
    realm, issuer = source.realm, source.issuer
    result = Result(Outcome.READ_WHOLLY)
    subjects: set[str] = set()
    total = count_people(realm)
    known = _known(issuer)
    for page in list_people(realm):
        said = {person["id"]: person for person in page}
        wanted = differing(issuer=issuer, found=said)
        result.made += len(wanted - known)
        result.changed += len(wanted & known)
        subjects |= said.keys()
        result.people = len(subjects)
        if on_page is not None:
            on_page(result.people, total)
    result.changed += sum(find_person(realm, subject) is None for subject in known - subjects)
    return result


def _known(issuer: str) -> set[str]:
    return set(
        User.objects.filter(issuer=issuer, kind=UserKind.PERSON, removed_at=None).values_list(
            "subject", flat=True
        )
    )


def _portions(
    found: dict[str, dict[str, Any] | None],
) -> Iterable[dict[str, dict[str, Any] | None]]:
    subjects = sorted(found)
    for first in range(0, len(subjects), MAX_SUBJECTS):
        yield {subject: found[subject] for subject in subjects[first : first + MAX_SUBJECTS]}
