"""Backends that misbehave: a calm message in their own place, and nothing else harmed."""

import time

import pytest
import structlog
from django.http import StreamingHttpResponse

from plugins.backends import forget_endpoint
from plugins.gateway import breaker as breaking
from plugins.gateway import forwarding, slots
from plugins.gateway.breaker import Breaker
from plugins.gateway.failures import BackendBroken
from plugins.models import Backend, Release
from tests.integration.plugins.gateway.backend import RunningBackend
from tests.integration.workspace.conftest import Member

pytestmark = pytest.mark.usefixtures("installation", "impatient")

_STATUSES = {
    "dies": 502,
    "hangs": 504,
    "drips": 504,
    "big": 502,
    "big-in-pieces": 502,
    "cut": 502,
    "rubbish": 502,
    "not-utf8": 502,
    "inner": 502,
    "away": 502,
    "dotted": 502,
    "script": 502,
    "style": 502,
    "picture": 502,
    "untyped": 502,
    "packed": 502,
    "error": 502,
}
_WORDS = {
    502: "This plugin has failed",
    503: "This plugin does not answer at the moment",
    504: "This plugin has taken too long to answer",
}


@pytest.mark.parametrize("path", ["last", "last-in-chunks"])
def test_the_last_answer_of_a_connection_is_whole(
    ada: Member, backend: RunningBackend, path: str
) -> None:
    answer = ada.client.get(f"/x/hello/faults/{path}")
    assert isinstance(answer, StreamingHttpResponse)
    assert b"".join(answer.streaming_content) == b"Hello"  # type: ignore[arg-type] # it is bytes


@pytest.mark.parametrize(("fault", "status"), _STATUSES.items())
def test_a_fault_is_a_calm_message_in_the_plugins_own_place(
    ada: Member, backend: RunningBackend, fault: str, status: int
) -> None:
    with structlog.testing.capture_logs() as logs:
        began = time.monotonic()
        answer = ada.client.get(f"/x/hello/faults/{fault}")
        assert time.monotonic() - began < 5
    page = answer.content.decode()
    assert answer.status_code == status
    assert _WORDS[status] in page
    assert "Everything but “Hello” works as usual." in page
    assert "<title>Faults · Acme</title>" in page
    assert 'id="navbar-menu"' in page
    assert "Traceback" not in page
    told = [each for each in logs if each["event"] == "plugin_failed"]
    assert [(each["plugin"], each["code"] != "") for each in told] == [("hello", True)]

    backend.released.set()
    assert ada.client.get("/").status_code == 200
    assert ada.client.get("/x/hello/").status_code == 200, "The next request is another one."


def test_a_fragment_fails_as_a_fragment(ada: Member, backend: RunningBackend) -> None:
    answer = ada.client.get("/x/hello/faults/error", headers={"HX-Request": "true"})
    assert answer.status_code == 502
    assert answer["Plexica-Notice"] == "1"
    assert "This plugin has failed" in answer.content.decode()
    assert "<html" not in answer.content.decode()


def test_what_a_backend_sets_stays_behind(ada: Member, backend: RunningBackend) -> None:
    answer = ada.client.get("/x/hello/faults/cookie")
    assert answer.status_code == 200
    assert "stolen" not in str(answer.cookies)
    assert "Refresh" not in answer.headers
    assert answer["X-Frame-Options"] == "DENY"
    assert "script-src 'self'" in answer["Content-Security-Policy"]
    assert answer["Cache-Control"] == "private, max-age=60"


def test_a_backend_that_is_gone_is_asked_no_more_for_a_while(
    ada: Member, backend: RunningBackend, release: Release
) -> None:
    for _ in range(3):
        assert ada.client.get("/x/hello/faults/dies").status_code == 502
    seen = len(backend.seen)
    answer = ada.client.get("/x/hello/")
    assert answer.status_code == 503
    assert len(backend.seen) == seen

    other = RunningBackend(id=backend.id, secret=backend.secret)
    try:
        Backend.objects.update(address=other.address)
        forget_endpoint(release.pk)
        assert ada.client.get("/x/hello/").status_code == 200, "It was started again elsewhere."
    finally:
        other.close()


def test_a_backend_that_does_not_run(ada: Member) -> None:
    assert ada.client.get("/x/hello/").status_code == 503


def test_a_closed_port(ada: Member, backend: RunningBackend) -> None:
    assert ada.client.get("/x/hello/").status_code == 200
    backend.close()
    assert ada.client.get("/x/hello/").status_code == 503


def test_too_much_is_not_sent(ada: Member, backend: RunningBackend) -> None:
    ada.client.get("/x/hello/")
    token = backend.last.claims["csrf"]
    headers = {"X-CSRFToken": token}
    big = b"x" * (10 * 1024 * 1024)
    kind = "application/octet-stream"
    sent = ada.client.put("/x/hello/notes/1", big, content_type=kind, headers=headers)
    assert sent.status_code == 200
    assert len(backend.last.body) == len(big)
    sent = ada.client.put("/x/hello/notes/1", big + b"x", content_type=kind, headers=headers)
    assert sent.status_code == 413
    assert len(backend.seen) == 2


def test_a_stream_that_breaks_is_cut_and_noted(ada: Member, backend: RunningBackend) -> None:
    answer = ada.client.get("/x/hello/faults/torn")
    assert isinstance(answer, StreamingHttpResponse)
    assert answer.status_code == 200
    with structlog.testing.capture_logs() as logs, pytest.raises(BackendBroken):
        list(answer.streaming_content)
    assert [each["event"] for each in logs].count("plugin_failed") == 1


def test_the_breaker_lets_one_try_after_a_while() -> None:
    now = [0.0]
    breaker = Breaker(lambda: now[0])
    for _ in range(breaking.MAX_FAILURES - 1):
        breaker.failed("a")
    assert breaker.may_ask("a")
    breaker.succeeded("a")
    for _ in range(breaking.MAX_FAILURES):
        assert breaker.may_ask("a")
        breaker.failed("a")
    assert not breaker.may_ask("a")
    assert breaker.may_ask("b")
    now[0] = breaking.OPEN_SECONDS
    assert [breaker.may_ask("a"), breaker.may_ask("a")] == [True, False]
    breaker.failed("a")
    now[0] += breaking.OPEN_SECONDS - 1
    assert not breaker.may_ask("a")
    now[0] += 1
    assert breaker.may_ask("a")
    breaker.succeeded("a")
    assert breaker.may_ask("a")


def test_a_backend_that_is_busy_leaves_the_host_its_threads(
    ada: Member, backend: RunningBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "WAIT_SECONDS", 0.05)
    all_slots = slots.Slots()
    monkeypatch.setattr(forwarding, "slots", all_slots)
    key = (backend.id, backend.address)
    taken = [all_slots.take(key) for _ in range(slots.PER_BACKEND)]
    assert ada.client.get("/x/hello/").status_code == 503
    for release in taken:
        assert release is not None
        release()
    for _ in range(2 * slots.PER_BACKEND):
        # Nobody reads these.
        ada.client.get("/x/hello/data").close()
        assert ada.client.get("/x/hello/faults/error").status_code == 502
        assert ada.client.get("/x/hello/").status_code == 200
