"""The example plugin answers, for two tenants, over HTTP."""

import pytest

from plexica_sdk.testing import ADA, BO, CY, Member, RunningBackend
from tests.integration.plugins.sdk.running import HELLO, run_own_tests

READ, WRITE = "hello:notes:read", "hello:notes:write"


@pytest.fixture(autouse=True)
def _fresh(hello: RunningBackend) -> None:
    for installation in hello.host.installations.values():
        installation.forget()


def _add(hello: RunningBackend, member: Member, text: str) -> None:
    answer = hello.ask(
        "POST",
        "/api/notes",
        member=member,
        permissions=[READ, WRITE],
        via="api",
        json={"text": text},
    )
    assert answer.status_code == 201, answer.text


def test_it_says_that_it_is_ready(hello: RunningBackend) -> None:
    answer = hello.send("GET", "/_plexica/ready")

    assert answer.status_code == 200
    assert answer.json() == {"contract": 1, "plugin": "hello", "version": "0.1.0"}


def test_the_page_greets_and_has_a_form_for_those_who_may_write(hello: RunningBackend) -> None:
    text = hello.ask("GET", "/", member=ADA, permissions=[READ, WRITE]).text

    assert "Hello, Ada!" in text
    assert 'action="/x/hello/notes/"' in text
    assert f'name="csrfmiddlewaretoken" value="csrf-of-{ADA.user.id}"' in text
    assert f"/x-static/{hello.host.backend.digest}/icon.svg" in text


def test_the_page_has_no_form_for_those_who_may_not(hello: RunningBackend) -> None:
    text = hello.ask("GET", "/", member=BO, permissions=[READ]).text

    assert "Hello, Bo!" in text
    assert "<form" not in text


def test_without_the_permission_there_is_no_page(hello: RunningBackend) -> None:
    answer = hello.ask("GET", "/", member=BO)

    assert answer.status_code == 403
    assert "hello:notes:read" in answer.text


def test_a_plain_form_leads_back_to_the_page(hello: RunningBackend) -> None:
    answer = hello.ask(
        "POST", "/notes/", member=ADA, permissions=[READ, WRITE], data={"text": "Milk"}
    )

    assert answer.status_code == 302
    assert answer.headers["Location"] == "/x/hello/"
    assert "Milk" in hello.ask("GET", "/", member=ADA, permissions=[READ]).text


def test_htmx_gets_the_board_alone(hello: RunningBackend) -> None:
    answer = hello.ask(
        "POST",
        "/notes/",
        member=ADA,
        permissions=[READ, WRITE],
        via="fragment",
        data={"text": "Milk"},
    )

    assert answer.status_code == 200
    assert answer.text.lstrip().startswith('<div id="hello-board">')
    assert "Milk" in answer.text


def test_an_empty_note_is_refused_in_its_place(hello: RunningBackend) -> None:
    answer = hello.ask(
        "POST", "/notes/", member=ADA, permissions=[READ, WRITE], via="fragment", data={"text": ""}
    )

    assert "This field is required." in answer.text


def test_the_widget_counts(hello: RunningBackend) -> None:
    _add(hello, ADA, "Milk")
    _add(hello, ADA, "Bread")

    text = hello.ask("GET", "/widget/", member=ADA, permissions=[READ], via="widget").text

    assert "2 notes" in text
    assert "Bread" in text


def test_a_tenant_sees_its_own_notes_only(hello: RunningBackend) -> None:
    _add(hello, ADA, "Acme's")
    _add(hello, CY, "Globex's")

    for member, mine in ((ADA, "Acme's"), (CY, "Globex's"), (ADA, "Acme's")):
        answer = hello.ask("GET", "/api/notes", member=member, permissions=[READ], via="api")
        assert [note["text"] for note in answer.json()["results"]] == [mine]


def test_a_tenants_language_is_spoken(hello: RunningBackend) -> None:
    answer = hello.ask("POST", "/api/notes", member=CY, permissions=[WRITE], via="api", json={})

    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"] == "Questo campo è obbligatorio."


def test_a_change_of_the_settings_is_seen_by_its_tenant(hello: RunningBackend) -> None:
    hello.host.installations["globex"].settings["greeting"] = "Ciao"

    assert "Hello, Ada!" in hello.ask("GET", "/", member=ADA, permissions=[READ]).text
    assert "Ciao, Cy!" in hello.ask("GET", "/", member=CY, permissions=[READ]).text


def test_an_added_note_is_published_once(hello: RunningBackend) -> None:
    _add(hello, ADA, "Milk")

    assert hello.host.installations["acme"].events == [
        ("hello.note_added", {"id": 1, "author": "Ada"})
    ]
    assert hello.host.installations["globex"].events == []


def test_a_refused_event_does_not_undo_what_is_committed(hello: RunningBackend) -> None:
    installation = hello.host.installations["acme"]
    installation.uses.remove("events")
    try:
        _add(hello, ADA, "Milk")
    finally:
        installation.uses.append("events")

    assert installation.events == []
    assert "The tenant has not agreed to events." in hello.log


def test_its_own_tests_pass(database_url: str) -> None:
    run_own_tests(HELLO, database_url)
