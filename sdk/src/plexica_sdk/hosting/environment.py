"""What the host tells a backend at its start, by variables."""

import base64
import binascii
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from plexica_sdk.errors import PluginError

SECRET_BYTES = 32
MAX_PORT = 65535
_LISTEN = re.compile(r"(?P<address>\[[0-9a-f:.]+\]|[A-Za-z0-9.-]+):(?P<port>[0-9]{1,5})", re.ASCII)


class EnvironmentInvalid(PluginError):
    """A variable that the host sets is missing, or not of its form."""


@dataclass(frozen=True, slots=True)
class Backend:
    """This process, as the host knows it.

    Attributes:
        address: What to listen on.
        port: The same.
        host_url: Where the host's API is, without a slash at the end.
        id: Its id: the audience of its contexts.
        secret: The key of its contexts.
        plugin: The slug of the plugin.
        version: The version of the release.
        digest: The digest of the release, part of the addresses of its static files.
        trace_endpoint: Where spans are sent; empty where none are.
    """

    address: str
    port: int
    host_url: str
    id: str
    secret: bytes = field(repr=False)
    plugin: str
    version: str
    digest: str
    trace_endpoint: str = ""

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> "Backend":
        """Return what variables say.

        Args:
            variables: Such as those of the process.

        Raises:
            EnvironmentInvalid: One is missing, or not of its form.
        """
        listen = _LISTEN.fullmatch(_value(variables, "PLEXICA_LISTEN"))
        if not listen or not 0 < int(listen["port"]) <= MAX_PORT:
            raise EnvironmentInvalid("PLEXICA_LISTEN has to be an address and a port.")
        return cls(
            address=listen["address"].strip("[]"),
            port=int(listen["port"]),
            host_url=_value(variables, "PLEXICA_HOST_URL").rstrip("/"),
            id=_value(variables, "PLEXICA_BACKEND"),
            secret=_secret(_secret_text(variables)),
            plugin=_value(variables, "PLEXICA_PLUGIN"),
            version=_value(variables, "PLEXICA_VERSION"),
            digest=_value(variables, "PLEXICA_DIGEST"),
            trace_endpoint=variables.get("PLEXICA_TRACE_ENDPOINT", ""),
        )


@lru_cache(maxsize=1)
def this_backend() -> Backend:
    """Return what the variables of this process say.

    Raises:
        EnvironmentInvalid: One is missing, or not of its form.
    """
    return Backend.read(os.environ)


def _value(variables: Mapping[str, str], name: str) -> str:
    value = variables.get(name, "")
    if not value:
        raise EnvironmentInvalid(f"{name} is not set. The host sets it when it starts a plugin.")
    return value


def _secret_text(variables: Mapping[str, str]) -> str:
    """Return the secret, which an image has by a file instead of a variable."""
    file = variables.get("PLEXICA_SECRET_FILE", "")
    if not file or variables.get("PLEXICA_SECRET"):
        return _value(variables, "PLEXICA_SECRET")
    try:
        return Path(file).read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise EnvironmentInvalid("PLEXICA_SECRET_FILE names no file that can be read.") from error


def _secret(text: str) -> bytes:
    try:
        secret = base64.b64decode(f"{text}=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if len(secret) != SECRET_BYTES:
        raise EnvironmentInvalid(
            f"PLEXICA_SECRET has to be {SECRET_BYTES} bytes in URL-safe Base64 without padding."
        )
    return secret
