"""The platform's own realm says who its staff are, and which roles they have."""

import uuid
from collections.abc import Iterator

import pytest

from plexica.identity.keycloak.realm import RealmClient
from plexica.identity.models import User
from plexica.identity.sync.cycle import follow_platform, platform_source
from plexica.identity.sync.realm import Outcome, read_realm
from plexica.rbac.models import RoleAssignment


@pytest.fixture
def staff() -> Iterator[tuple[RealmClient, str]]:
    """The realm, and somebody new in it."""
    read_realm(platform_source())
    realm = platform_source().realm
    address = f"{uuid.uuid4().hex[:8]}@staff.example"
    subject = realm.create_user({"username": address, "email": address, "enabled": True})
    yield realm, subject
    if User.objects.get(subject=subject).removed_at is None:
        realm.delete_user(subject)


def roles_of(subject: str) -> set[str]:
    found = RoleAssignment.objects.filter(user__subject=subject)
    return set(found.values_list("role__key", flat=True))


def give(realm: RealmClient, subject: str, role: str, method: str = "POST") -> None:
    found = realm.call("GET", f"/{realm.realm}/roles/{role}").body
    realm.call(method, f"/{realm.realm}/users/{subject}/role-mappings/realm", body=[found])


def test_staff_come_get_roles_lose_them_and_go(staff: tuple[RealmClient, str]) -> None:
    realm, subject = staff
    give(realm, subject, "super-admin")
    follow_platform()
    assert roles_of(subject) == {"super-admin"}
    give(realm, subject, "super-admin", method="DELETE")
    realm.update_user(subject, {"firstName": "Sam", "enabled": False})
    follow_platform()
    user = User.objects.get(subject=subject)
    assert (roles_of(subject), user.first_name, user.is_active) == (set(), "Sam", False)
    realm.delete_user(subject)
    follow_platform()
    user.refresh_from_db()
    assert user.removed_at
    result = follow_platform()
    assert result
    assert result.outcome == Outcome.IDLE


def test_a_role_that_comes_by_a_group_counts(staff: tuple[RealmClient, str]) -> None:
    realm, subject = staff
    follow_platform()
    base = f"/{realm.realm}"
    group = realm.call("POST", f"{base}/groups", body={"name": uuid.uuid4().hex}).created_id
    try:
        realm.call("PUT", f"{base}/users/{subject}/groups/{group}")
        follow_platform()
        role = realm.call("GET", f"{base}/roles/super-admin").body
        realm.call("POST", f"{base}/groups/{group}/role-mappings/realm", body=[role])
        follow_platform()
        assert roles_of(subject) == {"super-admin"}
    finally:
        realm.call("DELETE", f"{base}/groups/{group}")
    follow_platform()
    assert roles_of(subject) == set()
