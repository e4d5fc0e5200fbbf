"""Suspension and resumption of a tenant's logins, with the real Keycloak."""

import json
import time
from collections.abc import Iterator

import pytest
import requests
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session

from plexica.core.actor import SYSTEM
from plexica.core.errors import PermanentError, TransientError
from plexica.core.scope import platform_scope
from plexica.identity.access import Access, Opening, Sessions
from plexica.identity.browser_sessions import open_tokens
from plexica.identity.keycloak.realm import RealmClient, realm_client
from plexica.identity.providers import (
    MANAGEMENT_SECRET,
    WORKSPACE_CLIENT,
    WORKSPACE_SECRET,
)
from plexica.identity.realm_part import RealmPart
from tenants.life import resume_tenant, suspend_tenant
from tenants.models import Tenant
from tenants.provisioning.engine import run_provisioning
from tenants.scopes import tenant_scope
from tenants.secrets import delete_secrets, get_secret, set_secret
from tenants.states import TenantState
from tests.conftest import Servers
from tests.integration.identity.browser import Browser, host_of, set_password
from tests.integration.identity.realms import (
    PROGRAM_SECRET,
    add_program,
    ask_token,
    tenant_with_realm,
)

ADA = "ada@acme.example"
KEPT = {"plexica-management", "realm-management"}


@pytest.fixture(scope="module")
def realm(platform: Servers) -> Iterator[Tenant]:
    with platform_scope(), tenant_with_realm() as made:
        add_program(realm_client(made), "robot")
        add_program(realm_client(made), "retired", enabled=False)
        yield made


@pytest.fixture
def tenant(realm: Tenant) -> Iterator[Tenant]:
    yield realm
    Access().undo(realm)


def enabled(tenant: Tenant) -> dict[str, bool]:
    return {client["clientId"]: client["enabled"] for client in realm_client(tenant).list_clients()}


def clients(tenant: Tenant) -> list[dict[str, object]]:
    found = realm_client(tenant).list_clients()
    for one in found:
        for name, value in one.items():
            if isinstance(value, list):
                # Keycloak keeps these in no order.
                one[name] = sorted(json.dumps(each, sort_keys=True) for each in value)
        if one["clientId"] == "broker":
            # Keycloak gives this one a secret when it is changed for the first time.
            one.pop("secret", None)
            one["attributes"].pop("client.secret.creation.time", None)
    return found


def marks(tenant: Tenant) -> set[str]:
    return {
        client["clientId"]
        for client in realm_client(tenant).list_clients()
        if "plexica.suspended" in client.get("attributes", {})
    }


def test_suspension_disables_every_client_but_the_management_one(tenant: Tenant) -> None:
    before = clients(tenant)
    Access().do(tenant)
    found = enabled(tenant)
    assert {name for name, is_enabled in found.items() if is_enabled} == KEPT
    assert marks(tenant) == set(found) - KEPT - {"retired"}
    assert realm_client(tenant).get_settings()["enabled"]
    Opening().do(tenant)
    assert clients(tenant) == before, "Each is what it was, the retired one disabled."


@pytest.mark.parametrize("times", [1, 2])
def test_half_done_it_is_finished_in_either_direction(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    before = enabled(tenant)
    update, left = RealmClient.update_client, times

    def fail_later(realm: RealmClient, representation: dict[str, object]) -> None:
        nonlocal left
        if not left:
            raise TransientError("cut off")
        left -= 1
        update(realm, representation)

    for first, then in ((Access().do, Access().undo), (Access().do, Access().do)):
        left = times
        with monkeypatch.context() as patch:
            patch.setattr(RealmClient, "update_client", fail_later)
            with pytest.raises(TransientError):
                first(tenant)
        assert len(marks(tenant)) == times
        then(tenant)
        if then == Access().undo:
            assert (enabled(tenant), marks(tenant)) == (before, set())
    assert {name for name, is_enabled in enabled(tenant).items() if is_enabled} == KEPT
    left = times
    with monkeypatch.context() as patch:
        patch.setattr(RealmClient, "update_client", fail_later)
        with pytest.raises(TransientError):
            Opening().do(tenant)
    Opening().do(tenant)
    Opening().do(tenant)
    assert (enabled(tenant), marks(tenant)) == (before, set())
    Opening().undo(tenant)
    assert {name for name, is_enabled in enabled(tenant).items() if is_enabled} == KEPT


def test_tokens_of_programs_stop_at_once(tenant: Tenant) -> None:
    manager = realm_client(tenant)
    robot = manager.find_client("robot")
    management = manager.find_client("realm-management")
    assert robot
    assert management
    user = manager.call("GET", f"/{tenant.realm}/clients/{robot['id']}/service-account-user").body
    role = manager.call(
        "GET", f"/{tenant.realm}/clients/{management['id']}/roles/manage-users"
    ).body
    manager.call(
        "POST",
        f"/{tenant.realm}/users/{user['id']}/role-mappings/clients/{management['id']}",
        body=[role],
    )
    token = ask_token(tenant, "robot", PROGRAM_SECRET).json()["access_token"]

    def use() -> int:
        base = settings.KEYCLOAK_SERVERS["default"].public_url
        return requests.get(
            f"{base}/admin/realms/{tenant.realm}/users",
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
        ).status_code

    assert use() == 200
    begun = time.monotonic()
    Access().do(tenant)
    assert use() == 401, "The token that it had, made in this very second or the one before."
    refused = ask_token(tenant, "robot", PROGRAM_SECRET)
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
    assert time.monotonic() - begun < 5
    assert realm_client(tenant).get_settings()["realm"] == tenant.realm, "The account still works."
    Opening().do(tenant)
    assert ask_token(tenant, "robot", PROGRAM_SECRET).status_code == 200


def test_account_of_a_realm_that_does_not_work_is_said_clearly(tenant: Tenant) -> None:
    kept = {
        name: get_secret(tenant=tenant, name=name) for name in (MANAGEMENT_SECRET, WORKSPACE_SECRET)
    }
    try:
        set_secret(tenant=tenant, name=MANAGEMENT_SECRET, value="wrong")
        for act in (Access().do, Access().undo):
            with pytest.raises(PermanentError, match="reconcile"):
                act(tenant)
        delete_secrets(tenant=tenant, names=[MANAGEMENT_SECRET])
        with pytest.raises(PermanentError, match="reconcile"):
            Access().do(tenant)
    finally:
        for name, value in kept.items():
            set_secret(tenant=tenant, name=name, value=value)


def test_sessions_of_people_end(acme: Tenant, globex: Tenant) -> None:
    set_password(acme, ADA)
    browser = Browser(host_of(acme.workspace_url))
    browser.log_in(ADA)
    with tenant_scope(acme):
        stored = Session.objects.get(session_key=browser.client.cookies["session"].value)
        tokens = open_tokens(stored.browser.tokens)
    with tenant_scope(globex):
        other = SessionStore()
        other["kept"] = True
        other.save()
    secret = get_secret(tenant=acme, name=WORKSPACE_SECRET)

    def refresh() -> int:
        return ask_token(
            acme, WORKSPACE_CLIENT, secret,
            grant_type="refresh_token", refresh_token=tokens["refresh_token"],
        ).status_code  # fmt: skip

    assert refresh() == 200
    login_page = browser.begin()
    try:
        for step in (Access(), Sessions()):
            step.do(acme)
            step.do(acme)
        with tenant_scope(acme):
            assert not Session.objects.exists()
        assert refresh() == 401
        page = browser.keycloak.get(login_page, timeout=30, allow_redirects=False)
        assert page.status_code == 400
        assert "kc-form-login" not in page.text
        account = f"{login_page.split('/protocol/')[0]}/account/"
        assert requests.get(account, timeout=30, allow_redirects=False).status_code != 200
    finally:
        for step in (Sessions(), Access()):
            step.undo(acme)
    assert refresh() == 400, "What was ended does not come back."
    page = browser.keycloak.get(login_page, timeout=30, allow_redirects=False)
    assert "kc-form-login" in page.text, "The session at the realm has ended: it asks again."
    with tenant_scope(globex):
        assert Session.objects.filter(session_key=other.session_key).exists()
        Session.objects.filter(session_key=other.session_key).delete()


def test_runs_close_and_open_within_seconds(acme: Tenant) -> None:
    part = RealmPart()
    add_program(realm_client(acme), "robot")
    try:
        begun = time.monotonic()
        run_provisioning(suspend_tenant(tenant=Tenant.objects.get(pk=acme.pk), actor=SYSTEM).id)
        assert ask_token(acme, "robot", PROGRAM_SECRET).status_code == 401
        assert time.monotonic() - begun < 5
        assert part.inspect(Tenant.objects.get(pk=acme.pk)) == []
        run_provisioning(resume_tenant(tenant=Tenant.objects.get(pk=acme.pk), actor=SYSTEM).id)
        assert ask_token(acme, "robot", PROGRAM_SECRET).status_code == 200
        assert part.inspect(Tenant.objects.get(pk=acme.pk)) == []
    finally:
        Tenant.objects.filter(pk=acme.pk).update(state=TenantState.ACTIVE)
        Access().undo(acme)
        robot = realm_client(acme).find_client("robot")
        assert robot
        realm_client(acme).call("DELETE", f"/{acme.realm}/clients/{robot['id']}")
        acme.refresh_from_db()
