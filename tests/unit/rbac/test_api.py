"""The API's permissions, for callers whose token was checked (stood for by a `Principal`)."""

from typing import ClassVar

import pytest
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from plexica.core.actor import Actor
from plexica.core.scope import Scope, enter_scope, platform_scope
from plexica.identity.principals import Principal
from plexica.rbac.api import HoldsWhatIsNeeded, held_by, requires

TENANT = Scope(
    schema="t_acme", role="plexica_t_acme", tenant_slug="acme", search_path=("t_acme", "public")
)


class Named(APIView):
    """A view that says what it asks for."""

    permissions_needed: ClassVar = {"GET": "core:tenants:view"}


def _is_let_through(permission: str, *roles: str) -> bool:
    caller = Principal(
        Actor(kind="service_account", id="robot", name="robot", roles=frozenset(roles))
    )
    held = held_by(caller)
    return held is not None and held.allows(permission)


def test_a_super_admin_may_do_everything() -> None:
    with platform_scope():
        assert _is_let_through("core:tenants:create", "super-admin")
        assert _is_let_through("crm:deals:read", "other", "super-admin")


def test_support_may_do_what_its_role_grants() -> None:
    with platform_scope():
        assert _is_let_through("core:tenants:view", "support")
        assert not _is_let_through("core:tenants:create", "support")


def test_other_roles_open_nothing() -> None:
    with platform_scope():
        assert not _is_let_through("core:tenants:view")
        assert not _is_let_through("core:tenants:view", "owner", "admin", "default-roles-plexica")


def test_a_tenants_realm_has_no_say() -> None:
    with enter_scope(TENANT):
        assert not _is_let_through("core:dashboard:view", "owner", "super-admin")


def test_who_is_no_program_is_refused() -> None:
    request = Request(APIRequestFactory().get("/"))
    with platform_scope():
        assert not requires("core:tenants:view")().has_permission(request, APIView())
        assert not HoldsWhatIsNeeded().has_permission(request, Named())


@pytest.mark.parametrize("text", ["*", "core:*", "core:tenants", ""])
def test_a_guard_asks_for_one_permission(text: str) -> None:
    with pytest.raises(ValueError, match="no key"):
        requires(text)


def test_the_class_says_what_it_asks_for() -> None:
    guard = requires("core:tenants:create")
    assert guard.__name__ == "HasCoreTenantsCreate"
    assert guard.permission == "core:tenants:create"


def test_a_view_that_asks_for_nothing_is_closed() -> None:
    request = Request(APIRequestFactory().get("/"))
    request.user = Principal(
        Actor(kind="service_account", id="robot", name="robot", roles=frozenset({"super-admin"}))
    )
    with platform_scope():
        assert not HoldsWhatIsNeeded().has_permission(request, APIView())
        assert HoldsWhatIsNeeded().has_permission(request, Named())
