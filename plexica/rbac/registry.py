"""The permissions that exist. Apps and plugins register theirs at start; then no more are taken."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from django.apps import apps

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


_registry = PermissionRegistry()


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


def get_definition(key: str) -> PermissionDefinition | None:
    """Return a registered permission, or None if there is none with this key."""
    return _registry.get(key)


def list_definitions(audience: Audience | None = None) -> list[PermissionDefinition]:
    """Return all registered permissions, or those for an audience, by key."""
    return _registry.definitions(audience)
