"""Acme's people with the roles that tests need, taken back afterwards."""

import uuid
from collections.abc import Callable, Iterator

import pytest
from django.db import transaction

from plexica.core.actor import SYSTEM, Actor
from plexica.core.scope import platform_scope
from plexica.identity.models import User
from plexica.rbac.services import assign_role
from tenants.models import Tenant
from tenants.scopes import tenant_scope

MakeUser = Callable[..., User]


@pytest.fixture
def in_acme(acme: Tenant) -> Iterator[Tenant]:
    """Run in acme, and take back what the test wrote."""
    with platform_scope(), transaction.atomic():
        with tenant_scope(acme):
            yield acme
        transaction.set_rollback(True)


@pytest.fixture
def make_user(in_acme: Tenant) -> MakeUser:
    """Make a person of acme who holds some roles."""

    def make(*roles: str) -> User:
        user = User.objects.create(
            issuer="https://id.example", subject=uuid.uuid4().hex, email="bo@acme.example"
        )
        for role in roles:
            assign_role(holder=user, role=role, actor=SYSTEM)
        return user

    return make


def acting(user: User) -> Actor:
    """Return a person as the one who acts."""
    return Actor(kind="user", id=str(user.pk), name=str(user))
