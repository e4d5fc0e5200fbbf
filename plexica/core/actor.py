"""Who acts: a person, a program, or the platform itself."""

import getpass
import socket
from dataclasses import dataclass
from typing import Literal

ActorKind = Literal["user", "service_account", "system", "support"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, as services and the audit see them.

    Attributes:
        kind: What they are.
        id: Stable and unique within the kind: a user's id, a program's client id.
        name: What people call them.
        roles: The keys of the roles they hold, where the caller's token says so.
    """

    kind: ActorKind
    id: str
    name: str
    roles: frozenset[str] = frozenset()


SYSTEM = Actor(kind="system", id="system", name="Plexica")


def operator() -> Actor:
    """Return who runs a command on this machine, as the audit names them."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "unknown"
    return Actor(kind="system", id=f"os:{user}@{socket.gethostname()}", name=f"{user} (commands)")
