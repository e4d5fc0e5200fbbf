"""The host's API, as the contract has it: each call is bounded in time and size."""

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import requests

from plexica_sdk.errors import PluginError
from plexica_sdk.hosting.context import current_or_none
from plexica_sdk.hosting.environment import this_backend

CONNECT_SECONDS = 2
# The gateway waits ten seconds for the whole answer.
READ_SECONDS = 5
# What a file may have, and some more for what is around it.
MAX_BYTES = 11 * 1024 * 1024
_CHUNK = 65_536


class HostError(PluginError):
    """The host did not do what it was asked for; `str()` says why."""


class HostUnreachable(HostError):
    """The host does not answer, or not in time."""


class TokenRefused(HostError):
    """The host token is over, or the installation is not served any more."""


class NotAgreed(HostError):
    """The manifest does not ask for this, or the tenant has not agreed to it."""


class NotThere(HostError):
    """What was asked for is not there."""


@dataclass(frozen=True, slots=True)
class Credential:
    """How an installation reaches its schema."""

    url: str = field(repr=False)
    schema: str
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class Person:
    """One of the tenant's people.

    Attributes:
        id: Their id, by which they get mail.
        name: What they are called.
        email: Their address.
        is_active: Whether they may log in.
    """

    id: str
    name: str
    email: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of the installation.

    Attributes:
        key: Its name.
        size: Its size in bytes.
        modified_at: When it was written.
    """

    key: str
    size: int
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class Installation:
    """What the host says of an installation: what the tenant agreed to, and its settings."""

    id: str
    uses: tuple[str, ...]
    settings: Mapping[str, Any] = field(repr=False)


class HostClient:
    """Asks the host in the name of an installation, whose token each call takes."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._local = threading.local()

    def installation(self, token: str) -> Installation:
        """Return what the host says of the token's installation.

        Raises:
            HostError: The host did not answer with it.
        """
        found = self._json("GET", "/installation", token)
        return Installation(found["id"], tuple(found["uses"]), found["settings"])

    def database(self, token: str) -> Credential:
        """Return the address of the installation's schema.

        Raises:
            HostError: The host did not answer with it.
        """
        found = self._json("POST", "/database", token)
        valid_until = datetime.fromisoformat(found["valid_until"])
        return Credential(found["url"], found["schema"], valid_until)

    def users(self, token: str) -> Iterator[Person]:
        """Yield the tenant's people, page by page.

        Raises:
            HostError: The host did not answer with them.
        """
        for found in self._pages("/users", token, {}):
            yield Person(**{name: found[name] for name in Person.__dataclass_fields__})

    def files(self, token: str, *, prefix: str) -> Iterator[StoredFile]:
        """Yield the installation's files, by key, page by page.

        Raises:
            HostError: The host did not answer with them.
        """
        for found in self._pages("/files", token, {"prefix": prefix}):
            modified_at = datetime.fromisoformat(found["modified_at"])
            yield StoredFile(found["key"], found["size"], modified_at)

    def read_file(self, token: str, key: str) -> bytes:
        """Return the bytes of a file.

        Raises:
            NotThere: There is no such file.
            HostError: The host did not answer with it.
        """
        return self._ask("GET", _file(key), token)

    def write_file(self, token: str, key: str, content: bytes, content_type: str) -> None:
        """Write a file, in the place of the one that is there.

        Raises:
            HostError: The host did not take it.
        """
        self._ask("PUT", _file(key), token, data=content, headers={"Content-Type": content_type})

    def delete_file(self, token: str, key: str) -> None:
        """Delete a file, whether it is there or not.

        Raises:
            HostError: The host did not do it.
        """
        self._ask("DELETE", _file(key), token)

    def publish(self, token: str, event: str, payload: Mapping[str, Any]) -> None:
        """Publish one of the events that the manifest names.

        Raises:
            HostError: The host did not take it.
        """
        self._ask("POST", "/events", token, json={"event": event, "payload": dict(payload)})

    def send_mail(self, token: str, *, to: str, subject: str, text: str) -> None:
        """Send mail to one of the tenant's people.

        Args:
            token: The host token.
            to: Their id.
            subject: The subject.
            text: The mail itself.

        Raises:
            HostError: The host did not take it.
        """
        self._ask("POST", "/mails", token, json={"to": to, "subject": subject, "text": text})

    def _pages(self, path: str, token: str, query: dict[str, str]) -> Iterator[Mapping[str, Any]]:
        after = None
        while True:
            page = self._json("GET", path, token, params={**query, "after": after})
            yield from page["results"]
            if not page["next"] or page["next"] == after:
                return
            after = page["next"]

    def _json(self, method: str, path: str, token: str, **options: Any) -> Any:
        content = self._ask(method, path, token, **options)
        try:
            return json.loads(content)
        except ValueError as error:
            raise HostError(f"The host answered {method} {path} with something else.") from error

    def _ask(self, method: str, path: str, token: str, **options: Any) -> bytes:
        headers = {**options.pop("headers", {}), "Authorization": f"Bearer {token}"}
        if context := current_or_none():
            # For the host's log.
            headers["X-Request-ID"] = context.request_id
        try:
            with self._session().request(
                method,
                f"{self._url}{path}",
                headers=headers,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
                stream=True,
                **options,
            ) as response:
                content = _read(response)
                status, reason = response.status_code, _detail(response, content)
        except requests.RequestException as error:
            raise HostUnreachable(f"The host does not answer {method} {path}.") from error
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return content
        raise _KINDS.get(status, HostError)(f"The host refused {method} {path}: {reason}")

    def _session(self) -> requests.Session:
        # Sessions are not made for several threads at once.
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.trust_env = False
        return session


_KINDS: dict[int, type[HostError]] = {
    HTTPStatus.UNAUTHORIZED: TokenRefused,
    HTTPStatus.FORBIDDEN: NotAgreed,
    HTTPStatus.NOT_FOUND: NotThere,
}


@lru_cache(maxsize=1)
def this_host() -> HostClient:
    """Return the client of the host that has started this process."""
    return HostClient(this_backend().host_url)


def _file(key: str) -> str:
    return f"/files/{quote(key)}"


def _read(response: requests.Response) -> bytes:
    content = bytearray()
    for chunk in response.iter_content(_CHUNK):
        content += chunk
        if len(content) > MAX_BYTES:
            raise HostError(f"The host's answer has more than {MAX_BYTES} bytes.")
    return bytes(content)


def _detail(response: requests.Response, content: bytes) -> str:
    if response.headers.get("Content-Type", "").startswith("application/problem+json"):
        try:
            found = json.loads(content)
        except ValueError:
            found = None
        if isinstance(found, dict) and isinstance(found.get("detail"), str):
            return str(found["detail"])
    return f"it answered {response.status_code}."
