"""The permissions that exist.

Apps register theirs at start; then no more are taken. What plugins bring differs from tenant to
tenant: sources tell of it, each time, for the tenant of the current scope.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from django.apps import apps

from plexica.core.scope import current_scope_or_none
from plexica.rbac.keys import MAX_LENGTH, is_key


class Audience(StrEnum):
    """Whose roles a permission is for."""

    PLATFORM = "platform"
    TENANT = "tenant"


class RegistryClosed(RuntimeError):
    """A permission came after the start."""


@dataclass(frozen=True, slots=True)
class PermissionDefinition:
    """A permission, in words for people.

    Attributes:
        key: What views and grants name it by: `namespace:resource:action`.
        label: What it lets one do, in a few words, such as "Create tenants".
        description: The same in a sentence or two, with its consequences.
        audience: Whether the platform's staff may hold it, or the people of a tenant.
    """

    key: str
    label: str
    description: str
    audience: Audience = Audience.TENANT


class PermissionRegistry:
    """A set of permissions that is filled once and then closed."""

    def __init__(self) -> None:
        self._definitions: dict[str, PermissionDefinition] = {}
        self._is_closed = False

    def register(self, definition: PermissionDefinition) -> None:
        """Add a permission; the same one again changes nothing.

        Raises:
            RegistryClosed: The start is over.
            ValueError: The key is malformed or taken, or words are missing.
        """
        if self._is_closed:
            raise RegistryClosed(f"{definition.key} comes too late: register it at start.")
        if not is_key(definition.key) or len(definition.key) > MAX_LENGTH:
            raise ValueError(f"{definition.key!r} is no key: write namespace:resource:action.")
        if not definition.label.strip() or not definition.description.strip():
            raise ValueError(f"{definition.key} needs a label and a description.")
        if self._definitions.setdefault(definition.key, definition) != definition:
            raise ValueError(f"{definition.key} is registered already, with other words.")

    def close(self) -> None:
        """Take no more."""
        self._is_closed = True

    def get(self, key: str) -> PermissionDefinition | None:
        """Return a permission, or None if there is none with this key."""
        return self._definitions.get(key)

    def definitions(self, audience: Audience | None = None) -> list[PermissionDefinition]:
        """Return all permissions, or those for an audience, by key."""
        return [
            definition
            for _key, definition in sorted(self._definitions.items())
            if audience in {None, definition.audience}
        ]


class PermissionSource(Protocol):
    """Who knows of permissions that only some tenants have."""

    def definitions(self) -> Mapping[str, PermissionDefinition]:
        """Return those of the current scope's tenant, by their keys."""

    def default_grants(self) -> Mapping[str, frozenset[str]]:
        """Return which of them the tenant's system roles hold, by the roles' keys."""


_registry = PermissionRegistry()
_sources: list[PermissionSource] = []


def register(definition: PermissionDefinition) -> None:
    """Add a permission, from an app's `AppConfig.ready`.

    Raises:
        RegistryClosed: The start is over.
        ValueError: The key is malformed or taken, or words are missing.
    """
    if apps.ready:
        _registry.close()
    _registry.register(definition)


def register_all(definitions: Iterable[PermissionDefinition]) -> None:
    """Add several permissions; see `register`."""
    for definition in definitions:
        register(definition)


def register_source(source: PermissionSource) -> None:
    """Have a source asked for the permissions of tenants, from an app's `AppConfig.ready`."""
    if source not in _sources:
        _sources.append(source)


def get_definition(key: str) -> PermissionDefinition | None:
    """Return a permission, or None if there is none with this key here."""
    found = _registry.get(key)
    if found is not None:
        return found
    return next((known[key] for known in _from_sources() if key in known), None)


def list_definitions(audience: Audience | None = None) -> list[PermissionDefinition]:
    """Return all permissions that there are here, or those for an audience, by key."""
    own = _registry.definitions(audience)
    if audience == Audience.PLATFORM:
        return own
    others = [definition for known in _from_sources() for definition in known.values()]
    return sorted([*own, *others], key=lambda definition: definition.key) if others else own


def default_grants_of(role: str) -> frozenset[str]:
    """Return what a system role of the current scope holds beyond what it is declared with.

    Args:
        role: The role's key.
    """
    return frozenset().union(
        *(source.default_grants().get(role, frozenset()) for source in _here())
    )


def _from_sources() -> list[Mapping[str, PermissionDefinition]]:
    return [source.definitions() for source in _here()]


def _here() -> list[PermissionSource]:
    scope = current_scope_or_none()
    return _sources if scope is not None and scope.tenant_slug is not None else []
