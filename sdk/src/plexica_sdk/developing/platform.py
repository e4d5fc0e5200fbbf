"""What a Plexica of this machine is asked for while a plugin is developed."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

from plexica_sdk.asking import NO_REDIRECTS, detail_of
from plexica_sdk.building import read_file
from plexica_sdk.errors import PluginError

PATH = "/api/plugins/development"
_SECONDS = 30
_MAX_ANSWER_BYTES = 1024 * 1024
_MAX_CREDENTIALS_BYTES = 64 * 1024
# A token is asked for anew when it has less than this left.
_MARGIN_SECONDS = 20


class PlatformRefused(PluginError):
    """The platform does not do what it was asked for; `str()` says why."""


class PlatformAway(PluginError):
    """The platform does not answer now."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """How an operator's programs reach the platform, as `make up` writes it down.

    Attributes:
        console_url: The console's address.
        token_url: Where tokens are had.
        client_id: The program's id.
        client_secret: Its secret.
    """

    console_url: str
    token_url: str
    client_id: str
    client_secret: str = field(repr=False)

    @classmethod
    def read(cls, path: Path) -> "Credentials":
        """Return what a file says.

        Raises:
            PluginError: It is not there, or of another form.
        """
        try:
            found = json.loads(read_file(path, _MAX_CREDENTIALS_BYTES))
            names = ("console_url", "token_url", "api_client_id", "api_client_secret")
            return cls(*(str(found[name]) for name in names))
        except (ValueError, KeyError, TypeError) as error:
            raise PluginError(
                f"{path} is not what `make up` writes down of a platform ({error})."
            ) from error


@dataclass(frozen=True, slots=True)
class Development:
    """A release that is being developed.

    Attributes:
        slug: The plugin's.
        version: The release's.
        variables: What its process has to be told.
    """

    slug: str
    version: str
    variables: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Status:
    """How far an installation is.

    Attributes:
        state: Such as `ENABLED`.
        version: The release that is served.
        is_under_way: Whether something is being done to it.
        error: What went wrong at last, in words.
        url: Where the plugin is in the browser.
    """

    state: str
    version: str
    is_under_way: bool
    error: str
    url: str


class Platform:
    """Asks the platform in an operator's name."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._token, self._expires = "", 0.0

    def begin(self, content: bytes, *, port: int) -> Development:
        """Have a package taken as a release whose process listens on a port.

        Raises:
            PlatformRefused: It is not taken.
            PlatformAway: The platform does not answer.
        """
        _status, found = self._ask("POST", f"?port={port}", content, "application/octet-stream")
        return Development(found["plugin"], found["version"], found["variables"])

    def install(self, what: Development, tenant: str, settings: Mapping[str, Any]) -> None:
        """Begin to install it, or to upgrade to it.

        Raises:
            PlatformRefused: It cannot be installed.
            PlatformAway: The platform does not answer.
        """
        body = json.dumps({"tenant": tenant, "settings": dict(settings)}).encode()
        self._ask("POST", f"/{what.slug}/{what.version}/installation", body)

    def keep(self, what: Development, tenant: str) -> Status | None:
        """Say that its process is still there, and return how its installation is.

        Raises:
            PlatformRefused: It is not being developed any more.
            PlatformAway: The platform does not answer.
        """
        body = json.dumps({"tenant": tenant}).encode()
        _status, found = self._ask("POST", f"/{what.slug}/{what.version}", body)
        return Status(**found) if found else None

    def end(self, slug: str) -> bool:
        """Take back all that was developed of a plugin; returns whether nothing is left.

        Raises:
            PlatformRefused: It cannot be taken back.
            PlatformAway: The platform does not answer.
        """
        status, _found = self._ask("DELETE", f"/{slug}")
        return status == HTTPStatus.NO_CONTENT

    def _ask(
        self, method: str, path: str, body: bytes | None = None, kind: str = "application/json"
    ) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self._bearer()}", "Content-Type": kind}
        url = f"{self._credentials.console_url.rstrip('/')}{PATH}{path}"
        return _send(urllib.request.Request(url, body, headers, method=method))  # noqa: S310 # an operator's own file names it

    def _bearer(self) -> str:
        if time.monotonic() > self._expires:
            given = self._credentials
            body = urllib.parse.urlencode(
                {
                    "grant_type": "client_credentials",
                    "client_id": given.client_id,
                    "client_secret": given.client_secret,
                }
            ).encode()
            _status, found = _send(urllib.request.Request(given.token_url, body))  # noqa: S310 # the same
            self._token = str(found["access_token"])
            self._expires = time.monotonic() + float(found["expires_in"]) - _MARGIN_SECONDS
        return self._token


def _send(request: urllib.request.Request) -> tuple[int, Any]:
    place = f"{request.type}://{request.host}"
    try:
        with urllib.request.build_opener(NO_REDIRECTS).open(request, timeout=_SECONDS) as answer:
            content = answer.read(_MAX_ANSWER_BYTES)
            return answer.status, json.loads(content) if content else None
    except urllib.error.HTTPError as error:
        words = f"{place} answered {error.code}: {detail_of(error)}"
        if error.code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise PlatformAway(words) from error
        raise PlatformRefused(words) from error
    except (OSError, ValueError) as error:
        raise PlatformAway(f"{place} does not answer: {error}") from error
