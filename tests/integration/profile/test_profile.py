"""One's own profile: saved, shown, and told to the real realm."""

from collections.abc import Iterator
from http import HTTPStatus

import pytest
from django.db import transaction
from django.test import Client

from plexica.audit.models import AuditEntry
from plexica.core.actor import SYSTEM
from plexica.identity.keycloak.realm import realm_client
from plexica.identity.models import RealmChange, User
from plexica.identity.realm_changes import ask_realm, settle_staff
from plexica.identity.services import provision_user
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.integration.console.conftest import logged_in as staff_logged_in
from tests.integration.identity.logins import keycloak_at, logged_in_at_console, row_of
from tests.integration.people.conftest import Comes, in_realm, in_row, settle, waiting
from tests.integration.profile.conftest import known_in, values
from tests.integration.workspace.conftest import Member

QUERIES = 7


@pytest.fixture
def speaking(acme: Tenant) -> Iterator[None]:
    """Acme's realm knows languages."""
    realm = realm_client(acme)
    before = realm.get_settings()
    realm.update_settings({"internationalizationEnabled": True, "supportedLocales": ["en", "it"]})
    yield
    realm.update_settings(
        {"internationalizationEnabled": before.get("internationalizationEnabled", False)}
    )


def test_what_is_saved_is_shown_and_recorded(acme: Tenant, bo: Member) -> None:
    saved = bo.client.post(
        "/profile/",
        values(bo.client, first_name="Bo", time_zone="Europe/Rome", theme_mode="dark"),
        follow=True,
    )
    page = saved.content.decode()
    assert "Your profile has been saved." in page
    assert '<html lang="en" data-bs-theme="dark" data-theme-mode="dark">' in page
    assert '<option value="Europe/Rome" selected>' in page
    with tenant_scope(acme):
        entry = AuditEntry.objects.filter(target=f"user:{bo.user.pk}").latest("at")
    assert entry.action == "user.preferences_changed"
    assert entry.actor_id == str(bo.user.pk)
    assert entry.after == {"time_zone": "Europe/Rome", "theme_mode": "dark"}


def test_nothing_is_recorded_of_what_stays(acme: Tenant, bo: Member) -> None:
    with tenant_scope(acme):
        before = AuditEntry.objects.count()
    bo.client.post("/profile/", values(bo.client, first_name="Bo"))
    with tenant_scope(acme):
        assert AuditEntry.objects.count() == before
        assert not RealmChange.objects.filter(pk=bo.user.pk).exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("locale", "xx"),
        ("time_zone", "Europe/Atlantis"),
        ("theme_mode", "pink"),
        ("first_name", "a" * 101),
        ("first_name", "<b>"),
        ("last_name", "new\x00line"),
        ("is_active", "false"),
        ("known", ""),
    ],
)
def test_what_is_not_acceptable_is_refused(
    acme: Tenant, bo: Member, field: str, value: str
) -> None:
    answer = bo.client.post("/profile/", values(bo.client, first_name="Bo") | {field: value})
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    row = in_row(acme, bo.user)
    assert (row.locale, row.time_zone, row.theme_mode, row.first_name) == ("", "", "", "Bo")


def test_two_tabs_do_not_undo_each_others_change(acme: Tenant, bo: Member) -> None:
    first = values(bo.client, first_name="Bo", theme_mode="dark")
    second = values(bo.client, first_name="Bo", theme_mode="light")
    bo.client.post("/profile/", first)
    page = bo.client.post("/profile/", second, follow=True).content.decode()
    assert "It was changed elsewhere in the meantime." in page
    assert in_row(acme, bo.user).theme_mode == "dark"


def test_the_realm_hears_of_name_and_language(acme: Tenant, comes: Comes, speaking: None) -> None:
    user, browser = comes("member")
    browser.client.get("/profile/")
    token = browser.client.cookies["csrf"].value
    wanted = values(browser.client, first_name="Dora", last_name="Day", locale="it")
    answer = browser.client.post("/profile/", wanted, headers={"X-CSRFToken": token})
    assert answer.status_code == HTTPStatus.FOUND
    known = in_realm(acme, user)
    assert known is not None
    assert (known["firstName"], known["lastName"]) == ("Dora", "Day")
    assert known["attributes"] == {"locale": ["it"]}
    row = in_row(acme, user)
    assert (row.first_name, row.last_name, row.locale) == ("Dora", "Day", "it")
    assert waiting(acme, user) is None
    # As the workspace: the realm forgets it.
    wanted = values(browser.client, first_name="Dora", last_name="Day", locale="")
    browser.client.post("/profile/", wanted, headers={"X-CSRFToken": token})
    known = in_realm(acme, user)
    assert known is not None
    assert "locale" not in known.get("attributes", {})


def test_what_the_realm_does_not_hear_now_is_told_later(
    acme: Tenant, comes: Comes, speaking: None
) -> None:
    user, browser = comes("member")
    browser.client.get("/profile/")
    token = browser.client.cookies["csrf"].value
    wanted = values(browser.client, first_name="Late", locale="it")
    with keycloak_at("http://127.0.0.1:9"):
        browser.client.post("/profile/", wanted, headers={"X-CSRFToken": token})
    page = browser.client.get("/profile/", headers={"Accept-Language": "en"}).content.decode()
    row = in_row(acme, user)
    assert (row.locale, row.first_name) == ("it", ""), "The language is ours, the name is not."
    assert 'value="Late"' in page
    assert 'hx-trigger="every 5s"' in page
    settle(acme)
    assert waiting(acme, user) is None
    assert in_row(acme, user).first_name == "Late"
    known = in_realm(acme, user)
    assert known is not None
    assert known["attributes"] == {"locale": ["it"]}


def test_what_waits_for_the_realm_is_not_overwritten_by_its_old_word(
    acme: Tenant, bo: Member
) -> None:
    with tenant_scope(acme), transaction.atomic():
        User.objects.filter(pk=bo.user.pk).update(locale="it")
        bo.user.refresh_from_db()
        ask_realm(user=bo.user, actor=SYSTEM, locale="it")
        said = {"locale": "en", "given_name": "Bo"}
        kept = provision_user(issuer=bo.user.issuer, subject=bo.user.subject, claims=said)
        assert kept.locale == "it"
        RealmChange.objects.all().delete()
        kept = provision_user(issuer=bo.user.issuer, subject=bo.user.subject, claims=said)
        assert kept.locale == "en"


def test_the_menus_buttons_are_the_same_choice(acme: Tenant, bo: Member) -> None:
    answer = bo.client.post("/profile/theme/", {"theme": "dark", "next": "/users/?q=a"})
    assert answer["Location"] == "/users/?q=a"
    assert in_row(acme, bo.user).theme_mode == "dark"
    assert '<option value="dark" selected>' in bo.client.get("/profile/").content.decode()
    answer = bo.client.post("/profile/theme/", {"theme": "light"}, headers={"HX-Request": "true"})
    assert answer.status_code == HTTPStatus.NO_CONTENT
    page = bo.client.get("/").content.decode()
    assert 'data-bs-theme="light" data-theme-mode="light"' in page
    assert 'value="light" data-theme-choice="light" aria-pressed="true"' in page
    for wrong in ({"theme": "pink"}, {}, {"theme": "dark", "more": "x"}):
        assert bo.client.post("/profile/theme/", wrong).status_code == HTTPStatus.BAD_REQUEST
    away = {"theme": "auto", "next": "//evil.example/"}
    assert bo.client.post("/profile/theme/", away)["Location"] == "/"


def test_the_tenants_theme_is_for_those_who_chose_none(acme: Tenant, bo: Member) -> None:
    Tenant.objects.filter(pk=acme.pk).update(theme_mode="dark")
    try:
        assert 'data-theme-mode="dark"' in bo.client.get("/").content.decode()
        bo.client.post("/profile/theme/", {"theme": "auto"})
        assert 'data-theme-mode="auto"' in bo.client.get("/").content.decode()
    finally:
        Tenant.objects.filter(pk=acme.pk).update(theme_mode="auto")


def test_the_page_takes_a_fixed_number_of_queries(
    bo: Member, django_assert_max_num_queries: object
) -> None:
    bo.client.get("/profile/")
    with django_assert_max_num_queries(QUERIES):  # type: ignore[operator]
        assert bo.client.get("/profile/").status_code == HTTPStatus.OK


def test_staff_have_the_same_page_and_the_provisioner_tells_their_realm() -> None:
    browser = logged_in_at_console()
    client = browser.client
    page = client.get("/profile/").content.decode()
    assert 'type="file"' not in page, "They have no bucket."
    row = row_of(browser).user
    before = row.last_name
    token = client.cookies["csrf"].value
    wanted = values(client, first_name=row.first_name, last_name="Adminson", theme_mode="auto")
    answer = client.post("/profile/", wanted, headers={"X-CSRFToken": token}, follow=True)
    assert "The login service is told in the background." in answer.content.decode()
    row.refresh_from_db()
    assert row.last_name == before
    settle_staff()
    row.refresh_from_db()
    assert row.last_name == "Adminson"
    assert "Waiting for the login service" not in client.get("/profile/").content.decode()
    wanted = values(client, first_name=row.first_name, last_name=before, theme_mode="auto")
    client.post("/profile/", wanted, headers={"X-CSRFToken": token})
    settle_staff()


def test_strangers_and_forged_forms_are_refused(acme: Tenant) -> None:
    stranger = Client(headers={"host": "acme.localhost"})
    for address in ("/profile/", "/people/5cf9cd0b-8dc5-44b5-9d0a-5f0b5a9c0e65/picture/a.webp"):
        assert stranger.get(address)["Location"].startswith("/oidc/authenticate/")
    console = staff_logged_in(is_super_admin=False)
    assert console.get("/profile/").status_code == HTTPStatus.OK, "It needs no permission."
    assert known_in(console)
