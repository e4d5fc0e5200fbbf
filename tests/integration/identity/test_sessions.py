"""How a browser's session ends by the clock, what its end looks like, and what its cookie tells."""

from collections.abc import Iterator
from datetime import timedelta
from http import HTTPStatus
from uuid import uuid4

import pytest
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from plexica.core.scope import platform_scope
from plexica.identity.browser_sessions import SESSION_REALM_SESSION, SESSION_TOKENS
from plexica.identity.models import BrowserSession, EndedSession, UsedLogoutToken
from plexica.identity.session_store import SessionStore
from plexica.identity.session_upkeep import clear_sessions
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.integration.identity.browser import Browser, host_of, set_password
from tests.integration.identity.logins import (
    ADA,
    is_in,
    key_of,
    logged_in,
    logged_in_at_console,
    pass_time,
    post,
    row_of,
)

HTMX = {"HX-Request": "true"}


@pytest.fixture
def short_sessions(acme: Tenant) -> Iterator[None]:
    """Acme with sessions of an hour, ten minutes idle."""
    with platform_scope():
        rows = Tenant.objects.filter(pk=acme.pk)
        rows.update(session_idle_minutes=10, session_max_minutes=60)
        yield
        rows.update(session_idle_minutes=30, session_max_minutes=600)


# Lifetimes


def test_it_ends_when_it_was_idle_for_long(ada: Browser, acme: Tenant) -> None:
    pass_time(ada, acme, since_use=29, since_login=29, since_due=0)
    assert is_in(ada)
    pass_time(ada, acme, since_use=31, since_login=31, since_due=0)
    assert not is_in(ada)
    with tenant_scope(acme):
        assert not Session.objects.filter(session_key=key_of(ada) or "none").exists()


def test_it_ends_after_ten_hours_whatever_is_done(ada: Browser, acme: Tenant) -> None:
    pass_time(ada, acme, since_login=599, since_use=0, since_due=0)
    assert is_in(ada)
    pass_time(ada, acme, since_login=2, since_use=0, since_due=0)
    assert not is_in(ada)


def test_a_tenant_has_limits_of_its_own(acme: Tenant, globex: Tenant, short_sessions: None) -> None:
    ada, cy = logged_in(acme), logged_in(globex, "cy@globex.example")
    assert int(ada.client.cookies["session"]["max-age"]) == 3600
    for browser, tenant in ((ada, acme), (cy, globex)):
        pass_time(browser, tenant, since_use=11, since_login=11, since_due=0)
    assert not is_in(ada)
    assert is_in(cy)


def test_the_console_goes_by_the_defaults(short_sessions: None) -> None:
    stella = logged_in_at_console()
    pass_time(stella, since_use=29, since_login=500, since_due=0)
    assert is_in(stella)
    pass_time(stella, since_use=31, since_login=0, since_due=0)
    assert not is_in(stella)


def test_the_use_of_a_session_is_written_once_a_minute(ada: Browser, acme: Tenant) -> None:
    is_in(ada)
    pass_time(ada, acme, since_use=2, since_login=2, since_due=0)
    with tenant_scope(acme):
        before = row_of(ada).last_seen_at
    is_in(ada)
    with tenant_scope(acme):
        seen = row_of(ada).last_seen_at
        assert seen > before
        data = Session.objects.get(pk=key_of(ada)).expire_date
    for _number in range(3):
        is_in(ada)
    with tenant_scope(acme):
        assert row_of(ada).last_seen_at == seen
        assert Session.objects.get(pk=key_of(ada)).expire_date == data


def test_it_costs_no_query_to_know_how_long_it_lasts(ada: Browser, acme: Tenant) -> None:
    with tenant_scope(acme):
        store = SessionStore(key_of(ada))
        assert store[SESSION_KEY]
        assert store.browser
        with CaptureQueriesContext(connection) as queries:
            again = SessionStore(key_of(ada))
            assert again[SESSION_KEY]
            assert again.browser
            assert again.browser.created_at
        assert len(queries) == 1


def test_what_is_known_of_a_session_goes_with_it(ada: Browser, acme: Tenant) -> None:
    with tenant_scope(acme):
        row = row_of(ada)
        assert (row.address, row.user.email) == ("127.0.0.1", ADA)
        assert row.realm_session
    key = key_of(ada)
    ada.log_in(ADA)
    with tenant_scope(acme):
        assert not BrowserSession.objects.filter(session_id=key).exists()
        assert BrowserSession.objects.filter(session_id=key_of(ada)).count() == 1
        Session.objects.filter(pk=key_of(ada)).delete()
        assert not BrowserSession.objects.filter(session_id=key_of(ada)).exists()


def test_the_clock_removes_what_is_over_and_nothing_else(acme: Tenant, ada: Browser) -> None:
    idle, old, expired = (logged_in(acme) for _number in range(3))
    pass_time(idle, acme, since_use=31, since_login=0, since_due=0)
    pass_time(old, acme, since_use=0, since_login=601, since_due=0)
    now = timezone.now()
    with tenant_scope(acme):
        Session.objects.filter(pk=key_of(expired)).update(expire_date=now)
        for name, age in (("old", timedelta(hours=26)), ("new", timedelta(hours=1))):
            EndedSession.objects.create(realm_session=f"clock: {name}", ended_at=now - age)
            UsedLogoutToken.objects.create(
                digest=f"clock: {name}",
                expires_at=now + timedelta(minutes=-1 if name == "old" else 1),
            )
        # As the version before ends one, which knows of no row beside it.
        gone = key_of(logged_in(acme))
        Session.objects.filter(pk=gone)._raw_delete(using="default")  # noqa: SLF001 (it is what Django does then)
        assert BrowserSession.objects.filter(session_id=gone).exists()
    clear_sessions()
    with tenant_scope(acme):
        assert not BrowserSession.objects.filter(session_id=gone).exists()
        keys = set(Session.objects.values_list("pk", flat=True))
        assert not keys & {key_of(idle), key_of(old), key_of(expired)}
        assert key_of(ada) in keys
        for model in (EndedSession, UsedLogoutToken):
            left = model.objects.filter(pk__startswith="clock: ")
            assert list(left.values_list("pk", flat=True)) == ["clock: new"]
            left.delete()


def test_a_session_of_the_version_before_goes_on(ada: Browser, acme: Tenant) -> None:
    """Its tokens are in its own data, and nobody has noted more of it."""
    with tenant_scope(acme):
        row = row_of(ada)
        store = SessionStore(key_of(ada))
        store[SESSION_TOKENS] = row.tokens
        store[SESSION_REALM_SESSION] = row.realm_session
        store.save()
        row.delete()
    assert is_in(ada)
    with tenant_scope(acme):
        again = row_of(ada)
        assert again.realm_session == row.realm_session
        # It was checked with the realm at once.
        assert again.refresh_after > timezone.now()
        assert abs(again.created_at - row.created_at) < timedelta(seconds=30)


# What somebody whose session has ended is told


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("get", HTMX | {"HX-Current-URL": "{here}"}),
        ("post", HTMX | {"HX-Current-URL": "{here}"}),
        ("get", {"X-Requested-With": "XMLHttpRequest", "Referer": "{here}"}),
        ("get", {"Sec-Fetch-Mode": "cors", "Referer": "{here}", "Accept": "application/json"}),
        ("post", {"Sec-Fetch-Mode": "cors", "Referer": "{here}"}),
    ],
)
def test_scripts_are_told_that_the_session_has_ended_and_where_to_come_back(
    ada: Browser, acme: Tenant, method: str, headers: dict[str, str]
) -> None:
    is_in(ada)
    pass_time(ada, acme, since_use=31, since_login=31, since_due=0)
    here = f"{acme.workspace_url}/roles/?page=2"
    sent = {name: value.format(here=here) for name, value in headers.items()}
    response = (
        post(ada, "/roles/give/", **sent)
        if method == "post"
        else ada.client.get("/roles/", headers=sent)
    )
    assert response.status_code == HTTPStatus.UNAUTHORIZED
    assert response["HX-Redirect"] == "/oidc/authenticate/?next=%2Froles%2F%3Fpage%3D2"
    back = ada.log_in(ADA, "/roles/?page=2")
    assert back["Location"] == "/roles/?page=2"


def test_a_form_that_is_sent_too_late_comes_back_to_its_page(ada: Browser, acme: Tenant) -> None:
    is_in(ada)
    pass_time(ada, acme, since_use=31, since_login=31, since_due=0)
    response = post(
        ada, "/roles/give/",
        **{"Sec-Fetch-Mode": "navigate", "Referer": f"{acme.workspace_url}/roles/owner/"},
    )  # fmt: skip
    assert response.status_code == HTTPStatus.FOUND
    assert response["Location"] == "/oidc/authenticate/?next=%2Froles%2Fowner%2F"


# Fixation and the cookie


def test_a_session_that_somebody_else_has_chosen_is_not_logged_in(
    acme: Tenant, ada: Browser
) -> None:
    set_password(acme, ADA)
    with tenant_scope(acme):
        planted = SessionStore()
        planted["planted"] = True
        planted.save()
    victim = Browser(host_of(acme.workspace_url))
    for key in (planted.session_key, uuid4().hex + "x"):
        assert key
        victim.client.cookies["session"] = key
        victim.log_in(ADA)
        assert key_of(victim) != key
        attacker = Client(headers={"Host": victim.host})
        attacker.cookies["session"] = key
        assert attacker.get("/").status_code == HTTPStatus.FOUND


def test_the_cookie_tells_nothing_and_no_script_reads_it(ada: Browser) -> None:
    cookie = ada.client.cookies["session"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/"
    assert not cookie["domain"]
