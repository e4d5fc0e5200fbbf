"""The scope of what runs now: whose data it sees and as which database role.

A scope lives in a context variable, so that it follows a request through `asyncio` and copied
contexts, and two threads never share one. Nothing reaches the database without a scope: see
`plexica.core.postgresql`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TypeVar

from django.conf import settings

PLATFORM_SCHEMA = "platform"
PUBLIC_SCHEMA = "public"

T = TypeVar("T")


class NoScope(RuntimeError):
    """Something asked for data without saying whose: outside a tenant and outside the platform."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose data is seen, and with which rights.

    Attributes:
        schema: The PostgreSQL schema that unqualified names resolve to first.
        role: The PostgreSQL role that statements run as.
        tenant_slug: The tenant's slug, or None for the platform itself.
        search_path: All schemas searched, in order.
        missing: The columns, as table and column, that the models have and the schema does not
            have yet (ADR 11); empty where the schema is of the code's version.
    """

    schema: str
    role: str
    tenant_slug: str | None
    search_path: tuple[str, ...]
    # Not compared: two scopes that differ in nothing else need the same connection.
    missing: frozenset[tuple[str, str]] = field(default=frozenset(), compare=False)


_current: ContextVar[Scope | None] = ContextVar("plexica_scope", default=None)


def current_scope() -> Scope:
    """Return the scope of what runs now.

    Raises:
        NoScope: There is none.
    """
    scope = _current.get()
    if scope is None:
        raise NoScope("No tenant and no platform scope is set here, so there is no data to see.")
    return scope


def current_scope_or_none() -> Scope | None:
    """Return the scope of what runs now, or None; for log lines and keys, never for data."""
    return _current.get()


@contextmanager
def enter_scope(scope: Scope) -> Iterator[Scope]:
    """Run a block in a scope, and go back to the one before whatever happens."""
    token = _current.set(scope)
    try:
        yield scope
    finally:
        _current.reset(token)


def iterate_in(items: Iterator[T], scope: Scope) -> Iterator[T]:
    """Make each item of an iterator in a scope, whatever the scope is of who takes it."""
    while True:
        with enter_scope(scope):
            try:
                item = next(items)
            except StopIteration:
                return
        yield item


def role_name(suffix: str) -> str:
    """Return the name of one of the platform's database roles, such as `plexica_owner`."""
    return f"{settings.PLEXICA_DATABASE_ROLE_PREFIX}_{suffix}"


def platform() -> Scope:
    """Return the scope of the platform: the console's own data and the tables shared by all."""
    return Scope(
        schema=PLATFORM_SCHEMA,
        role=role_name("platform"),
        tenant_slug=None,
        search_path=(PLATFORM_SCHEMA, PUBLIC_SCHEMA),
    )


@contextmanager
def platform_scope() -> Iterator[Scope]:
    """Run a block in the platform's scope."""
    with enter_scope(platform()) as scope:
        yield scope


def schema_owner(schema: str) -> Scope:
    """Return the scope in which one schema is defined: as its owner, seeing nothing else.

    Only the provisioning login may take it; migrations and provisioning use it.
    """
    return Scope(schema=schema, role=role_name("owner"), tenant_slug=None, search_path=(schema,))
