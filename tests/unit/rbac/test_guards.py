"""Guards of views: who is sent to log in, who gets 403, who gets through.

What the database would say of roles is stood for by a function; see tests/integration/rbac.
"""

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.test import RequestFactory
from django.urls import include, path

from plexica.core.scope import platform_scope
from plexica.identity.models import User
from plexica.rbac import guards
from plexica.rbac.guards import GUARD_ATTRIBUTE, require
from plexica.rbac.refusals import PermissionMissing
from plexica.rbac.snapshot import Snapshot

urlpatterns = [path("oidc/", include("plexica.identity.oidc.urls"))]
pytestmark = pytest.mark.urls(__name__)


def _page(request: HttpRequest) -> HttpResponseBase:
    return HttpResponse("in")


def _request(user: Any, **headers: str) -> HttpRequest:
    request = RequestFactory().get("/tenants/?q=a", headers=headers or None)
    request.user = user
    return request


@pytest.fixture(autouse=True)
def _held(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ada holds the permission; others may know what they lack."""

    def held(user: User) -> Snapshot:
        grant = "core:tenants:view" if user.email == "ada@example.com" else "core:staff:view"
        return Snapshot(roles=frozenset(), grants=frozenset({grant}))

    monkeypatch.setattr(guards, "snapshot_of", held)


ADA = User(email="ada@example.com")
BO = User(email="bo@example.com")
DISABLED = User(email="ada@example.com", is_active=False)
GUARD = require("core:tenants:view")


@pytest.mark.parametrize("user", [AnonymousUser(), DISABLED], ids=["nobody", "disabled"])
def test_who_is_not_logged_in_is_sent_to_log_in(user: Any) -> None:
    with platform_scope():
        response = GUARD(_page)(_request(user))
    assert response.status_code == 302
    assert response["Location"] == "/oidc/authenticate/?next=%2Ftenants%2F%3Fq%3Da"


def test_htmx_is_told_where_to_log_in() -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/tenants/"}
    with platform_scope():
        response = GUARD(_page)(_request(AnonymousUser(), **headers))
    assert response.status_code == 401
    assert response["HX-Redirect"] == "/oidc/authenticate/?next=%2Ftenants%2F"


def test_who_lacks_the_right_is_refused() -> None:
    with platform_scope(), pytest.raises(PermissionMissing, match="core:tenants:view"):
        GUARD(_page)(_request(BO))


def test_who_has_the_right_gets_through() -> None:
    with platform_scope():
        assert GUARD(_page)(_request(ADA)).content == b"in"


def test_a_guarded_view_is_marked() -> None:
    assert getattr(require("core:tenants:view")(_page), GUARD_ATTRIBUTE) == "core:tenants:view"


@pytest.mark.parametrize("text", ["*", "core:*", "core:tenants", ""])
def test_a_guard_asks_for_one_permission(text: str) -> None:
    with pytest.raises(ValueError, match="no key"):
        require(text)
