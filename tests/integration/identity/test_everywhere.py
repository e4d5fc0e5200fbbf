"""Logging out everywhere: here at once, at the real Keycloak as soon as it is told."""

from collections.abc import Iterator
from http import HTTPStatus

import pytest
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from plexica.audit.models import AuditEntry
from plexica.core.scope import platform_scope
from plexica.events.models import OutboxMessage
from plexica.events.services import deliver_pending
from plexica.identity.keycloak.master import master_client
from plexica.identity.keycloak.realm import realm_client
from plexica.identity.models import RealmChange
from plexica.identity.realm_changes import MAX_ATTEMPTS, PLATFORM_TASK, settle_staff
from plexica.identity.session_upkeep import end_at_realm
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.integration.identity.browser import Browser, query
from tests.integration.identity.logins import (
    is_in,
    key_of,
    keycloak_at,
    logged_in,
    logged_in_at_console,
    post,
    row_of,
)

EVERYWHERE = "/oidc/logout/everywhere/"


@pytest.fixture(autouse=True)
def _nothing_waits() -> Iterator[None]:
    while deliver_pending():
        pass
    yield
    OutboxMessage.objects.filter(delivered_at=None).delete()


def sessions_at_realm(tenant: Tenant, subject: str) -> list[object]:
    realm = realm_client(tenant)
    found: list[object] = realm.call("GET", f"/{tenant.realm}/users/{subject}/sessions").body
    return found


def test_it_ends_every_session_of_the_person_and_nobody_elses(acme: Tenant, globex: Tenant) -> None:
    here, there, cy = logged_in(acme), logged_in(acme), logged_in(globex, "cy@globex.example")
    with tenant_scope(acme):
        user = row_of(here).user
    is_in(here)
    assert len(sessions_at_realm(acme, user.subject)) >= 2
    response = post(here, EVERYWHERE)
    assert response.status_code == HTTPStatus.FOUND
    assert not is_in(here)
    assert not is_in(there)
    assert is_in(cy)
    # This browser is led through the realm's own end, and comes back to words.
    ended = here.keycloak.get(response["Location"], timeout=30, allow_redirects=False)
    assert ended.headers["Location"] == f"{acme.workspace_url}/oidc/logged-out/"
    page = here.client.get("/oidc/logged-out/").content.decode()
    assert "You are logged out everywhere" in page
    asked = here.keycloak.get(here.begin(), timeout=30, allow_redirects=False)
    assert asked.status_code == HTTPStatus.OK, "Keycloak asks for the password again."
    with platform_scope():
        deliver_pending()
    assert sessions_at_realm(acme, user.subject) == []
    with tenant_scope(acme):
        entry = AuditEntry.objects.filter(target=f"user:{user.pk}").latest("at")
        assert entry.action == "user.logged_out_everywhere"
        assert entry.actor_id == str(user.pk)
    assert is_in(cy)


def test_it_works_when_the_realms_own_sessions_have_ended_before(acme: Tenant) -> None:
    here = logged_in(acme)
    is_in(here)
    with tenant_scope(acme):
        subject = row_of(here).user.subject
    realm_client(acme).end_user_sessions(subject)
    response = post(here, EVERYWHERE)
    ended = here.keycloak.get(response["Location"], timeout=30, allow_redirects=False)
    assert ended.headers["Location"] == f"{acme.workspace_url}/oidc/logged-out/"


def test_keycloak_hears_of_it_later_if_it_is_down(acme: Tenant) -> None:
    here, there = logged_in(acme), logged_in(acme)
    is_in(here)
    with tenant_scope(acme):
        subject = row_of(here).user.subject
    with keycloak_at("http://127.0.0.1:9"):
        assert post(here, EVERYWHERE).status_code == HTTPStatus.FOUND
        assert not is_in(there)
        deliver_pending()
    message = OutboxMessage.objects.get(delivered_at=None)
    assert "TransientError" in message.last_error
    assert sessions_at_realm(acme, subject)
    OutboxMessage.objects.update(next_attempt_at=timezone.now())
    deliver_pending()
    assert sessions_at_realm(acme, subject) == []


def test_a_person_who_is_gone_from_the_realm_is_no_failure(acme: Tenant) -> None:
    with tenant_scope(acme):
        end_at_realm({"subject": "11111111-1111-1111-1111-111111111111"})
    with transaction.atomic():
        end_at_realm({"user": "11111111-1111-1111-1111-111111111111", "subject": "x"})


def test_staff_are_logged_out_by_the_provisioner_who_alone_has_the_power() -> None:
    here, there = logged_in_at_console(), logged_in_at_console()
    assert is_in(here)
    subject = row_of(here).user.subject
    master = master_client("default")
    sessions = f"/plexica/users/{subject}/sessions"
    assert len(master.call("GET", sessions).body) >= 2
    response = post(here, EVERYWHERE)
    assert query(response["Location"])["post_logout_redirect_uri"] == (
        f"{settings.PLEXICA_CONSOLE_URL}/oidc/logged-out/"
    )
    assert not is_in(here)
    assert not is_in(there)
    assert settings.CELERY_TASK_ROUTES[PLATFORM_TASK] == {"queue": "provisioning"}
    deliver_pending()
    assert settle_staff() == 1
    assert master.call("GET", sessions).body == []


def test_staff_are_logged_out_however_long_keycloak_is_away() -> None:
    here, there = logged_in_at_console(), logged_in_at_console()
    is_in(here)
    user = row_of(here).user
    sessions = f"/plexica/users/{user.subject}/sessions"
    assert post(here, EVERYWHERE).status_code == HTTPStatus.FOUND
    assert not is_in(there)
    deliver_pending()
    with keycloak_at("http://127.0.0.1:9"):
        for _attempt in range(MAX_ATTEMPTS + 1):
            RealmChange.objects.update(next_attempt_at=timezone.now())
            settle_staff()
    change = RealmChange.objects.get(pk=user.pk)
    assert (change.ends_sessions, change.has_failed) == (True, True)
    assert change.last_error == "Keycloak does not answer."
    assert master_client("default").call("GET", sessions).body
    page = logged_in_at_console().client.get(f"/staff/{user.pk}/").content.decode()
    assert "At the login service their sessions have yet to be ended." in page
    RealmChange.objects.update(next_attempt_at=timezone.now())
    assert settle_staff() == 1
    assert master_client("default").call("GET", sessions).body == []
    assert not RealmChange.objects.filter(pk=user.pk).exists()


def test_nobody_is_logged_out_by_a_link_or_a_stranger(acme: Tenant) -> None:
    here = logged_in(acme)
    is_in(here)
    assert here.client.get(EVERYWHERE).status_code == HTTPStatus.METHOD_NOT_ALLOWED
    assert here.client.post(EVERYWHERE).status_code == HTTPStatus.FORBIDDEN
    assert post(here, EVERYWHERE, Origin="http://globex.localhost").status_code == (
        HTTPStatus.FORBIDDEN
    )
    assert is_in(here)
    stranger = Browser(here.host)
    stranger.client.cookies["csrf"] = here.client.cookies["csrf"].value
    assert post(stranger, EVERYWHERE)["Location"] == "/"


@pytest.mark.parametrize("is_console", [True, False])
def test_the_menu_offers_it(acme: Tenant, *, is_console: bool) -> None:
    here = logged_in_at_console() if is_console else logged_in(acme)
    page = here.client.get("/tenants/" if is_console else "/").content.decode()
    assert f'action="{EVERYWHERE}"' in page
    assert "Log out everywhere" in page
    assert key_of(here) not in page
