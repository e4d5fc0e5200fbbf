"""What things are called that the audit tells of; the apps that own them register how to look."""

from collections.abc import Callable, Collection, Iterable, Mapping
from uuid import UUID

from plexica.audit.models import AuditEntry

Namer = Callable[[Collection[str]], Mapping[str, str]]

_namers: dict[str, Namer] = {}


def register_namer(kind: str, namer: Namer) -> None:
    """Say how things of a kind are named, in one query at most.

    Args:
        kind: What stands before the colon of a target, such as `user`.
        namer: Takes ids, and returns what people call those that are there.
    """
    _namers[kind] = namer


def only_ids(texts: Iterable[str]) -> list[UUID]:
    """Return those of some texts that are ids of rows."""
    found = []
    for text in texts:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


def split_target(target: str) -> tuple[str, str]:
    """Return the kind and the id of a target such as `tenant:acme`."""
    kind, _colon, identity = target.partition(":")
    return kind, identity


def names_of_targets(entries: Iterable[AuditEntry]) -> dict[str, str]:
    """Return what the targets of some entries are called today, by target.

    What is gone, or of a kind that nobody names, is left out. It is one query a kind.
    """
    wanted: dict[str, set[str]] = {}
    for entry in entries:
        kind, identity = split_target(entry.target)
        if kind in _namers:
            wanted.setdefault(kind, set()).add(identity)
    return {
        f"{kind}:{identity}": name
        for kind, ids in wanted.items()
        for identity, name in _namers[kind](ids).items()
    }
