"""Reading what changes in a realm: its events, its people and its groups, page by page."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from django.utils.translation import gettext_noop

from plexica.core.errors import PermanentError
from plexica.identity.keycloak.errors import KeycloakNotFound, RawAnswerError
from plexica.identity.keycloak.realm import RealmClient

PEOPLE_PAGE = 200
EVENTS_PAGE = 100
USER_PREFIX = "users"
# What people change themselves, or a realm does to them.
_OWN_TYPES = (
    "REGISTER",
    "UPDATE_PROFILE",
    "UPDATE_EMAIL",
    "VERIFY_EMAIL",
    "DELETE_ACCOUNT",
    "USER_DISABLED_BY_PERMANENT_LOCKOUT",
)
# What administrators and programs change.
_ADMIN_TYPES = ("USER", "GROUP", "GROUP_MEMBERSHIP", "REALM_ROLE", "REALM_ROLE_MAPPING")
_OWN_QUERY = urlencode([("type", each) for each in _OWN_TYPES])
_ADMIN_QUERY = urlencode([("resourceTypes", each) for each in _ADMIN_TYPES])
# What Keycloak says of a user, and not of a realm, that is not there.
_NO_SUCH_USER = "User not found"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a realm.

    Attributes:
        id: Its own, unique over both kinds.
        time: When, in Keycloak's milliseconds; it may become visible somewhat later.
        subject: Whom it is about; empty where it is about a group or a role.
    """

    id: str
    time: int
    subject: str


@dataclass(frozen=True, slots=True)
class RealmGroup:
    """A group of a realm.

    Attributes:
        id: Its own, which a new name does not change.
        path: Its name with those of the groups above it, such as `/sales/north`.
    """

    id: str
    path: str


def list_events(realm: RealmClient, *, since: int, at_most: int) -> list[Event]:
    """Return what happened to people, groups and roles, of both kinds of events.

    Args:
        realm: Where.
        since: From which time on, in Keycloak's milliseconds, inclusive.
        at_most: How many of each kind; if there are more, one more than that comes.
    """
    return [
        *_list(realm, f"/events?{_OWN_QUERY}", since, at_most, _own_event),
        *_list(realm, f"/admin-events?{_ADMIN_QUERY}", since, at_most, _admin_event),
    ]


def newest_event_time(realm: RealmClient) -> int:
    """Return the time of the last event, in Keycloak's milliseconds; 0 if there is none."""
    times = [
        event["time"]
        for path in (f"/events?{_OWN_QUERY}", f"/admin-events?{_ADMIN_QUERY}")
        for event in _get(realm, f"{path}&direction=desc&max=1")
    ]
    return max(times, default=0)


def list_people(realm: RealmClient) -> Iterator[list[dict[str, Any]]]:
    """Yield a realm's people, without the accounts of its clients, by page."""
    return _pages(realm, "/users?briefRepresentation=true")


def count_people(realm: RealmClient) -> int:
    """Return how many people a realm has."""
    return int(_get(realm, "/users/count"))


def find_person(realm: RealmClient, subject: str) -> dict[str, Any] | None:
    """Return a user, or None if the realm, which is there, does not know them."""
    try:
        found: dict[str, Any] = _get(realm, f"/users/{quote(subject, safe='')}")
    except KeycloakNotFound as error:
        cause = error.__cause__
        if isinstance(cause, RawAnswerError) and _NO_SUCH_USER in cause.body:
            return None
        raise
    return found


def list_groups_of(realm: RealmClient, subject: str) -> frozenset[str]:
    """Return the ids of the groups that a user is in; none for one who is not there."""
    try:
        return frozenset(
            group["id"]
            for page in _pages(
                realm, f"/users/{quote(subject, safe='')}/groups?briefRepresentation=true"
            )
            for group in page
        )
    except KeycloakNotFound:
        return frozenset()


def list_roles_of(realm: RealmClient, subject: str) -> frozenset[str]:
    """Return the names of all roles of the realm that a user has, in whatever way."""
    try:
        found = _get(
            realm,
            f"/users/{quote(subject, safe='')}/role-mappings/realm/composite"
            "?briefRepresentation=true",
        )
    except KeycloakNotFound:
        return frozenset()
    return frozenset(role["name"] for role in found)


def find_group(realm: RealmClient, *, path: str) -> RealmGroup | None:
    """Return the group at a path, which begins with a slash."""
    return _group(realm, f"/group-by-path/{quote(path.removeprefix('/'))}")


def find_group_by_id(realm: RealmClient, group_id: str) -> RealmGroup | None:
    """Return a group that may have been renamed or moved."""
    return _group(realm, f"/groups/{quote(group_id, safe='')}")


def list_members(realm: RealmClient, group_id: str) -> frozenset[str] | None:
    """Return the subjects of those who are in a group itself; None if the group is gone."""
    path = f"/groups/{quote(group_id, safe='')}/members?briefRepresentation=true"
    try:
        return frozenset(member["id"] for page in _pages(realm, path) for member in page)
    except KeycloakNotFound:
        return None


def _group(realm: RealmClient, path: str) -> RealmGroup | None:
    try:
        found = _get(realm, path)
    except KeycloakNotFound:
        return None
    return RealmGroup(id=found["id"], path=found["path"])


def _list(realm: RealmClient, path: str, since: int, at_most: int, read: Any) -> Iterator[Event]:
    # One more, so that it shows when there are too many.
    left, first = at_most + 1, 0
    while left > 0:
        size = min(EVENTS_PAGE, left)
        page = _get(realm, f"{path}&direction=asc&dateFrom={since}&first={first}&max={size}")
        yield from map(read, page)
        if len(page) < size:
            return
        first, left = first + size, left - size


def _own_event(found: dict[str, Any]) -> Event:
    return Event(id=found["id"], time=found["time"], subject=found.get("userId") or "")


def _admin_event(found: dict[str, Any]) -> Event:
    kind, _, rest = found.get("resourcePath", "").partition("/")
    subject = rest.partition("/")[0] if kind == USER_PREFIX else ""
    return Event(id=found["id"], time=found["time"], subject=subject)


def _pages(realm: RealmClient, path: str) -> Iterator[list[dict[str, Any]]]:
    first = 0
    while True:
        page = _get(realm, f"{path}&first={first}&max={PEOPLE_PAGE}")
        yield page
        if len(page) < PEOPLE_PAGE:
            return
        first += PEOPLE_PAGE


def _get(realm: RealmClient, path: str) -> Any:
    found = realm.call("GET", f"/{realm.realm}{path}").body
    if found is None:
        raise PermanentError(gettext_noop("Keycloak's answer is empty."))
    return found
