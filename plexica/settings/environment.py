"""The environment that configures Plexica, read in one place; what is missing fails loudly."""

import re
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from urllib.parse import unquote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from environ.fileaware_mapping import FileAwareMapping


class _Variables(FileAwareMapping):  # type: ignore[misc] # it publishes no types
    """The environment, in which `NAME_FILE` says which file holds the value of `NAME`."""

    def __getitem__(self, key: str) -> str:
        """Return a value, without the end of the line that editors put at the end of a file.

        Raises:
            ImproperlyConfigured: The file cannot be read.
        """
        try:
            value: str = super().__getitem__(key)
        except (OSError, UnicodeDecodeError) as error:
            raise ImproperlyConfigured(f"The file that {key}_FILE names cannot be read.") from error
        return value.rstrip("\r\n") if f"{key}_FILE" in self.env else value


class _Env(environ.FileAwareEnv):  # type: ignore[misc] # the same
    ENVIRON = _Variables()


env = _Env()

MIN_SECRET_LENGTH = 32


class Environment(StrEnum):
    """What kind of place this process runs in."""

    LOCAL = "local"
    TEST = "test"
    PRODUCTION = "production"


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


def networks(name: str) -> list[IPv4Network | IPv6Network]:
    """Return the networks that a variable names, as in `10.0.0.0/24,fd00::/64`.

    Raises:
        ImproperlyConfigured: One of them is none.
    """
    try:
        return [ip_network(part.strip()) for part in env.str(name, default="").split(",") if part]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must name networks such as 10.0.0.0/24.") from error


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
