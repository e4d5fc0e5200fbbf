"""People at the test client, with roles; the login itself is proved in the tests of identity."""

import uuid

from django.conf import settings
from django.test import Client

from plexica.core.actor import SYSTEM
from plexica.core.scope import platform_scope
from plexica.identity.models import User
from plexica.rbac.services import assign_role
from tenants.models import Tenant
from tenants.scopes import tenant_scope

_ISSUER = "http://walkers"


def at_console(*roles: str) -> Client:
    """Have somebody come to the console who holds some roles."""
    with platform_scope():
        return _come(settings.PLEXICA_BASE_DOMAIN, roles)


def at_workspace(tenant: Tenant, *roles: str) -> Client:
    """Have somebody come to a workspace who holds some roles there."""
    with tenant_scope(tenant):
        return _come(f"{tenant.slug}.{settings.PLEXICA_BASE_DOMAIN}", roles)


def forget_people(*tenants: Tenant) -> None:
    """Remove all who came, from the console and from these workspaces."""
    with platform_scope():
        User.objects.filter(issuer=_ISSUER).delete()
    for tenant in tenants:
        with tenant_scope(tenant):
            User.objects.filter(issuer=_ISSUER).delete()


def _come(host: str, roles: tuple[str, ...]) -> Client:
    user = User.objects.create(
        issuer=_ISSUER,
        subject=uuid.uuid4().hex,
        first_name="Zoe",
        email=f"zoe-{uuid.uuid4().hex[:8]}@example.com",
    )
    for role in roles:
        assign_role(holder=user, role=role, actor=SYSTEM)
    client = Client(headers={"host": host})
    client.force_login(user)
    return client
