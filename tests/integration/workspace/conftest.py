"""Acme with Ada, who owns it, and Bo, a member; globex with Cy. What tests write stays theirs."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.test import Client

from plexica.core.actor import SYSTEM, Actor
from plexica.identity.models import User
from plexica.rbac.models import Group, Role, RoleAssignment
from plexica.rbac.services import assign_role
from tenants.models import Tenant
from tenants.scopes import tenant_scope


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of a tenant, at a browser that is logged in to its workspace."""

    tenant: Tenant
    user: User
    client: Client

    @property
    def actor(self) -> Actor:
        """Them, as services know them."""
        return Actor(kind="user", id=str(self.user.pk), name=str(self.user))


def come(tenant: Tenant, name: str, *roles: str, strict: bool = False) -> Member:
    """Have somebody new come, who holds some roles; the login is proved in identity's tests.

    Args:
        tenant: Whose they are.
        name: Their first name.
        roles: The keys of their roles.
        strict: Whether forms without their token are refused, as for real browsers.
    """
    with tenant_scope(tenant):
        user = User.objects.create(
            issuer="http://test",
            subject=uuid.uuid4().hex,
            email=f"{name.lower()}-{uuid.uuid4().hex[:6]}@{tenant.slug}.example",
            first_name=name,
        )
        for role in roles:
            assign_role(holder=user, role=role, actor=SYSTEM)
        client = Client(headers={"host": f"{tenant.slug}.localhost"}, enforce_csrf_checks=strict)
        client.force_login(user)
    return Member(tenant, user, client)


def _clean(tenant: Tenant) -> None:
    with tenant_scope(tenant):
        RoleAssignment.objects.filter(user__issuer="http://test").delete()
        RoleAssignment.objects.filter(role__is_system=False).delete()
        Group.objects.all().delete()
        Role.objects.filter(is_system=False).delete()
        User.objects.filter(issuer="http://test").delete()


@pytest.fixture
def ada(acme: Tenant) -> Iterator[Member]:
    """An owner of acme."""
    yield come(acme, "Ada", "owner")
    _clean(acme)


@pytest.fixture
def bo(acme: Tenant, ada: Member) -> Member:
    """A member of acme."""
    return come(acme, "Bo", "member")


@pytest.fixture
def dee(acme: Tenant, ada: Member) -> Member:
    """An admin of acme."""
    return come(acme, "Dee", "admin")


@pytest.fixture
def cy(globex: Tenant) -> Iterator[Member]:
    """The owner of globex, and the intruder."""
    yield come(globex, "Cy", "owner")
    _clean(globex)
