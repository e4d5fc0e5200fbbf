"""Pages in the language and time zone of the person, of the tenant, of the browser."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from plexica.core.actor import SYSTEM
from plexica.identity.models import User
from plexica.rbac.services import assign_role
from tenants.middleware import TenantMiddleware
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tenants.states import TenantState
from tests.integration.workspace.conftest import Member, ada, come  # noqa: F401

ITALIAN = {"Accept-Language": "it-IT,it;q=0.9,en;q=0.5"}
MENU = {"en": "Dashboard", "it": "Panoramica"}


@contextmanager
def having(tenant: Tenant, **values: str) -> Iterator[None]:
    """Let a tenant have chosen something, for as long as a block runs."""
    before = {name: getattr(tenant, name) for name in values}
    Tenant.objects.filter(pk=tenant.pk).update(**values)
    try:
        yield
    finally:
        Tenant.objects.filter(pk=tenant.pk).update(**before)


def choose(member: Member, **values: str) -> None:
    with tenant_scope(member.tenant):
        User.objects.filter(pk=member.user.pk).update(**values)


def language_of(answer: object) -> str:
    """Return the language of a page, having looked that it is wholly that."""
    page = answer.content.decode()  # type: ignore[attr-defined] # Django's test answers
    language: str = answer.headers["Content-Language"]  # type: ignore[attr-defined] # the same
    assert f'<html lang="{language}"' in page
    assert "Accept-Language" in answer.headers["Vary"]  # type: ignore[attr-defined] # the same
    return language


def test_a_page_is_in_ones_own_language_then_the_tenants_then_the_browsers(
    acme: Tenant,
    ada: Member,  # noqa: F811
) -> None:
    def seen(accept: str = "") -> str:
        answer = ada.client.get("/", headers={"Accept-Language": accept})
        language = language_of(answer)
        assert MENU[language] in answer.content.decode()
        return language

    assert seen() == "en"
    assert seen("it-IT,it;q=0.9") == "it"
    with having(acme, locale="it"):
        assert seen("en") == "it"
        choose(ada, locale="en-GB")
        assert seen("it-IT,it;q=0.9") == "en"
    choose(ada, locale="it")
    with having(acme, locale="en"):
        assert seen("en") == "it"


@pytest.mark.parametrize("bad", ["xx", "../it", "it'--", "i" * 35, "de-DE"])
def test_what_is_no_language_of_ours_is_as_if_it_were_not_there(
    acme: Tenant,
    ada: Member,  # noqa: F811
    bad: str,
) -> None:
    choose(ada, locale=bad, time_zone="Mars/Olympus")
    with having(acme, locale=bad[:10], time_zone="../../etc"):
        answer = ada.client.get("/", headers=ITALIAN)
    assert answer.status_code == HTTPStatus.OK
    assert language_of(answer) == "it"


def test_the_api_is_english(acme: Tenant) -> None:
    answers = []
    for locale in ("", "it"):
        with having(acme, locale=locale):
            client = Client(headers={"host": f"{acme.slug}.localhost", **ITALIAN})
            answers.append(
                [
                    (answer.headers.get("Content-Language"), answer.json() | {"request_id": ""})
                    for answer in (client.get("/api/users"), client.get("/api/nowhere"))
                ]
            )
    assert answers[0] == answers[1]
    assert answers[1][1][1]["detail"] == "There is nothing at this address."


def test_error_pages_speak_as_well_as_is_known(acme: Tenant, ada: Member) -> None:  # noqa: F811
    stranger = Client(headers={"host": f"{acme.slug}.localhost"})
    nothing = {"en": "There is nothing here", "it": "Qui non c’è nulla"}
    assert nothing["it"] in stranger.get("/nowhere/", headers=ITALIAN).content.decode()
    with having(acme, locale="it"):
        assert nothing["it"] in stranger.get("/nowhere/").content.decode()
        choose(ada, locale="en")
        assert nothing["en"] in ada.client.get("/nowhere/", headers=ITALIAN).content.decode()
        # Refused before the view, and while the session is looked at.
        strict = Client(headers={"host": f"{acme.slug}.localhost"}, enforce_csrf_checks=True)
        refused = strict.post("/oidc/logout/")
        assert refused.status_code == HTTPStatus.FORBIDDEN
        assert language_of(refused) == "it"
    with having(acme, locale="it", state=TenantState.SUSPENDED):
        closed = stranger.get("/")
        assert closed.status_code == HTTPStatus.FORBIDDEN
        assert "Questo workspace è chiuso" in closed.content.decode()
        assert language_of(closed) == "it"


def test_what_fails_before_anybody_is_known_speaks_as_the_browser(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("The routing table cannot be read.")

    monkeypatch.setattr(TenantMiddleware, "_find_tenant", fail)
    client = Client(headers={"host": "acme.localhost"}, raise_request_exception=False)
    failed = client.get("/", headers=ITALIAN)
    assert failed.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
    assert language_of(failed) == "it"
    assert "Qualcosa è andato storto da parte nostra" in failed.content.decode()
    assert language_of(client.get("/")) == "en"


def test_the_page_of_an_unknown_host_is_the_same_for_everybody() -> None:
    client = Client(headers={"host": "nobody-has-this.localhost"})
    plain, italian = client.get("/"), client.get("/", headers=ITALIAN)
    assert plain.content == italian.content
    assert plain.headers["Content-Language"] == italian.headers["Content-Language"] == "en"
    assert "Accept-Language" not in italian.headers.get("Vary", "")


def test_the_console_goes_by_the_person_and_the_browser() -> None:
    user = User.objects.create(issuer="http://test", subject=uuid.uuid4().hex, first_name="Stella")
    assign_role(holder=user, role="super-admin", actor=SYSTEM)
    client = Client(headers={"host": "localhost"})
    client.force_login(user)
    assert language_of(client.get("/tenants/")) == "en"
    assert language_of(client.get("/tenants/", headers=ITALIAN)) == "it"
    User.objects.filter(pk=user.pk).update(locale="it")
    page = client.get("/tenants/new/")
    assert language_of(page) == "it"
    assert "Nuovo tenant" in page.content.decode()


def test_what_is_kept_in_english_is_translated_where_it_is_shown(
    ada: Member,  # noqa: F811
) -> None:
    choose(ada, locale="it")
    roles = ada.client.get("/roles/owner/").content.decode()
    assert "<h1" in roles
    assert "Proprietario" in roles
    assert "Può fare tutto nel workspace, plugin inclusi." in roles
    why = ada.client.get("/why/", {"user": str(ada.user.pk)}).content.decode()
    assert "Vedere ruoli e gruppi" in why
    assert "ruolo assegnato" in ada.client.get("/").content.decode()
    # What a person's own copy begins with is theirs, in their words.
    assert "Copia di Membro" in ada.client.get("/roles/new/", {"copy": "member"}).content.decode()


def test_a_language_costs_no_query(
    acme: Tenant,
    ada: Member,  # noqa: F811
) -> None:
    ada.client.get("/users/")
    with CaptureQueriesContext(connection) as plain:
        ada.client.get("/users/")
    choose(ada, locale="it", time_zone="Europe/Rome")
    with CaptureQueriesContext(connection) as chosen:
        assert language_of(ada.client.get("/users/")) == "it"
    assert len(chosen) == len(plain)
