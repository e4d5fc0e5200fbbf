"""What views of a hosted plugin may rely on, and what they cannot do."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest

from plexica_sdk.testing import ADA, CY, FakeInstallation, RunningBackend
from tests.integration.plugins.sdk.running import (
    ROUGH,
    listens,
    migrate,
    running_plugin,
    wait_for,
)


@pytest.fixture
def acme(rough: RunningBackend) -> FakeInstallation:
    for installation in rough.host.installations.values():
        installation.forget()
    return rough.host.installations["acme"]


def test_a_failing_view_is_rolled_back_and_publishes_nothing(
    rough: RunningBackend, acme: FakeInstallation
) -> None:
    answer = rough.ask("POST", "/fail", member=ADA)

    assert (answer.status_code, answer.text) == (500, "<p>The plugin made a mistake.</p>")
    assert "This is on purpose." in rough.log
    assert rough.ask("GET", "/things", member=ADA).json() == {"things": []}
    assert acme.events == []


def test_a_stream_has_its_requests_connection_to_the_end(
    rough: RunningBackend, acme: FakeInstallation
) -> None:
    globex = rough.host.installations["globex"]
    assert acme.database
    assert globex.database

    assert rough.ask("GET", "/stream", member=ADA).text == f"begin {acme.database.schema}"
    assert rough.ask("GET", "/stream", member=CY).text == f"begin {globex.database.schema}"


def test_a_thread_has_no_connection(rough: RunningBackend, acme: FakeInstallation) -> None:
    assert "There is no request of the host here" in rough.ask("GET", "/thread", member=ADA).text


def test_a_role_reaches_its_own_schema_only(rough: RunningBackend, acme: FakeInstallation) -> None:
    globex = rough.host.installations["globex"]
    assert globex.database
    theirs = f"SELECT * FROM {globex.database.schema}.rough_thing"

    def run(statement: str) -> str:
        return rough.ask("POST", "/sql", member=ADA, data=statement).text

    assert "permission denied for schema" in run(theirs)
    assert "permission denied" in run(f"SET ROLE {globex.database.role}")
    assert "permission denied for function" in run("SELECT pg_advisory_lock(1)")
    assert "permission denied for function" in run("SELECT lo_create(0)")
    assert "permission denied for schema public" in run("CREATE TABLE public.mine (id int)")


def test_what_a_request_leaves_on_its_connection_is_not_the_next_ones(
    rough: RunningBackend, acme: FakeInstallation
) -> None:
    rough.ask("POST", "/sql", member=ADA, data="BEGIN; INSERT INTO rough_thing(name) VALUES ('x')")

    assert rough.ask("GET", "/things", member=ADA).json() == {"things": []}


def test_files_are_kept_by_the_host(rough: RunningBackend, acme: FakeInstallation) -> None:
    found = rough.ask("POST", "/files", member=ADA).json()

    assert found == {
        "directories": ["deep"],
        "files": ["b c.txt", "ü.txt"],
        "content": "notes/ü.txt",
        "size": 5,
        "deleted": True,
        "missing": "never-there",
    }
    # Of the same name twice, the second was given another.
    assert sum(key.startswith("a") for key in acme.files) == 2
    assert rough.host.installations["globex"].files == {}


def test_people_come_page_by_page(rough: RunningBackend, acme: FakeInstallation) -> None:
    acme.people *= 3
    try:
        found = rough.ask("GET", "/people", member=ADA).json()["people"]
    finally:
        acme.people = acme.people[:2]

    assert set(found) == {"Ada ada@acme.example", "Bo bo@acme.example"}
    assert rough.ask("GET", "/people", member=CY).json() == {"people": ["Cy cy@globex.example"]}


def test_mail_goes_to_people_of_the_tenant(rough: RunningBackend, acme: FakeInstallation) -> None:
    def send(to: str) -> str:
        return str(rough.ask("POST", f"/mail?to={quote(to)}", member=ADA).json()["error"])

    assert send(ADA.user.id) == ""
    assert "nobody of this id" in send(CY.user.id)
    assert acme.mails == [{"to": ADA.user.id, "subject": "News", "text": "There are news."}]


def test_the_host_says_why_it_refuses(rough: RunningBackend, acme: FakeInstallation) -> None:
    def publish(event: str, size: int = 1) -> str:
        target = f"/publish?event={event}&size={size}"
        return str(rough.ask("POST", target, member=ADA).json()["error"])

    assert publish("rough.happened") == ""
    assert publish("core.tenant_deleted").startswith("NotAgreed: The host refused POST /events:")
    assert "too large" in publish("rough.happened", 70_000)
    assert len(acme.events) == 1


def test_an_answer_of_the_host_has_a_limit(rough: RunningBackend, acme: FakeInstallation) -> None:
    acme.files["large"] = ("text/plain", b"x" * 12 * 1024 * 1024)

    assert "more than" in rough.ask("GET", "/large", member=ADA).json()["error"]


def test_a_body_that_is_too_large_is_refused(rough: RunningBackend, acme: FakeInstallation) -> None:
    answer = rough.ask("POST", "/sql", member=ADA, data=b"x" * 11 * 1024 * 1024)

    assert answer.status_code == 413


def test_a_connection_is_used_again(rough: RunningBackend, acme: FakeInstallation) -> None:
    for method, target in (("GET", "/things"), ("HEAD", "/things"), ("GET", "/nowhere")):
        answer = rough.ask(method, target, member=ADA)

        assert int(answer.headers["Content-Length"]) > 0
        assert answer.headers.get("Connection") != "close"


def test_at_its_end_a_backend_answers_what_is_under_way(database_url: str) -> None:
    with running_plugin(ROUGH, database_url) as backend, ThreadPoolExecutor(1) as threads:
        migrate(backend)
        files = backend.host.installations["acme"].files
        answer = threads.submit(backend.ask, "POST", "/slow", member=ADA)
        wait_for(lambda: "began" in files)
        backend.process.terminate()
        wait_for(lambda: not listens(backend))
        files["go-on"] = ("text/plain", b"")

        assert answer.result(10).text == "It went on."
        assert backend.process.wait(10) == 0
