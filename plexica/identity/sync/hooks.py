"""What other apps do when something changes in a realm, and what they keep the sync from."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from plexica.core.actor import Actor
from plexica.identity.keycloak.realm import RealmClient
from plexica.identity.models import User

KEYCLOAK = Actor(kind="system", id="keycloak", name="Keycloak")


@dataclass(frozen=True, slots=True)
class Change:
    """What has to be read again.

    Attributes:
        subjects: The people who are concerned; where `is_all`, whom the realm has now.
        is_all: Whether that is everybody.
        is_of_groups: Whether groups or roles themselves have changed.
    """

    subjects: frozenset[str]
    is_all: bool = False
    is_of_groups: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """What the sync has written of people, in the present transaction.

    Attributes:
        people: The rows of those who were looked at, by subject.
        closed: Those of them who may no longer log in, and could before.
        made: How many rows are new.
        changed: How many others are not as they were.
    """

    people: Mapping[str, User] = field(default_factory=dict)
    closed: tuple[User, ...] = ()
    made: int = 0
    changed: int = 0


Writer = Callable[[Written], int]


class Follower(Protocol):
    """Does what a change in a realm means to another app."""

    def __call__(self, *, realm: RealmClient, issuer: str, change: Change) -> Writer | None:
        """Read what it needs of the realm, outside of any transaction.

        Args:
            realm: Where the change was made, which is the realm of the current scope.
            issuer: What the rows of its people name.
            change: What has to be read again.

        Returns:
            What writes it, in the transaction that writes the people, and returns how much it
            changed; None if there is nothing to write.
        """


class Watcher(Protocol):
    """Looks at how things are before the sync writes anything, and again afterwards."""

    def __call__(self) -> Writer | None:
        """Look, and return what looks again in the transaction of the last change."""


class Hold(Protocol):
    """Says whose rows are ahead of the realm, because a change is on its way there."""

    def __call__(self, people: Collection[UUID]) -> Collection[UUID]:
        """Return those of some people that the sync has to leave alone now; their rows are held."""


_followers: list[Follower] = []
_watchers: list[Watcher] = []
_holds: list[Hold] = []


def register_follower(follower: Follower) -> None:
    """Have something called at each change in a realm; once, when the application starts."""
    if follower not in _followers:
        _followers.append(follower)


def register_watcher(watch: Watcher) -> None:
    """Have something called before each change and after it; once, when the application starts."""
    if watch not in _watchers:
        _watchers.append(watch)


def register_hold(hold: Hold) -> None:
    """Have somebody asked whom to leave alone; once, when the application starts."""
    if hold not in _holds:
        _holds.append(hold)


def ask_followers(*, realm: RealmClient, issuer: str, change: Change) -> list[Writer]:
    """Let all followers read, and return what they want to write."""
    writers = (follow(realm=realm, issuer=issuer, change=change) for follow in _followers)
    return [write for write in writers if write is not None]


def ask_watchers() -> list[Writer]:
    """Let all watchers look, and return what looks again."""
    return [look for look in (watch() for watch in _watchers) if look is not None]


def held_back(people: Collection[UUID]) -> frozenset[UUID]:
    """Return whom the sync has to leave alone now."""
    return frozenset(each for hold in _holds for each in hold(people)) if people else frozenset()
