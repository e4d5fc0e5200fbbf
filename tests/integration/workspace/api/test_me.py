from collections.abc import Callable

from django.test import Client

from plexica.core.scope import platform_scope
from plexica.identity.models import User
from plexica.rbac.permissions import DASHBOARD_VIEW
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.integration.workspace.api.conftest import ADA, ME, Program


def test_says_who_calls_and_what_they_may(ada: Program, acme: Tenant) -> None:
    answer = ada.get()
    assert answer.status_code == 200, answer.content
    found = answer.json()
    assert (found["kind"], found["name"]) == ("person", ADA)
    assert found["tenant"] == {"slug": "acme", "name": acme.name}
    assert found["roles"] == ["owner"]
    assert DASHBOARD_VIEW in found["permissions"]
    assert not any(key.startswith("core:tenants:") for key in found["permissions"])
    assert "no-store" in answer["Cache-Control"]


def test_nobody_without_a_token(acme: Tenant) -> None:
    answer = Program(acme, None).get()
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_a_session_opens_no_api(ada: Program, acme: Tenant) -> None:
    """Else every page of the internet could call it with a person's cookie."""
    browser = Client(SERVER_NAME="acme.localhost")
    with tenant_scope(acme):
        browser.force_login(User.objects.get(email=ADA))
    assert browser.get(ME).status_code == 401


def test_a_token_of_another_tenant_is_refused(
    acme: Tenant, globex: Tenant, ada_token: str, cy_token: str
) -> None:
    assert Program(globex, cy_token).get().status_code == 200
    assert Program(acme, cy_token).get().status_code == 401
    assert Program(globex, ada_token).get().status_code == 401


def test_a_disabled_person_is_refused_at_the_next_request(
    ada: Program, disable: Callable[[str], None]
) -> None:
    assert ada.get().status_code == 200
    disable(ADA)
    answer = ada.get()
    assert answer.status_code == 401
    assert "disabled" in answer.json()["detail"]


def test_a_suspended_tenant_is_closed_to_a_token_that_is_known(ada: Program, acme: Tenant) -> None:
    assert ada.get().status_code == 200
    with platform_scope():
        Tenant.objects.filter(pk=acme.pk).update(state="SUSPENDED")
    try:
        answer = ada.get()
    finally:
        Tenant.objects.filter(pk=acme.pk).update(state="ACTIVE")
    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:plexica:problem:tenant-suspended"
