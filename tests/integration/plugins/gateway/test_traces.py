"""One trace and one request id, from the browser's request to jobs, events and plugins."""

import base64
import io
import json
import logging
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import pytest
import requests
from celery import current_app
from celery.contrib.testing.worker import start_worker
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from plexica.core.actor import SYSTEM
from plexica.core.crypto import encrypt
from plexica.core.observe import tracing
from plexica.core.observe.spans import ALLOWED
from plexica.core.scope import platform_scope
from plexica.events.models import OutboxMessage
from plexica.events.services import deliver_pending
from plexica.identity.realm_settings import tell_realm_of_settings
from plexica_sdk.hosting.environment import Backend as Variables
from plexica_sdk.testing.backends import variables_of
from plexica_sdk.testing.ports import free_port
from plugins.backends import forget_endpoint
from plugins.models import Backend, Release
from plugins.services import register_release
from plugins.states import BackendState
from tenants.models import Tenant
from tests.collector import Collector, Span, collecting
from tests.integration.plugins.gateway.conftest import MANIFEST, package_of
from tests.integration.plugins.packages import Author
from tests.integration.workspace.conftest import Member, come

GREETER = Path(__file__).parent / "greeter"
_SECONDS = 30
_RENAMED = ("name", "contact_email", "locale", "time_zone")


@dataclass(frozen=True, slots=True)
class Greeter:
    """The plugin as it runs, with the SDK, in a process of its own."""

    log: Path

    def lines(self) -> list[dict[str, str]]:
        """Return what it has logged."""
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def collector(settings: Settings) -> Iterator[Collector]:
    """A collector to which this process sends all that it traces."""
    tracing.stop_tracing()
    with collecting() as found:
        settings.PLEXICA_TRACE_ENDPOINT = found.endpoint
        settings.PLEXICA_TRACE_RATIO = 1.0
        tracing.start_tracing("web")
        yield found
        tracing.stop_tracing()


@pytest.fixture
def release() -> Release:
    """A release that hears of changes of its tenant."""
    author = Author()
    author.trusted()
    manifest = MANIFEST.replace("office.opened", "tenant.updated")
    return register_release(content=package_of(manifest, author), actor=SYSTEM)[0]


@pytest.fixture
def greeter(release: Release, collector: Collector, tmp_path: Path) -> Iterator[Greeter]:
    """Its backend."""
    secret, port = os.urandom(32), free_port()
    known = Variables(
        address="127.0.0.1", port=port, host_url="http://127.0.0.1:1/api/host/v1",
        id=str(uuid.uuid4()), secret=secret, plugin="hello", version="0.1.0", digest="0" * 64,
        trace_endpoint=collector.endpoint,
    )  # fmt: skip
    log = tmp_path / "greeter.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # as the host starts it
            [sys.executable, "-m", "plexica_sdk.hosting", "greeter"],
            env=variables_of(known, [GREETER]),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    forget_endpoint(release.pk)
    Backend.objects.create(
        id=known.id,
        release=release,
        state=BackendState.READY,
        address=f"127.0.0.1:{port}",
        ciphertext=encrypt(base64.urlsafe_b64encode(secret).decode().rstrip("=")),
        ready_at=timezone.now(),
    )
    _wait_until_ready(f"http://127.0.0.1:{port}/_plexica/ready", log)
    yield Greeter(log)
    process.terminate()
    process.wait(20)


def _wait_until_ready(url: str, log: Path) -> None:
    until = time.monotonic() + _SECONDS
    while True:
        try:
            assert requests.get(url, timeout=5).ok
        except requests.ConnectionError:
            assert time.monotonic() < until, log.read_text(encoding="utf-8")
            time.sleep(0.05)
        else:
            return


@contextmanager
def logged() -> Iterator[list[dict[str, str]]]:
    """Have what this process logs meanwhile, as it writes it."""
    lines: list[dict[str, str]] = []
    stream = io.StringIO()
    root = logging.getLogger()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(root.handlers[0].formatter)
    handler.addFilter(lambda record: not record.name.startswith(("urllib3", "kombu")))
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield lines
    root.removeHandler(handler)
    root.setLevel(level)
    lines += [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.fixture(autouse=True, scope="module")
def _acme_keeps_its_name(acme: Tenant) -> Iterator[None]:
    with platform_scope():
        before = Tenant.objects.filter(pk=acme.pk).values(*_RENAMED).get()
    yield
    with platform_scope():
        Tenant.objects.filter(pk=acme.pk).update(**before)
        tell_realm_of_settings({"tenant": acme.slug, "changed": ["name"]})


def _rename(ada: Member) -> None:
    """Have the tenant's owner change its name and address, of which an event tells."""
    there = Tenant.objects.get(pk=ada.tenant.pk)
    changed = {
        "version": there.version, "name": f"Acme {uuid.uuid4().hex[:6]}", "locale": "",
        "contact_email": f"secret-{uuid.uuid4().hex[:6]}@acme.example", "time_zone": "UTC",
    }  # fmt: skip
    answer = ada.client.post("/settings/", changed)
    assert answer.status_code == HTTPStatus.FOUND


def _chain(collector: Collector, last: Span) -> list[Span]:
    """Return a span with all that it is within, from the outermost to it."""
    # Those end last, so when they are there all others are.
    collector.wait_for(lambda span: span.trace == last.trace and not span.parent)
    tracing.stop_tracing()
    chain = [last]
    by_id = {span.id: span for span in collector.spans()}
    while parent := chain[0].parent:
        chain.insert(0, by_id[parent])
    return chain


@pytest.mark.usefixtures("installation")
def test_a_page_of_a_plugin_is_one_trace_with_one_id(
    bo: Member, collector: Collector, greeter: Greeter
) -> None:
    with logged() as lines:
        theirs = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}
        answer = bo.client.get("/x/hello/notes", headers=theirs)
    assert b"Hello" in answer.content
    of_plugin = collector.wait_for(lambda span: span.service == "plugin-hello")
    request, call, answered = _chain(collector, of_plugin)
    assert (request.service, call.service) == ("plexica-web", "plexica-web")
    assert (call.name, call.facts["plexica.plugin"]) == ("plugin", "hello")
    assert answered.trace == call.trace == request.trace != "a" * 32, "Nobody else begins it."
    assert request.name == f"GET {request.facts['http.route']}"
    assert request.facts["plexica.tenant"] == "acme"
    statements = [span for span in collector.spans() if span.facts.get("db.operation.name")]
    assert {span.trace for span in statements} == {request.trace}

    request_id = request.facts["plexica.request_id"]
    assert answered.facts["plexica.request_id"] == request_id
    assert {line["request_id"] for line in lines} == {request_id}
    assert {line["trace_id"] for line in lines} == {request.trace}
    own = [line for line in greeter.lines() if line["logger"] in {"greeter", "plexica.requests"}]
    assert len(own) == 2
    assert {line["request_id"] for line in own} == {request_id}


@pytest.mark.usefixtures("installation")
def test_a_change_is_one_trace_through_outbox_job_and_plugin(
    acme: Tenant, collector: Collector, greeter: Greeter
) -> None:
    """The browser's request, its task in a worker, the event's delivery there, the plugin."""
    OutboxMessage.objects.all().delete()
    with current_app.connection_for_write() as connection:
        connection.SimpleQueue("default").clear()
    ada = come(acme, "Ada", "owner")
    worker = start_worker(current_app, queues=["default"], perform_ping_check=False)
    # It sets logging up anew, so the log is looked at within.
    with worker, logged() as lines:
        _rename(ada)
        answered = collector.wait_for(lambda span: span.service == "plugin-hello")
    message = OutboxMessage.objects.get(event="tenant.updated")
    request, delivery, call, _answered = _chain(collector, answered)
    (task,) = (span for span in collector.spans() if span.facts.get("plexica.task"))
    assert (task.trace, task.parent) == (request.trace, request.id)
    assert request.name == f"POST {request.facts['http.route']}"
    assert task.facts["plexica.task"] == "events.deliver_pending"
    assert delivery.facts["plexica.event"] == "tenant.updated"
    assert call.facts["plexica.plugin"] == "hello"
    request_id = request.facts["plexica.request_id"]
    assert message.request_id == request_id
    chain = (request, task, delivery, call, answered)
    assert {span.facts["plexica.request_id"] for span in chain} == {request_id}
    of_task = [line for line in lines if "task_id" in line]
    assert {line["event"] for line in of_task} >= {"task_started", "task_succeeded"}
    assert {line["request_id"] for line in lines} == {request_id}
    own = [line for line in greeter.lines() if line["logger"] == "greeter"]
    assert [line["request_id"] for line in own] == [request_id]

    realm = next(span for span in collector.spans() if span.name == "PUT")
    assert realm.trace == request.trace, "What Keycloak is asked for belongs to it."
    for span in collector.spans():
        assert set(span.facts) <= ALLOWED, span
        for private in ("secret-", str(ada.user.pk), ada.user.email, 'SELECT "', "/realms/"):
            assert private not in span.raw


def test_a_delivery_by_anybody_belongs_to_the_request(acme: Tenant, collector: Collector) -> None:
    """The sweep delivers what a lost message or a dead worker has left."""
    OutboxMessage.objects.all().delete()
    _rename(come(acme, "Ada", "owner"))
    with logged() as lines:
        deliver_pending()
    message = OutboxMessage.objects.get(event="tenant.updated")
    delivery = collector.wait_for(lambda span: span.name == "outbox delivery")
    request, _delivery = _chain(collector, delivery)
    assert request.facts["plexica.request_id"] == message.request_id
    assert all(line["request_id"] == message.request_id for line in lines)


def test_an_exception_is_told_by_its_type_alone(collector: Collector) -> None:
    with pytest.raises(ValueError, match="ada"), tracing.span("tests", task="tests.fail"):
        raise ValueError("ada@acme.example is not unique")
    span = collector.wait_for(lambda span: span.name == "tests")
    assert "ValueError" in span.raw
    assert "ada@" not in span.raw
    assert "Traceback" not in span.raw


def test_a_collector_that_is_away_or_hangs_holds_nothing_up(settings: Settings) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        settings.PLEXICA_TRACE_ENDPOINT = f"http://127.0.0.1:{silent.getsockname()[1]}/v1/traces"
        settings.PLEXICA_TRACE_RATIO = 1.0
        tracing.start_tracing("web")
        client = Client(headers={"host": "localhost"})
        began = time.monotonic()
        for _each in range(3):
            for _span in range(1000):
                with tracing.span("tests"):
                    pass
            assert client.get("/").status_code == 302
        assert time.monotonic() - began < 10
        began = time.monotonic()
        tracing.stop_tracing()
        assert time.monotonic() - began < 8


def test_without_a_collector_there_is_nothing_of_it(bo: Member) -> None:
    """Neither a span, nor a header, nor what makes and sends them."""
    assert tracing.carried() == ""
    assert tracing.trace_headers() == {}
    assert tracing.span("a") is tracing.span("b")
    done = subprocess.run(
        [
            sys.executable, "-c",
            "import sys, plexica.wsgi, plexica.celery;"
            "print([name for name in sys.modules if name.startswith('opentelemetry.exporter')"
            " or name in ('plexica.core.observe.spans', 'opentelemetry.sdk.trace')])",
        ],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "[]"


@pytest.fixture(autouse=True)
def _as_it_was(acme: Tenant) -> Iterator[None]:
    yield
    OutboxMessage.objects.filter(event="tenant.updated", delivered_at=None).delete()
    names = ("name", "contact_email", "locale", "time_zone")
    Tenant.objects.filter(pk=acme.pk).update(**{name: getattr(acme, name) for name in names})
