"""Bringing a package to a Plexica's registry, by its API."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from urllib.parse import urlsplit

from plexica_sdk.asking import NO_REDIRECTS, detail_of
from plexica_sdk.errors import PluginError
from plexica_sdk.package import Package, write_package

PATH = "/api/plugins/releases"
_SECONDS = 60
_MAX_ANSWER_BYTES = 1024 * 1024


class NotRegistered(PluginError):
    """A Plexica has not taken a package; `str()` says why."""


@dataclass(frozen=True, slots=True)
class Registered:
    """A release as the registry has it.

    Attributes:
        is_new: Whether it was not there before.
        state: Its state, such as `REGISTERED`.
    """

    is_new: bool
    state: str


def register_package(package: Package, *, url: str, token: str) -> Registered:
    """Register a package.

    Args:
        package: The package, signed.
        url: The console's address, such as `https://console.example`.
        token: A token for the platform's API, of somebody who may manage plugins.

    Raises:
        NotRegistered: It is not signed, the address is none, or the registry does not take it.
    """
    if not package.signature:
        raise NotRegistered("The package is not signed: plexica-plugin sign.")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise NotRegistered(f"{url} is not the address of a Plexica.")
    request = urllib.request.Request(  # noqa: S310 # the scheme is checked above
        f"{parts.scheme}://{parts.netloc}{PATH}",
        data=write_package(package),
        headers={
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/octet-stream",
        },
    )
    try:
        with urllib.request.build_opener(NO_REDIRECTS).open(request, timeout=_SECONDS) as answer:
            found = json.loads(answer.read(_MAX_ANSWER_BYTES))
            return Registered(is_new=answer.status == 201, state=str(found["state"]))  # noqa: PLR2004 # Created
    except urllib.error.HTTPError as error:
        raise NotRegistered(f"The registry answered {error.code}: {detail_of(error)}") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotRegistered(f"{parts.netloc} does not answer as a Plexica does: {error}") from error
