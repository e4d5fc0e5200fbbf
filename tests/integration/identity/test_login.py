"""Logging in and out, with the real Keycloak and the real middleware."""

import json
import os
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client

from plexica.audit.models import AuditEntry
from plexica.core.errors import TransientError
from plexica.core.scope import NoScope
from plexica.identity.actors import SESSION_ROLES
from plexica.identity.browser_sessions import open_tokens
from plexica.identity.keycloak.realm import realm_client
from plexica.identity.models import User
from plexica.identity.services import (
    create_realm_user,
    delete_realm_user,
    provision_user,
    send_invitation,
)
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.integration.identity.browser import Browser, host_of, query, set_password

ADA = "ada@acme.example"
CY = "cy@globex.example"


@pytest.fixture
def at_acme(acme: Tenant) -> Browser:
    set_password(acme, ADA)
    return Browser(host_of(acme.workspace_url))


def session_of(browser: Browser) -> str:
    return browser.client.cookies["session"].value


def is_logged_in(browser: Browser) -> bool:
    response = browser.client.get("/")
    # The console's home leads on to the tenants.
    return not response.get("Location", "").startswith("/oidc/")


def test_owner_logs_in_and_is_matched_by_realm_and_subject(at_acme: Browser, acme: Tenant) -> None:
    assert not is_logged_in(at_acme)
    response = at_acme.log_in(ADA, "/?from=test")
    assert (response.status_code, response["Location"]) == (302, "/?from=test")
    assert is_logged_in(at_acme)
    with tenant_scope(acme):
        user = User.objects.get(email=ADA)
        assert user.issuer.endswith(f"/realms/{acme.realm}")
        assert user.last_login is not None


def test_tokens_stay_on_the_server_and_are_encrypted(at_acme: Browser, acme: Tenant) -> None:
    at_acme.log_in(ADA)
    with tenant_scope(acme):
        session = Session.objects.get(session_key=session_of(at_acme))
        kept = session.browser.tokens
    assert "eyJ" not in json.dumps(session.get_decoded())
    assert "eyJ" not in kept
    assert open_tokens(kept).keys() == {"access_token", "id_token", "refresh_token"}
    assert all("eyJ" not in morsel.value for morsel in at_acme.client.cookies.values())


def test_two_tabs_at_once_both_come_back_to_their_own_page(at_acme: Browser) -> None:
    first, second = at_acme.begin("/?tab=1"), at_acme.begin("/?tab=2")
    back_second = at_acme.log_in_at_keycloak(second, ADA)
    back_first = at_acme.log_in_at_keycloak(first, ADA)
    assert at_acme.come_back(back_first)["Location"] == "/?tab=1"
    assert at_acme.come_back(back_second)["Location"] == "/?tab=2"
    assert is_logged_in(at_acme)


def test_session_changes_its_id_at_login(at_acme: Browser) -> None:
    at_acme.log_in(ADA)
    before = session_of(at_acme)
    at_acme.log_in(ADA)
    assert session_of(at_acme) != before


def test_answer_is_good_once_and_in_one_browser(at_acme: Browser, acme: Tenant) -> None:
    back = at_acme.log_in_at_keycloak(at_acme.begin(), ADA)
    stranger = Browser(host_of(acme.workspace_url))
    assert stranger.come_back(back).status_code == 400
    assert at_acme.come_back(back).status_code == 302
    assert at_acme.come_back(back).status_code == 400
    assert is_logged_in(at_acme), "A failed login leaves the session alone."


@pytest.mark.parametrize(
    "address",
    [
        "/oidc/callback/", "/oidc/callback/?error=x", "/oidc/callback/?error=x&state=y",
        "/oidc/callback/?code=x", "/oidc/callback/?code=x&state=y", "/oidc/callback/?state=%00",
    ],
)  # fmt: skip
def test_callback_without_a_known_state_changes_nothing(at_acme: Browser, address: str) -> None:
    at_acme.log_in(ADA)
    response = at_acme.client.get(address)
    assert response.status_code == 400
    assert b"Try again" in response.content
    assert is_logged_in(at_acme)


def test_bad_code_gives_a_page_that_says_so(at_acme: Browser) -> None:
    state = query(at_acme.begin())["state"]
    response = at_acme.client.get("/oidc/callback/", {"state": state, "code": "made-up"})
    assert response.status_code == 400
    assert b"did not accept this login" in response.content


def test_answer_of_another_issuer_is_refused(at_acme: Browser) -> None:
    back = at_acme.log_in_at_keycloak(at_acme.begin(), ADA)
    parameters = query(back) | {"iss": "http://evil.example"}
    assert at_acme.client.get("/oidc/callback/", parameters).status_code == 400
    assert not is_logged_in(at_acme)


def test_keycloak_down_gives_a_page_that_says_so(
    at_acme: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object, **_options: object) -> None:
        raise TransientError("down")

    back = at_acme.log_in_at_keycloak(at_acme.begin(), ADA)
    monkeypatch.setattr("plexica.identity.oidc.backend.Transport.call", fail)
    assert at_acme.come_back(back).status_code == 503


def test_next_never_leaves_the_host(at_acme: Browser) -> None:
    assert at_acme.log_in(ADA, "//evil.example/")["Location"] == "/"


def test_session_and_people_of_one_tenant_are_nothing_to_another(
    at_acme: Browser, acme: Tenant, globex: Tenant
) -> None:
    at_acme.log_in(ADA)
    at_globex = Browser(host_of(globex.workspace_url))
    at_globex.client.cookies["session"] = session_of(at_acme)
    assert not is_logged_in(at_globex)
    back = at_acme.log_in_at_keycloak(at_acme.begin(), ADA)
    # The cookie of a login at acme, sent to globex with acme's answer.
    for name, morsel in at_acme.client.cookies.items():
        at_globex.client.cookies[name] = morsel.value
    assert at_globex.client.get("/oidc/callback/", query(back)).status_code == 400


def test_disabled_person_is_refused_and_put_out(at_acme: Browser, acme: Tenant) -> None:
    at_acme.log_in(ADA)
    with tenant_scope(acme):
        User.objects.filter(email=ADA).update(is_active=False)
    try:
        assert not is_logged_in(at_acme)
        response = at_acme.log_in(ADA)
        assert response.status_code == 403
        assert b"disabled" in response.content
        assert not is_logged_in(at_acme)
    finally:
        with tenant_scope(acme):
            User.objects.filter(email=ADA).update(is_active=True)


def test_logout_ends_the_session_here_and_at_keycloak(at_acme: Browser, acme: Tenant) -> None:
    at_acme.log_in(ADA)
    at_acme.client.get("/")
    assert at_acme.client.post("/oidc/logout/").status_code == 403, "Without a CSRF token."
    assert at_acme.client.get("/oidc/logout/").status_code == 405
    assert is_logged_in(at_acme)
    response = at_acme.client.post(
        "/oidc/logout/",
        headers={
            "X-CSRFToken": at_acme.client.cookies["csrf"].value, "Origin": acme.workspace_url,
        },
    )  # fmt: skip
    assert response.status_code == 302
    assert query(response["Location"])["post_logout_redirect_uri"] == f"{acme.workspace_url}/"
    assert not is_logged_in(at_acme)
    ended = at_acme.keycloak.get(response["Location"], timeout=30, allow_redirects=False)
    assert ended.headers["Location"] == f"{acme.workspace_url}/"
    page = at_acme.keycloak.get(at_acme.begin(), timeout=30, allow_redirects=False)
    assert page.status_code == 200, "Keycloak asks for the password again."


def test_super_admin_logs_in_to_the_console() -> None:
    browser = Browser(host_of(settings.PLEXICA_CONSOLE_URL))
    back = browser.log_in_at_keycloak(
        browser.begin(), os.environ["PLEXICA_ADMIN_USERNAME"], os.environ["PLEXICA_ADMIN_PASSWORD"]
    )
    assert browser.come_back(back).status_code == 302
    assert is_logged_in(browser)
    stored = Session.objects.get(session_key=session_of(browser)).get_decoded()
    assert "super-admin" in stored[SESSION_ROLES]


def test_expired_session_sends_htmx_to_log_in(acme: Tenant) -> None:
    client = Client(headers={"Host": host_of(acme.workspace_url)})
    response = client.get(
        "/", headers={"HX-Request": "true", "HX-Current-URL": f"{acme.workspace_url}/?a=1"}
    )
    assert response.status_code == 401
    assert response["HX-Redirect"] == "/oidc/authenticate/?next=%2F%3Fa%3D1"


def test_person_is_made_once_and_kept_in_step(acme: Tenant) -> None:
    claims = {"email": "new@acme.example", "given_name": "Nia", "family_name": "Ng"}
    with tenant_scope(acme):
        first = provision_user(issuer="http://issuer", subject="nia", claims=claims)
        again = provision_user(
            issuer="http://issuer", subject="nia", claims=claims | {"given_name": "Mia"}
        )
        stranger = provision_user(issuer="http://other", subject="nia", claims=claims)
        assert first.pk == again.pk
        assert again.first_name == "Mia"
        assert again.email == "new@acme.example"
        assert stranger.pk != first.pk
        actions = AuditEntry.objects.filter(target=f"user:{first.pk}").values_list(
            "action", flat=True
        )
        assert sorted(actions) == ["user.created", "user.updated"]
        User.objects.filter(pk__in=[first.pk, stranger.pk]).delete()


@pytest.fixture
def invited(acme: Tenant) -> Iterator[str]:
    subject = create_realm_user(tenant=acme, email="Bo@Acme.example", first_name="Bo")
    yield subject
    delete_realm_user(tenant=acme, subject=subject)
    delete_realm_user(tenant=acme, subject=subject)


def test_person_is_made_in_the_realm_once(acme: Tenant, invited: str) -> None:
    assert create_realm_user(tenant=acme, email="bo@acme.example") == invited
    found = realm_client(acme).get_user(invited)
    assert sorted(found["requiredActions"]) == ["UPDATE_PASSWORD", "VERIFY_EMAIL"]
    send_invitation(tenant=acme, subject=invited)


def test_mail_server_down_is_worth_another_try(acme: Tenant, invited: str) -> None:
    realm = realm_client(acme)
    smtp = realm.get_settings()["smtpServer"]
    realm.call("PUT", f"/{acme.realm}", body={"smtpServer": smtp | {"port": "9"}})
    try:
        with pytest.raises(TransientError):
            send_invitation(tenant=acme, subject=invited)
    finally:
        realm.call("PUT", f"/{acme.realm}", body={"smtpServer": smtp})


def test_nobody_logs_in_to_a_schema_of_no_one() -> None:
    from plexica.core.scope import enter_scope, schema_owner  # noqa: PLC0415 (only here)
    from plexica.identity.providers import current_provider  # noqa: PLC0415 (only here)

    with enter_scope(schema_owner("t_x")), pytest.raises(NoScope):
        current_provider()
