"""Staff who are logged in to the console, and one who may nothing."""

import uuid

import pytest
from django.conf import settings
from django.test import Client

from plexica.core.actor import SYSTEM
from plexica.identity.models import User
from plexica.rbac.services import assign_role
from plexica.rbac.system_roles import SUPER_ADMIN


def logged_in(*, is_super_admin: bool, role: str = "") -> Client:
    """Return a browser of the console's host; the login itself is proved in identity's tests."""
    user = User.objects.create(issuer="http://test", subject=str(uuid.uuid4()), first_name="Stella")
    if wanted := SUPER_ADMIN if is_super_admin else role:
        assign_role(holder=user, role=wanted, actor=SYSTEM)
    client = Client(headers={"host": settings.PLEXICA_BASE_DOMAIN})
    client.force_login(user)
    return client


@pytest.fixture
def admin() -> Client:
    """The browser of a super admin."""
    return logged_in(is_super_admin=True)


@pytest.fixture
def nobody() -> Client:
    """The browser of one who is known to the realm and has no role."""
    return logged_in(is_super_admin=False)


@pytest.fixture
def stranger() -> Client:
    """A browser that is not logged in."""
    return Client(headers={"host": settings.PLEXICA_BASE_DOMAIN})
