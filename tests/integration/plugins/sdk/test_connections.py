"""A request's connection is that of its installation, whatever happens to it."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from plexica_sdk.testing import ADA, CY, FakeInstallation, Member, RunningBackend

READ, WRITE = "hello:notes:read", "hello:notes:write"


@pytest.fixture
def acme(hello: RunningBackend) -> FakeInstallation:
    for installation in hello.host.installations.values():
        installation.forget()
    return hello.host.installations["acme"]


def _notes(backend: RunningBackend, member: Member) -> list[str]:
    answer = backend.ask("GET", "/api/notes", member=member, permissions=[READ], via="api")
    assert answer.status_code == 200, answer.text
    return [note["text"] for note in answer.json()["results"]]


def _add(backend: RunningBackend, member: Member, text: str) -> int:
    return backend.ask(
        "POST", "/api/notes", member=member, permissions=[WRITE], via="api", json={"text": text}
    ).status_code


def _sessions(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'plexica-hello'"
        ).fetchone()
    return int(row[0]) if row else 0


def test_a_credential_is_asked_for_once(hello: RunningBackend, acme: FakeInstallation) -> None:
    _notes(hello, ADA)
    acme.calls.clear()

    for _ in range(3):
        _notes(hello, ADA)

    assert "POST /database" not in acme.calls


def test_a_changed_password_is_asked_for_again(
    hello: RunningBackend, acme: FakeInstallation
) -> None:
    assert _add(hello, ADA, "Milk") == 201
    assert acme.database
    acme.database.change_password()
    acme.database.end_sessions()
    acme.calls.clear()

    assert _notes(hello, ADA) == ["Milk"]
    assert acme.calls == ["POST /database"]


def test_ended_sessions_are_noticed(hello: RunningBackend, acme: FakeInstallation) -> None:
    _notes(hello, ADA)
    assert acme.database
    acme.database.end_sessions()

    assert _notes(hello, ADA) == []


def test_requests_of_two_tenants_at_once_do_not_mix(
    hello: RunningBackend, acme: FakeInstallation
) -> None:
    _add(hello, ADA, "Acme's")
    _add(hello, CY, "Globex's")
    mine = {ADA: ["Acme's"], CY: ["Globex's"]}

    with ThreadPoolExecutor(16) as threads:
        members = [ADA, CY] * 50
        found = list(threads.map(lambda member: _notes(hello, member), members))

    assert found == [mine[member] for member in members]


def test_connections_are_few(
    hello: RunningBackend, acme: FakeInstallation, database_url: str
) -> None:
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda member: _notes(hello, member), [ADA, CY] * 40))

    assert 0 < _sessions(database_url) <= 8


def test_a_tenant_that_is_not_served_any_more_gets_no_connection(
    hello: RunningBackend, acme: FakeInstallation
) -> None:
    assert acme.database
    acme.database.change_password()
    acme.database.end_sessions()
    acme.is_served = False
    try:
        answer = hello.ask("GET", "/api/notes", member=ADA, permissions=[READ], via="api")
    finally:
        acme.is_served = True

    assert answer.status_code == 500
    assert acme.database.password not in answer.text + hello.log
    assert _notes(hello, CY) == []
    assert _notes(hello, ADA) == []
