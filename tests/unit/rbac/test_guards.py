"""Guards of views: who is sent to log in, who gets 403, who gets through.

What the database would say of roles is stood for by a function; see tests/integration/rbac.
"""

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.test import RequestFactory
from django.urls import include, path

from plexica.core.scope import Scope, enter_scope, platform_scope
from plexica.identity.models import User
from plexica.rbac import guards
from plexica.rbac.guards import GUARD_ATTRIBUTE, require, require_member, require_super_admin

urlpatterns = [path("oidc/", include("plexica.identity.oidc.urls"))]
pytestmark = pytest.mark.urls(__name__)

TENANT = Scope(
    schema="t_acme", role="plexica_t_acme", tenant_slug="acme", search_path=("t_acme", "public")
)


def _page(request: HttpRequest) -> HttpResponseBase:
    return HttpResponse("in")


def _request(user: Any, **headers: str) -> HttpRequest:
    request = RequestFactory().get("/tenants/?q=a", headers=headers or None)
    request.user = user
    return request


@pytest.fixture(autouse=True)
def _held(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ada holds the role and the permission; nobody else does."""

    def held(user: User, _asked: str) -> bool:
        return user.email == "ada@example.com"

    monkeypatch.setattr(guards, "has_permission", held)
    monkeypatch.setattr(guards, "has_role", held)


ADA = User(email="ada@example.com")
BO = User(email="bo@example.com")
DISABLED = User(email="ada@example.com", is_active=False)
GUARDS = [require("core:tenants:view"), require_super_admin]


@pytest.mark.parametrize("guard", [*GUARDS, require_member])
@pytest.mark.parametrize("user", [AnonymousUser(), DISABLED], ids=["nobody", "disabled"])
def test_who_is_not_logged_in_is_sent_to_log_in(guard: Any, user: Any) -> None:
    with platform_scope():
        response = guard(_page)(_request(user))
    assert response.status_code == 302
    assert response["Location"] == "/oidc/authenticate/?next=%2Ftenants%2F%3Fq%3Da"


@pytest.mark.parametrize("guard", [*GUARDS, require_member])
def test_htmx_is_told_where_to_log_in(guard: Any) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/tenants/"}
    with platform_scope():
        response = guard(_page)(_request(AnonymousUser(), **headers))
    assert response.status_code == 401
    assert response["HX-Redirect"] == "/oidc/authenticate/?next=%2Ftenants%2F"


@pytest.mark.parametrize("guard", GUARDS)
def test_who_lacks_the_right_is_refused(guard: Any) -> None:
    with platform_scope(), pytest.raises(PermissionDenied):
        guard(_page)(_request(BO))


@pytest.mark.parametrize("guard", GUARDS)
def test_who_has_the_right_gets_through(guard: Any) -> None:
    with platform_scope():
        assert guard(_page)(_request(ADA)).content == b"in"


def test_a_tenant_has_no_super_admin() -> None:
    with enter_scope(TENANT), pytest.raises(PermissionDenied):
        require_super_admin(_page)(_request(ADA))


def test_members_are_people_of_a_tenant() -> None:
    with enter_scope(TENANT):
        assert require_member(_page)(_request(BO)).status_code == 200
    with platform_scope(), pytest.raises(PermissionDenied):
        require_member(_page)(_request(BO))


def test_a_guarded_view_is_marked() -> None:
    assert getattr(require("core:tenants:view")(_page), GUARD_ATTRIBUTE) == "core:tenants:view"
    assert getattr(require_super_admin(_page), GUARD_ATTRIBUTE) == "super-admin"
    assert getattr(require_member(_page), GUARD_ATTRIBUTE)


@pytest.mark.parametrize("text", ["*", "core:*", "core:tenants", ""])
def test_a_guard_asks_for_one_permission(text: str) -> None:
    with pytest.raises(ValueError, match="no key"):
        require(text)
