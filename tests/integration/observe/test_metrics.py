"""What a process tells Prometheus: requests by their route, the platform by its sources."""

import socket
import threading
from collections.abc import Callable
from http import HTTPStatus

import pytest
import requests
from celery import current_app
from django.db import transaction
from django.test import Client
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from pytest_django import Settings

from plexica.core.health import register_check
from plexica.core.observe.definitions import Fact, Sample
from plexica.core.observe.listener import start_observing
from plexica.core.observe.sources import Platform, Source, forget_facts
from plexica.core.scope import platform_scope
from plexica.events.models import OutboxMessage
from plexica.events.services import publish
from plexica.settings.instruments import Listen
from tenants.models import Tenant
from tests.integration.observe.scrape import Values, parsed, scrape, value, within
from tests.integration.workspace.conftest import Member


def _here() -> Values:
    return parsed(generate_latest(REGISTRY).decode())


def _added(act: Callable[[], object], name: str, **labels: str) -> float:
    before = value(_here(), name, **labels)
    act()
    return value(_here(), name, **labels) - before


@pytest.fixture
def address(settings: Settings) -> str:
    """Where this process answers Prometheus; once it does, it goes on until it ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings.PLEXICA_METRICS_LISTEN = Listen("127.0.0.1", range(port, port + 1))
    start_observing("tests")
    forget_facts()
    found = f"http://127.0.0.1:{port}"
    _answered(f"{found}/metrics")
    return found


def _answered(url: str) -> Values:
    """Return what is told at an address as soon as somebody tells something."""
    with within(20):
        while True:
            try:
                return scrape(url)
            except requests.ConnectionError:
                continue


def test_a_request_counts_under_its_route_and_site(bo: Member, acme: Tenant) -> None:
    labels = {"site": "workspace", "route": "workspace:dashboard", "method": "GET"}
    for name, least in (
        ("plexica_http_requests_total", 1),
        ("plexica_http_request_seconds_count", 1),
        ("plexica_http_request_seconds_sum", 0.0001),
    ):
        assert _added(lambda: bo.client.get("/"), name, **labels) >= least, name
    assert _added(lambda: bo.client.get("/"), "plexica_db_statements_total", site="workspace") > 2
    assert _added(lambda: bo.client.get("/"), "plexica_db_seconds_total", site="workspace") > 0
    console = Client(headers={"host": "localhost"})
    answered = {"site": "console", "status": "3xx"}
    assert _added(lambda: console.get("/"), "plexica_http_requests_total", **answered) == 1


def test_what_others_choose_is_never_a_label(bo: Member) -> None:
    """Paths, methods and hosts come from anybody: each would stay in memory for ever."""

    def ask() -> None:
        Client(headers={"host": "nobody.localhost"}).get("/secret-path")
        bo.client.get("/no-such-page-of-ours/")
        bo.client.generic("BREW", "/")
        bo.client.get("/x/no-such-plugin/deeper")

    everything = {"site": "none", "route": "unresolved", "status": "4xx"}
    assert _added(ask, "plexica_http_requests_total", **everything) == 1
    assert value(_here(), "plexica_http_requests_total", method="other") >= 1
    text = generate_latest(REGISTRY).decode()
    for chosen in ("secret-path", "no-such", "BREW", "nobody", "acme"):
        assert chosen not in text


def test_permissions_are_counted_where_they_are_found(bo: Member) -> None:
    bo.client.get("/")
    found = {"cache": "permissions", "found": "process"}
    assert _added(lambda: bo.client.get("/"), "plexica_cache_reads_total", **found) > 0


def test_prometheus_is_answered_at_the_inner_address_alone(address: str, bo: Member) -> None:
    found = scrape(f"{address}/metrics")
    assert value(found, "plexica_process_info", program="tests") == 1
    assert value(found, "process_resident_memory_bytes") > 1_000_000
    assert value(found, "process_cpu_seconds_total") > 0
    assert value(found, "plexica_threads") >= 1
    assert value(found, "plexica_db_connections", state="open") >= 1
    assert requests.get(f"{address}/", timeout=10).status_code == HTTPStatus.NOT_FOUND
    refused = requests.post(f"{address}/metrics", timeout=10)
    assert refused.status_code == HTTPStatus.METHOD_NOT_ALLOWED
    for client in (bo.client, Client(headers={"host": "localhost"})):
        for path in ("/metrics", "/metrics/", "/metrics/platform"):
            answer = client.get(path, follow=True)
            assert answer.status_code == HTTPStatus.NOT_FOUND
            assert b"plexica_" not in answer.content


def test_a_port_that_is_taken_is_tried_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plexica.core.observe.listener.AGAIN_SECONDS", 0.05)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        settings.PLEXICA_METRICS_LISTEN = Listen("127.0.0.1", range(port, port + 1))
        start_observing("tests")
    found = _answered(f"http://127.0.0.1:{port}/metrics")
    assert value(found, "plexica_process_info", program="tests") == 1


def test_the_platform_is_told_by_every_source(address: str, acme: Tenant) -> None:
    found = scrape(f"{address}/metrics/platform")
    down = [key for key, is_up in found["plexica_source_up"].items() if not is_up]
    assert not down
    assert value(found, "plexica_tenants", state="ACTIVE") >= 1
    assert value(found, "plexica_tenants_by_schema", current="yes") >= 1
    for server in ("database", "redis", "keycloak", "storage"):
        assert value(found, "plexica_dependency_up", dependency=server) == 1, server
    assert value(found, "plexica_run_oldest_seconds") == 0
    assert "plexica_plugin_backends" in found
    assert "plexica_schedule_late" in found
    assert not any("acme" in str(labels) for each in found.values() for labels in each)


def test_the_oldest_message_and_event_are_told(address: str) -> None:
    OutboxMessage.objects.all().delete()
    with current_app.connection_for_write() as connection:
        connection.SimpleQueue("default").clear()
        with transaction.atomic():
            publish(event="tests.happened", payload={})
        current_app.send_task("tests.nothing")
        forget_facts()
        found = scrape(f"{address}/metrics/platform")
        connection.SimpleQueue("default").clear()
    assert value(found, "plexica_queue_messages", queue="default") >= 2
    assert 0 < value(found, "plexica_queue_oldest_seconds", queue="default") < 60
    assert value(found, "plexica_outbox_messages", state="pending") == 1
    assert 0 < value(found, "plexica_outbox_oldest_seconds") < 60
    OutboxMessage.objects.all().delete()


def test_a_source_that_hangs_or_fails_holds_nothing_up() -> None:
    asked: list[int] = []
    release = threading.Event()
    fact = Fact("tests_fact", "Nothing.", ("which",))

    def hang() -> list[Sample]:
        asked.append(1)
        release.wait(60)
        return [fact.is_now(1, "hanging")]

    def fail() -> list[Sample]:
        raise OSError

    platform = Platform(
        {
            "hanging": Source("hanging", (fact,), hang),
            "failing": Source("failing", (fact,), fail),
            "quick": Source("quick", (fact,), lambda: [fact.is_now(1, "quick")]),
        },
        deadline=1.0,
    )
    registry = CollectorRegistry(auto_describe=False)
    registry.register(platform)
    for _each in range(2):
        platform.forget()
        with within(10):
            found = parsed(generate_latest(registry).decode())
        assert found["tests_fact"] == {(("which", "quick"),): 1}
        up = {dict(key)["source"]: each for key, each in found["plexica_source_up"].items()}
        assert up == {"hanging": 0, "failing": 0, "quick": 1}
    release.set()
    assert asked == [1], "It is not asked again while it hangs."


def test_a_server_that_is_down_is_told(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise OSError

    monkeypatch.setattr("plexica.core.health._checks", {})
    register_check("redis", fail)
    with platform_scope():
        found = scrape(f"{address}/metrics/platform")
    assert value(found, "plexica_dependency_up", dependency="redis") == 0
