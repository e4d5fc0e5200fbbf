"""Initech, a tenant whose people are changed in Keycloak, as by its administrators there."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from plexica.audit.models import AuditEntry
from plexica.identity.keycloak.errors import KeycloakNotFound
from plexica.identity.keycloak.realm import RealmClient, realm_client
from plexica.identity.models import RealmSync, User
from plexica.identity.sync.cycle import follow_tenant, source_of
from plexica.identity.sync.realm import Result, read_realm
from plexica.rbac.models import Group
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.conftest import Servers
from tests.integration.conftest import provisioned


@dataclass
class Keycloak:
    """What an administrator does in a tenant's realm, and what has come of it here."""

    tenant: Tenant
    people: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)

    @property
    def realm(self) -> RealmClient:
        """The realm."""
        return realm_client(self.tenant)

    def call(self, method: str, path: str, **options: Any) -> Any:
        """Call the admin API of the realm."""
        return self.realm.call(method, f"/{self.tenant.realm}{path}", **options)

    def add_person(self, name: str = "Bo", **values: Any) -> str:
        """Make a person, and return their subject."""
        address = f"{name.lower()}-{uuid.uuid4().hex[:8]}@initech.example"
        subject = self.realm.create_user(
            {"username": address, "email": address, "firstName": name, "enabled": True, **values}
        )
        self.people.append(subject)
        return subject

    def change(self, subject: str, **values: Any) -> None:
        """Change a person."""
        self.realm.update_user(subject, values)

    def add_group(self, name: str, *, above: str = "") -> str:
        """Make a group, and return its id."""
        path = f"/groups/{above}/children" if above else "/groups"
        group: str = self.call("POST", path, body={"name": name}).created_id
        self.groups.append(group)
        return group

    def put_into(self, group: str, subject: str) -> None:
        """Put a person into a group."""
        self.call("PUT", f"/users/{subject}/groups/{group}")

    def take_out_of(self, group: str, subject: str) -> None:
        """Take a person out of a group."""
        self.call("DELETE", f"/users/{subject}/groups/{group}")

    def follow(self) -> Result:
        """Look once at what has happened, as the schedule does."""
        result = follow_tenant(self.tenant)
        assert result is not None, "It failed; the log says why."
        return result

    def read_all(self, **options: Any) -> Result:
        """Read everybody."""
        with tenant_scope(self.tenant):
            return read_realm(source_of(self.tenant), **options)

    def row(self, subject: str) -> User | None:
        """Return somebody's row."""
        with tenant_scope(self.tenant):
            return User.objects.filter(subject=subject).first()

    def known(self, subject: str) -> User:
        """Return the row of somebody who has one."""
        user = self.row(subject)
        assert user is not None
        return user

    def actions(self, user: User) -> list[str]:
        """Return what was done to somebody, as the audit tells it, in order."""
        with tenant_scope(self.tenant):
            entries = AuditEntry.objects.filter(target=f"user:{user.pk}").order_by("at")
            return [f"{entry.actor_name}: {entry.action}" for entry in entries]

    def state(self) -> RealmSync:
        """Return how far the tenant is in step."""
        with tenant_scope(self.tenant):
            return RealmSync.objects.get()

    def clean(self) -> None:
        """Take back what was made."""
        for path in (
            *(f"/users/{each}" for each in self.people),
            *(f"/groups/{each}" for each in self.groups),
        ):
            try:
                self.call("DELETE", path)
            except KeycloakNotFound:
                continue
        with tenant_scope(self.tenant):
            Group.objects.all().delete()


@pytest.fixture(scope="session")
def initech(platform: Servers) -> Iterator[Tenant]:
    """A tenant of its own, as these tests change its realm."""
    with provisioned("initech", "pat@initech.example") as tenant:
        yield tenant


@pytest.fixture
def keycloak(initech: Tenant) -> Iterator[Keycloak]:
    """The realm of Initech, with which it is in step."""
    keycloak = Keycloak(initech)
    keycloak.read_all()
    yield keycloak
    keycloak.clean()
