"""What a realm tells a person of themselves, asked with their own access token.

So nobody needs power over a realm for it, and nobody learns of anybody else. The realm may not let
its people ask; that is told as an error like any other.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from plexica.core.errors import PermanentError
from plexica.identity.keycloak.transport import Transport
from plexica.identity.providers import Provider

READ_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class RealmSession:
    """A session of somebody at their realm.

    Attributes:
        id: What the realm calls it (`sid`).
        browser: As the realm understood it.
        system: The same.
        address: Where it was begun from.
        started_at: When.
        seen_at: When the realm heard of it last.
        apps: The names of the applications that it logs them in to, by their client's name.
    """

    id: str
    browser: str
    system: str
    address: str
    started_at: datetime
    seen_at: datetime
    apps: dict[str, str]


@dataclass(frozen=True, slots=True)
class Factor:
    """Something that somebody proves with who they are.

    Attributes:
        id: What the realm calls it.
        label: What they called it themselves; may be empty.
        created_at: Since when.
    """

    id: str
    label: str
    created_at: datetime | None


@dataclass(frozen=True, slots=True)
class FactorKind:
    """A kind of factors.

    Attributes:
        kind: The realm's name for it, such as `password` or `otp`.
        create: The action that sets one up; empty if there may be no more.
        update: The action that replaces the only one; empty if there is none.
        is_removable: Whether they may remove one.
        factors: Those that there are.
    """

    kind: str
    create: str
    update: str
    is_removable: bool
    factors: tuple[Factor, ...]


class Account:
    """Somebody's account at their realm.

    Every method raises:
        TransientError: Keycloak does not answer.
        PermanentError: It refuses, or says something else than it should.
    """

    def __init__(self, provider: Provider, access_token: str) -> None:
        self._transport = Transport(f"{provider.internal_url}/account")
        self._token = access_token

    def list_sessions(self) -> list[RealmSession]:
        """Return their sessions, whatever application began them."""
        devices = self._get("/sessions/devices")
        try:
            return [
                _session(device, session) for device in devices for session in device["sessions"]
            ]
        except (KeyError, TypeError, ValueError) as error:
            raise PermanentError("The login service's answer is not understood.") from error

    def list_factors(self) -> list[FactorKind]:
        """Return what they prove with who they are, and may."""
        kinds = self._get("/credentials")
        try:
            return [_kind(kind) for kind in kinds]
        except (KeyError, TypeError, ValueError) as error:
            raise PermanentError("The login service's answer is not understood.") from error

    def _get(self, path: str) -> list[dict[str, Any]]:
        if not self._token:
            raise PermanentError("The login service cannot be asked in this session.")
        found = self._transport.call("GET", path, token=self._token, read_seconds=READ_SECONDS)
        if not isinstance(found.body, list):
            raise PermanentError("The login service's answer is not understood.")
        return found.body


def _session(device: dict[str, Any], session: dict[str, Any]) -> RealmSession:
    return RealmSession(
        id=str(session["id"]),
        browser=_known(session.get("browser", "")).partition("/")[0],
        system=_known(device.get("os", "")),
        address=str(session.get("ipAddress", "")),
        started_at=_seconds(session["started"]),
        seen_at=_seconds(session["lastAccess"]),
        apps={str(client["clientId"]): _name_of(client) for client in session.get("clients", [])},
    )


def _name_of(client: dict[str, Any]) -> str:
    # A name that begins with a dollar is a word of Keycloak's own pages.
    name = str(client.get("clientName") or "")
    return str(client["clientId"]) if not name or name.startswith("$") else name


def _kind(found: dict[str, Any]) -> FactorKind:
    return FactorKind(
        kind=str(found["type"]),
        create=str(found.get("createAction") or ""),
        update=str(found.get("updateAction") or ""),
        is_removable=bool(found.get("removeable")),
        factors=tuple(
            _factor(each["credential"]) for each in found.get("userCredentialMetadatas", [])
        ),
    )


def _factor(found: dict[str, Any]) -> Factor:
    created = found.get("createdDate")
    return Factor(
        id=str(found["id"]),
        label=str(found.get("userLabel") or ""),
        created_at=_seconds(created / 1000) if created else None,
    )


def _known(said: object) -> str:
    # Keycloak's word for what it does not know.
    return "" if str(said).startswith(("Unknown", "Other")) else str(said)


def _seconds(at: float) -> datetime:
    return datetime.fromtimestamp(at, tz=UTC)
