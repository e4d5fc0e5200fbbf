"""The environment that configures Plexica, read in one place; what is missing fails loudly."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import unquote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()

MIN_SECRET_LENGTH = 32


class Environment(StrEnum):
    """What kind of place this process runs in."""

    LOCAL = "local"
    TEST = "test"
    PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class KeycloakServer:
    """One Keycloak that tenants can live in.

    Attributes:
        public_url: The base that browsers use and that issuers begin with.
        internal_url: The base that this process calls.
        admin_client_id: The service account in realm `master`; empty where realms are not made.
        admin_client_secret: Its secret.
    """

    public_url: str
    internal_url: str
    admin_client_id: str = ""
    admin_client_secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class S3Server:
    """One S3 service that buckets can live in."""

    endpoint_url: str
    access_key: str
    secret_key: str = field(repr=False)
    region: str


def read_environment() -> Environment:
    """Return the kind of place; production unless the environment says otherwise."""
    value = env.str("PLEXICA_ENVIRONMENT", default=Environment.PRODUCTION)
    try:
        return Environment(value)
    except ValueError:
        known = ", ".join(Environment)
        raise ImproperlyConfigured(
            f"PLEXICA_ENVIRONMENT is {value!r}; it must be one of: {known}."
        ) from None


def matching(name: str, pattern: str, *, default: str) -> str:
    """Return a variable whose whole value fits a regular expression.

    Raises:
        ImproperlyConfigured: It does not.
    """
    value: str = env.str(name, default=default)
    if not re.fullmatch(pattern, value):
        raise ImproperlyConfigured(f"{name} is {value!r}; it must fit {pattern}.")
    return value


def number_range(name: str, *, default: str) -> range:
    """Return the numbers that a variable names by the first and the last one: `100-199`.

    Raises:
        ImproperlyConfigured: It does not have this form, or the last one is before the first.
    """
    first, last = map(int, matching(name, r"[1-9]\d{0,8}-[1-9]\d{0,8}", default=default).split("-"))
    if last < first:
        raise ImproperlyConfigured(f"{name} must name the lower number first.")
    return range(first, last + 1)


def required(name: str) -> str:
    """Return a variable that has no default.

    Raises:
        ImproperlyConfigured: It is not set, or empty.
    """
    value: str = env.str(name, default="")
    if not value:
        raise ImproperlyConfigured(f"The environment variable {name} is not set.")
    return value


def secret(name: str) -> str:
    """Return a secret that must be long enough not to be guessed.

    Raises:
        ImproperlyConfigured: It is not set, or shorter than 32 characters.
    """
    value = required(name)
    if len(value) < MIN_SECRET_LENGTH:
        raise ImproperlyConfigured(
            f"{name} is {len(value)} characters long; it needs at least {MIN_SECRET_LENGTH}."
        )
    return value


def secrets(name: str) -> list[str]:
    """Return the secrets that a variable holds, separated by commas; none if it is not set.

    Raises:
        ImproperlyConfigured: One of them is shorter than 32 characters.
    """
    found = [each for each in env.str(name, default="").split(",") if each]
    if any(len(each) < MIN_SECRET_LENGTH for each in found):
        raise ImproperlyConfigured(
            f"Each secret of {name} needs at least {MIN_SECRET_LENGTH} characters."
        )
    return found


def database(name: str) -> dict[str, str]:
    """Return Django's connection parameters for a `postgres://` address.

    Raises:
        ImproperlyConfigured: It is not set, or no PostgreSQL address.
    """
    url = urlsplit(required(name))
    if url.scheme not in {"postgres", "postgresql"} or not url.path.strip("/"):
        raise ImproperlyConfigured(
            f"{name} must look like postgres://user:password@host:port/name."
        )
    return {
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": url.hostname or "",
        "PORT": str(url.port or ""),
        "NAME": unquote(url.path.strip("/")),
    }
