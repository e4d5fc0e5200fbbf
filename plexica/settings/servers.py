"""The servers that tenants live on: one of each kind is always there, named `default`; more may be.

`PLEXICA_MORE_KEYCLOAKS=north,south` and `PLEXICA_MORE_S3=north` name the others; of each, variables
with its name in the middle say where it is (`KEYCLOAK_NORTH_URL`, `S3_NORTH_ENDPOINT_URL`).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from plexica.settings.environment import env, required

DEFAULT_SERVER = "default"
# With more realms, a Keycloak's own administration becomes slow.
_REALM_CEILING = 800
# Amazon gives an account so many; versitygw has no bound of its own.
_BUCKET_CEILING = 10_000
_NAME = re.compile(r"[a-z][a-z0-9]{0,29}")
_DEFAULT_PORTS = {"http": 80, "https": 443}

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class KeycloakServer:
    """One Keycloak that tenants can live in.

    Attributes:
        public_url: The base that browsers use and that issuers begin with.
        internal_url: The base that this process calls.
        admin_client_id: The service account in realm `master`; empty where realms are not made.
        admin_client_secret: Its secret.
        ceiling: How many realms it may have; with 0, no tenant is made there any more.
    """

    public_url: str
    internal_url: str
    admin_client_id: str = ""
    admin_client_secret: str = field(default="", repr=False)
    ceiling: int = _REALM_CEILING


@dataclass(frozen=True, slots=True)
class S3Server:
    """One S3 service that buckets can live in.

    Attributes:
        endpoint_url: Where it is.
        access_key: Whose buckets they are.
        secret_key: The key's secret.
        region: What requests are signed for.
        ceiling: How many buckets of tenants it may have; with 0, none is made there any more.
    """

    endpoint_url: str
    access_key: str
    secret_key: str = field(repr=False)
    region: str
    ceiling: int = _BUCKET_CEILING


def read_keycloaks() -> dict[str, KeycloakServer]:
    """Return the Keycloaks by their names, `default` first."""
    default = _keycloak("KEYCLOAK_", "PLEXICA_KEYCLOAK_INTERNAL_URL", "PLEXICA_REALM_CEILING")
    return {DEFAULT_SERVER: default} | _more("PLEXICA_MORE_KEYCLOAKS", "KEYCLOAK_", _keycloak)


def read_s3() -> dict[str, S3Server]:
    """Return the S3 services by their names, `default` first."""
    default = _s3("S3_", "PLEXICA_BUCKET_CEILING")
    return {DEFAULT_SERVER: default} | _more("PLEXICA_MORE_S3", "S3_", _s3)


def _more(variable: str, prefix: str, read: Callable[[str], S]) -> dict[str, S]:
    names = [name for name in env.str(variable, default="").replace(" ", "").split(",") if name]
    for name in names:
        if not _NAME.fullmatch(name) or name == DEFAULT_SERVER:
            raise ImproperlyConfigured(
                f"{variable} names {name!r}; a name has lower-case letters and digits, 30 at most,"
                f" and is not {DEFAULT_SERVER!r}."
            )
    return {name: read(f"{prefix}{name.upper()}_") for name in names}


def _keycloak(prefix: str, internal_url: str = "", ceiling: str = "") -> KeycloakServer:
    public_url = _as_browsers_write(required(f"{prefix}URL"))
    return KeycloakServer(
        public_url=public_url,
        internal_url=env.str(internal_url or f"{prefix}INTERNAL_URL", default=public_url).rstrip(
            "/"
        ),
        admin_client_id=env.str(f"{prefix}ADMIN_CLIENT_ID", default=""),
        admin_client_secret=env.str(f"{prefix}ADMIN_CLIENT_SECRET", default=""),
        ceiling=_ceiling(ceiling or f"{prefix}CEILING", _REALM_CEILING),
    )


def _s3(prefix: str, ceiling: str = "") -> S3Server:
    return S3Server(
        endpoint_url=required(f"{prefix}ENDPOINT_URL"),
        access_key=required(f"{prefix}ACCESS_KEY"),
        secret_key=required(f"{prefix}SECRET_KEY"),
        region=env.str(f"{prefix}REGION", default="us-east-1"),
        ceiling=_ceiling(ceiling or f"{prefix}CEILING", _BUCKET_CEILING),
    )


def _ceiling(name: str, default: int) -> int:
    value: int = env.int(name, default=default)
    if value < 0:
        raise ImproperlyConfigured(f"{name} must not be less than 0.")
    return value


def _as_browsers_write(url: str) -> str:
    """Leave out a port that is the scheme's own, since issuers and origins do."""
    parts = urlsplit(url.rstrip("/"))
    if parts.port is not None and parts.port == _DEFAULT_PORTS.get(parts.scheme):
        parts = parts._replace(netloc=parts.netloc.rpartition(":")[0])
    return parts.geturl()
