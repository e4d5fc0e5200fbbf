"""One HTTP call to a Keycloak: bounded in time and size, with errors that say what to do next."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any, ClassVar
from urllib.parse import urlsplit

import requests
from django.utils.translation import gettext_noop
from requests.adapters import HTTPAdapter

from plexica.core.context import outgoing_headers
from plexica.core.errors import PermanentError, TransientError
from plexica.core.fence import check_fence
from plexica.identity.keycloak.errors import (
    KeycloakConflict,
    KeycloakForbidden,
    KeycloakNotFound,
    KeycloakUnauthorized,
    RawAnswerError,
)

CONNECT_SECONDS = 3.0
READ_SECONDS = 20.0
MAX_BODY_BYTES = 4 * 1024 * 1024
CHUNK_BYTES = 64 * 1024
CAUSE_CHARACTERS = 300
TOO_MANY_REQUESTS = 429
SERVER_ERROR = 500
BAD_REQUEST = 400
REDIRECT = 300

_REFUSALS: dict[int, tuple[type[PermanentError], str]] = {
    401: (KeycloakUnauthorized, "Keycloak does not accept Plexica's account."),
    403: (KeycloakForbidden, "Plexica's account lacks a right in Keycloak."),
    404: (KeycloakNotFound, "Keycloak has no such thing."),
    409: (KeycloakConflict, "Keycloak has such a thing already."),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What Keycloak answered to a call that worked.

    Attributes:
        status: The HTTP status code, below 300.
        body: The parsed JSON, or None for an empty body.
        location: The address of what was made, or an empty string.
    """

    status: int
    body: Any
    location: str

    @property
    def created_id(self) -> str:
        """The id of what was made, which is the end of its address."""
        return self.location.rstrip("/").rsplit("/", 1)[-1]


class BearerToken(requests.auth.AuthBase):
    """Sends an access token; as an `auth` it also keeps a `.netrc` from replacing it."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Return the request with its `Authorization` header."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Transport:
    """Calls one Keycloak. Threads share it: each has its own connections."""

    _local: ClassVar[threading.local] = threading.local()

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url

    def call(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        form: Mapping[str, str] | None = None,
        read_seconds: float = READ_SECONDS,
    ) -> Answer:
        """Send a request and return a good answer.

        Args:
            method: The HTTP method.
            path: From the base address on, beginning with a slash.
            token: The access token to send.
            params: The query.
            body: What to send as JSON.
            form: What to send as a form, instead of JSON.
            read_seconds: How long to wait for the next bytes, in seconds.

        Raises:
            TransientError: No connection, no answer in time, 429, or a status of 500 and above.
            PermanentError: Any other status of 300 and above, or an answer that is no JSON or too
                big; a subclass where the status tells more.
            Exception: What the fence raises: whoever calls has lost the right to.
        """
        check_fence()
        try:
            with self._session().request(
                method,
                f"{self._base_url}{path}",
                params=params,
                json=body,
                data=form,
                headers=outgoing_headers(),
                auth=BearerToken(token) if token else None,
                timeout=(CONNECT_SECONDS, read_seconds),
                allow_redirects=False,
                stream=True,
            ) as response:
                content = _read(response)
        except requests.RequestException as error:
            raise TransientError(gettext_noop("Keycloak does not answer.")) from error
        if response.status_code >= REDIRECT:
            _refuse(method, path, response.status_code, content)
        return Answer(
            status=response.status_code,
            body=_parse(content),
            location=response.headers.get("Location", ""),
        )

    def _session(self) -> requests.Session:
        sessions: dict[str, requests.Session] = self._local.__dict__.setdefault("sessions", {})
        # One a server and not one a realm, of which a server may have hundreds.
        server = urlsplit(self._base_url).netloc
        if server not in sessions:
            session = requests.Session()
            # The back channel is inside the platform: no proxy and no .netrc stands between.
            session.trust_env = False
            session.headers["Accept"] = "application/json"
            adapter = HTTPAdapter(max_retries=0)
            session.mount("http://", adapter)
            session.mount("https://", adapter)
            # What one realm sets is nothing to another.
            session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
            sessions[server] = session
        return sessions[server]


def _read(response: requests.Response) -> bytes:
    content = bytearray()
    for chunk in response.iter_content(CHUNK_BYTES):
        content += chunk
        if len(content) > MAX_BODY_BYTES:
            raise PermanentError(gettext_noop("Keycloak's answer is too big."))
    return bytes(content)


def _parse(content: bytes) -> Any:
    if not content:
        return None
    try:
        return json.loads(content)
    except ValueError as error:
        raise PermanentError(gettext_noop("Keycloak's answer is not understood.")) from error


def _refuse(method: str, path: str, status: int, content: bytes) -> None:
    cause = RawAnswerError(
        method=method,
        path=path,
        status=status,
        body=content.decode(errors="replace")[:CAUSE_CHARACTERS],
    )
    if status >= SERVER_ERROR or status == TOO_MANY_REQUESTS:
        raise TransientError(f"Keycloak cannot do this now (HTTP {status}).") from cause
    kind, message = _REFUSALS.get(
        status, (PermanentError, f"Keycloak refused the request (HTTP {status}).")
    )
    raise kind(message) from cause
