"""The catalogue, and who sees what of it."""

from collections.abc import Iterator
from http import HTTPStatus

import pytest
from django.test import Client

from plexica.core.scope import platform_scope
from plugins.models import Installation
from plugins.states import InstallationState
from tenants.models import SupportVisit, Tenant
from tests.integration.support.conftest import form_token, staff_with
from tests.integration.workspace.conftest import Member
from tests.integration.workspace.plugins.conftest import SECRET, Publish, of, page, viewing


def test_shows_what_is_offered_and_finds_it(ada: Member, publish: Publish) -> None:
    publish()
    publish(slug="tasks", name="Tasks")
    publish(slug="hidden", name="Hidden", is_published=False)
    text = page(ada.client.get("/plugins/"))
    assert 'href="/plugins/notes/"' in text
    assert "Tasks" in text
    assert "Not installed" in text
    assert "Hidden" not in text
    found = page(ada.client.get("/plugins/?q=tas", headers={"HX-Request": "true"}))
    assert "<html" not in found
    assert "Tasks" in found
    assert "/plugins/notes/" not in found
    assert "/plugins/tasks/" in page(ada.client.get("/plugins/?q=REMEMBER"))
    assert "No plugin matches" in page(ada.client.get("/plugins/?q=zebra"))
    assert ada.client.get("/plugins/?q=" + "x" * 101).status_code == HTTPStatus.BAD_REQUEST
    assert ada.client.get("/plugins/hidden/").status_code == HTTPStatus.NOT_FOUND


def test_says_what_a_plugin_asks_for_in_words(ada: Member, publish: Publish) -> None:
    publish(uses=("users:read", "mail"))
    text = page(ada.client.get("/plugins/notes/"))
    for words in (
        "Keeps what people want to remember.",
        "Eve",
        "Apache-2.0",
        "office",
        "Read the names and e-mail addresses",
        "Send mail to your people",
        "See what was noted.",
        "Owner, Admin, Member",
        'href="/plugins/notes/install/"',
    ):
        assert words in text, words
    assert "/plugins/notes/uninstall/" not in text


def test_is_for_those_who_may(bo: Member, acme: Tenant, installed: Installation) -> None:
    assert bo.client.get("/plugins/").status_code == HTTPStatus.FORBIDDEN
    lia = viewing(acme)
    assert "/plugins/notes/" in page(lia.client.get("/plugins/"))
    text = page(lia.client.get("/plugins/notes/"))
    assert "/plugins/notes/disable/" not in text
    assert "/plugins/notes/uninstall/" not in text
    for action in ("disable", "settings", "uninstall"):
        answer = lia.client.post(f"/plugins/notes/{action}/")
        assert answer.status_code == HTTPStatus.FORBIDDEN
    assert lia.client.get(f"/plugins/notes/runs/{installed.run_id}/").status_code == 200
    now = of(acme)
    assert now is not None
    assert now.state == InstallationState.ENABLED


def test_the_intruder_sees_and_changes_nothing(
    cy: Member, acme: Tenant, installed: Installation
) -> None:
    """Cy, owner of globex, asks acme's host, and his own for what is acme's."""
    runs = [("get", f"runs/{installed.run_id}/"), ("post", f"runs/{installed.run_id}/retry/")]
    for method, path in runs:
        answer = getattr(cy.client, method)(f"/plugins/notes/{path}")
        assert answer.status_code == HTTPStatus.NOT_FOUND
    text = page(cy.client.get("/plugins/notes/"))
    assert "notes@acme.example" not in text
    assert 'href="/plugins/notes/install/"' in text
    paths = ["", "settings/", "enable/", "disable/", "uninstall/", "upgrade/", "install/"]
    for path in [*paths, *(path for _method, path in runs)]:
        for method in ("get", "post"):
            ask = getattr(cy.client, method)
            answer = ask(f"/plugins/notes/{path}", headers={"host": "acme.localhost"})
            assert answer.status_code in {HTTPStatus.FOUND, HTTPStatus.METHOD_NOT_ALLOWED}
            assert answer.headers.get("Location", "/oidc/").startswith("/oidc/")
    now = of(acme)
    assert now is not None
    assert now.state == InstallationState.ENABLED


@pytest.fixture
def visitor(acme: Tenant) -> Iterator[Client]:
    """Somebody of support who has come to acme to see."""
    yield staff_with("support").visit(acme)
    with platform_scope():
        SupportVisit.objects.all().delete()


@pytest.mark.usefixtures("installed")
def test_visitor_of_support_reads_only(acme: Tenant, visitor: Client) -> None:
    text = page(visitor.get("/plugins/notes/"))
    assert SECRET not in page(visitor.get("/plugins/"))
    values = {"csrfmiddlewaretoken": form_token(text)}
    assert visitor.post("/plugins/notes/disable/", values).status_code == HTTPStatus.FORBIDDEN
    now = of(acme)
    assert now is not None
    assert now.state == InstallationState.ENABLED


def test_the_pages_speak_italian(ada: Member, publish: Publish) -> None:
    publish()
    italian = {"Accept-Language": "it"}
    text = page(ada.client.get("/plugins/notes/install/", headers=italian))
    for words in ("Installare Notes?", "Acconsento a quello che chiede", "Leggere nomi"):
        assert words in text, words
