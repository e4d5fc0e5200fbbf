"""Permissions are registered at start, once, in good form."""

from dataclasses import replace

import pytest

from plexica.rbac import registry
from plexica.rbac.permissions import CORE_PERMISSIONS
from plexica.rbac.registry import (
    Audience,
    PermissionDefinition,
    PermissionRegistry,
    RegistryClosed,
)

READ = PermissionDefinition(key="crm:deals:read", label="See deals", description="See all deals.")


def test_a_permission_is_found_again() -> None:
    permissions = PermissionRegistry()
    permissions.register(READ)
    permissions.register(READ)
    assert permissions.get("crm:deals:read") == READ
    assert permissions.definitions() == [READ]


def test_definitions_are_ordered_and_told_apart_by_audience() -> None:
    permissions = PermissionRegistry()
    other = replace(READ, key="crm:deals:audit", audience=Audience.PLATFORM)
    permissions.register(READ)
    permissions.register(other)
    assert permissions.definitions() == [other, READ]
    assert permissions.definitions(Audience.TENANT) == [READ]
    assert permissions.definitions(Audience.PLATFORM) == [other]


def test_a_key_with_other_words_is_refused() -> None:
    permissions = PermissionRegistry()
    permissions.register(READ)
    with pytest.raises(ValueError, match="already"):
        permissions.register(replace(READ, label="Something else"))
    assert permissions.get("crm:deals:read") == READ


@pytest.mark.parametrize(
    "bad",
    [
        replace(READ, key="crm:deals:*"),
        replace(READ, key="crm:deals"),
        replace(READ, key="crm:deals:read\n"),
        replace(READ, label=" "),
        replace(READ, description=""),
    ],
)
def test_a_bad_definition_is_refused(bad: PermissionDefinition) -> None:
    permissions = PermissionRegistry()
    with pytest.raises(ValueError, match=r"key|label"):
        permissions.register(bad)
    assert permissions.definitions() == []


def test_a_closed_registry_takes_no_more() -> None:
    permissions = PermissionRegistry()
    permissions.close()
    with pytest.raises(RegistryClosed):
        permissions.register(READ)


def test_the_start_is_over_so_the_real_registry_is_closed() -> None:
    with pytest.raises(RegistryClosed):
        registry.register(READ)
    assert registry.get_definition(READ.key) is None


def test_core_permissions_are_registered() -> None:
    assert {definition.key for definition in CORE_PERMISSIONS} <= {
        definition.key for definition in registry.list_definitions()
    }
