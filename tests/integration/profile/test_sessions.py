"""One's own sessions: as they are here and at the real realm, and ended in both."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import pytest
import requests
from django.conf import settings

from plexica.audit.models import AuditEntry
from plexica.identity.keycloak.errors import KeycloakNotFound
from plexica.identity.keycloak.realm import realm_client
from plexica.identity.models import EndedSession, User
from plexica.identity.providers import tenant_provider
from plexica.identity.realm_changes import settle_staff
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.integration.identity.browser import PASSWORD, Browser
from tests.integration.identity.logins import (
    ADA,
    is_in,
    keycloak_at,
    logged_in,
    logged_in_at_console,
    pass_time,
    row_of,
)
from tests.integration.people.conftest import settle, waiting

PAGE = "/profile/sessions/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def post(browser: Browser, address: str, **data: str) -> Any:
    headers = {
        "X-CSRFToken": browser.client.cookies["csrf"].value,
        "Origin": f"{settings.PLEXICA_SCHEME}://{browser.host}",
    }
    return browser.client.post(address, data, headers=headers, follow=True)


def sid_of(tenant: Tenant, browser: Browser) -> str:
    with tenant_scope(tenant):
        return str(row_of(browser).realm_session)


def at_realm(tenant: Tenant, user: User) -> set[str]:
    realm = realm_client(tenant)
    found = realm.call("GET", f"/{tenant.realm}/users/{user.subject}/sessions").body
    return {session["id"] for session in found}


@pytest.fixture
def ada(acme: Tenant) -> User:
    """Ada, without a session."""
    with tenant_scope(acme):
        user = User.objects.get(email=ADA)
    realm_client(acme).end_user_sessions(user.subject)
    with tenant_scope(acme):
        user.browser_sessions.all().delete()
    return user


@pytest.fixture
def wiki(acme: Tenant) -> Iterator[str]:
    """Another application of acme's realm."""
    realm, name = realm_client(acme), f"wiki-{uuid4().hex[:6]}"
    realm.create_client(
        {
            "clientId": name,
            "name": "Acme's wiki",
            "publicClient": True,
            "directAccessGrantsEnabled": True,
        }
    )
    yield name
    found = realm.find_client(name)
    assert found
    realm.delete_client(found["id"])


def log_in_to(wiki: str, tenant: Tenant) -> str:
    answer = requests.post(
        tenant_provider(tenant).token_endpoint,
        data={"grant_type": "password", "client_id": wiki, "username": ADA, "password": PASSWORD},
        timeout=30,
    )
    return str(answer.json()["session_state"])


def test_they_are_listed_and_one_is_ended_in_both_places(acme: Tenant, ada: User) -> None:
    here, there, third = logged_in(acme), logged_in(acme), logged_in(acme)
    there.client.get("/", headers={"User-Agent": FIREFOX})
    with tenant_scope(acme):
        ada.browser_sessions.filter(pk=row_of(there).pk).update(user_agent=FIREFOX)
    page = here.client.get(PAGE).content.decode()
    assert page.count('name="session"') == 2
    assert page.count("This one") == 1
    assert "Firefox on Linux" in page
    assert "127.0.0.1" in page
    assert "cannot be asked now" not in page
    sid = sid_of(acme, there)
    assert "1 session has been ended." in post(here, f"{PAGE}end/", session=sid).content.decode()
    assert not is_in(there)
    assert is_in(here)
    assert is_in(third)
    assert at_realm(acme, ada) == {sid_of(acme, here), sid_of(acme, third)}
    with tenant_scope(acme):
        assert EndedSession.objects.filter(pk=sid).exists(), "Its access tokens are refused."
        entry = AuditEntry.objects.filter(target=f"user:{ada.pk}").latest("at")
    assert (entry.action, entry.after) == ("user.sessions_ended", {"sessions": 1})
    assert post(here, f"{PAGE}end/", session=sid).status_code == HTTPStatus.NOT_FOUND


def test_all_others_end_and_this_one_goes_on(acme: Tenant, ada: User, wiki: str) -> None:
    here, others = logged_in(acme), [logged_in(acme), logged_in(acme)]
    elsewhere = log_in_to(wiki, acme)
    page = here.client.get(PAGE).content.decode()
    assert "Logged in to other applications only:" in page
    assert "Acme&#x27;s wiki" in page
    answer = post(here, f"{PAGE}others/")
    assert "3 sessions have been ended." in answer.content.decode()
    assert [is_in(other) for other in others] == [False, False]
    assert at_realm(acme, ada) == {sid_of(acme, here)}
    assert elsewhere not in here.client.get(PAGE).content.decode()
    assert "There was no other session." in post(here, f"{PAGE}others/").content.decode()
    assert is_in(here)


def test_while_keycloak_is_down_they_end_here_and_there_later(acme: Tenant, ada: User) -> None:
    here, there = logged_in(acme), logged_in(acme)
    sid = sid_of(acme, there)
    assert here.client.get(PAGE).status_code == HTTPStatus.OK
    with keycloak_at("http://127.0.0.1:9"):
        page = here.client.get(PAGE).content.decode()
        assert "The login service cannot be asked now" in page
        page = post(here, f"{PAGE}end/", session=sid).content.decode()
        assert "The login service is told in the background." in page
    assert not is_in(there)
    assert sid in at_realm(acme, ada)
    change = waiting(acme, ada)
    assert change is not None
    assert change.ended_sessions == [sid]
    page = here.client.get("/profile/").content.decode()
    assert "At the login service they have yet to be ended." in page
    settle(acme)
    assert waiting(acme, ada) is None
    assert at_realm(acme, ada) == {sid_of(acme, here)}


def test_what_only_the_realm_still_has_is_shown_and_ended(acme: Tenant, ada: User) -> None:
    """A browser that was idle for long is asked for no password."""
    here, idle = logged_in(acme), logged_in(acme)
    sid = sid_of(acme, idle)
    pass_time(idle, acme, since_use=31, since_login=31, since_due=0)
    assert not is_in(idle)
    page = here.client.get(PAGE).content.decode()
    assert "Logged in at the login service only" in page
    post(here, f"{PAGE}end/", session=sid)
    assert at_realm(acme, ada) == {sid_of(acme, here)}


def test_nobody_ends_a_session_of_somebody_else(acme: Tenant, globex: Tenant, ada: User) -> None:
    victim, cy = logged_in(acme), logged_in(globex, "cy@globex.example")
    sid = sid_of(acme, victim)
    cy.client.get(PAGE)
    for session in (sid, "", "x" * 300, "../../users"):
        answer = post(cy, f"{PAGE}end/", session=session)
        assert answer.status_code in {HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST}
    assert is_in(victim)
    assert sid in at_realm(acme, ada)


def test_staff_end_theirs_by_the_provisioner() -> None:
    here, there = logged_in_at_console(), logged_in_at_console()
    here.client.get(PAGE)
    sid = row_of(there).realm_session
    post(here, f"{PAGE}end/", session=sid)
    assert not is_in(there)
    assert is_in(here)
    assert settle_staff() == 1
    page = here.client.get(PAGE).content.decode()
    assert sid not in page
    assert "cannot be asked now" not in page


def test_the_realm_may_have_ended_it_before(acme: Tenant, ada: User) -> None:
    here, there = logged_in(acme), logged_in(acme)
    here.client.get(PAGE)
    sid = sid_of(acme, there)
    realm_client(acme).end_session(sid)
    with pytest.raises(KeycloakNotFound):
        realm_client(acme).end_session(sid)
    post(here, f"{PAGE}end/", session=sid)
    assert waiting(acme, ada) is None
    assert not is_in(there)
