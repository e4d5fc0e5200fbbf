"""The health page: what is up, what waits, what runs by the clock; and nothing asked too often."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http import HTTPStatus
from threading import Event

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from plexica.celery import app
from plexica.console import health_selectors
from plexica.console.health_selectors import count_realms, forget_health, platform_health
from plexica.core import health, queues, shared_cache
from plexica.core.health import Health
from plexica.core.queues import WorkerState, join
from plexica.core.schedules import KEPT_SECONDS, list_schedules, note_run
from plexica.core.scope import platform_scope
from tenants.models import Tenant

PAGE = reverse("console:health_status", "plexica.urls_console")
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _anew() -> Iterator[None]:
    forget_health()
    yield
    forget_health()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Count how often servers are asked."""
    calls: list[str] = []
    real = health_selectors.measure_each

    def count() -> list[Health]:
        calls.append("servers")
        return real()

    monkeypatch.setattr(health_selectors, "measure_each", count)
    return calls


def test_the_page_itself_asks_no_server(admin: Client, asked: list[str]) -> None:
    text = admin.get(PAGE).content.decode()
    assert "The servers are being asked." in text
    assert 'hx-trigger="load"' in text
    assert f'href="{PAGE}?now=on"' in text, "There is a way without scripts."
    assert asked == []


def test_each_server_is_shown_with_its_latency(admin: Client) -> None:
    for text in (
        admin.get(PAGE, headers=HTMX).content.decode(),
        admin.get(PAGE, {"now": "on"}).content.decode(),
    ):
        for name in ("PostgreSQL", "Redis", "Keycloak", "S3 storage", "Mail", "Plugin agent"):
            assert name in text
        assert "Does not answer" not in text
        assert text.count(" ms</td>") == 6
        assert 'hx-trigger="every 5s"' in text
        for known in ("provisioning", "default", "tenants.purge_due", "No worker has answered"):
            assert known in text


def test_many_who_look_ask_once(admin: Client, asked: list[str]) -> None:
    for _time in range(5):
        admin.get(PAGE, headers=HTMX)
    assert asked == ["servers"]
    forget_health()
    admin.get(PAGE, headers=HTMX)
    assert asked == ["servers", "servers"]


def test_a_server_that_never_comes_back_holds_nobody_up(
    admin: Client, monkeypatch: pytest.MonkeyPatch, hangs: Callable[[], None]
) -> None:
    monkeypatch.setattr(health, "CHECK_DEADLINE_SECONDS", 0.2)
    monkeypatch.setitem(health._checks, "redis", hangs)  # noqa: SLF001 (what apps register)
    began = time.monotonic()
    text = admin.get(PAGE, headers=HTMX).content.decode()
    assert "1 server does not answer" in text
    assert time.monotonic() - began < health_selectors.DEADLINE_SECONDS


def test_a_broker_that_is_away_is_said_to_be(
    admin: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    queues._broker.cache_clear()  # noqa: SLF001 (made with the settings)
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:9/1"
    try:
        text = admin.get(PAGE, headers=HTMX).content.decode()
    finally:
        queues._broker.cache_clear()  # noqa: SLF001 (the same)
    assert text.count("The broker does not answer now.") == 2


def test_a_queue_that_nobody_reads_is_named() -> None:
    found = {queue.name: queue for queue in join({"a": 3, "b": 101}, [WorkerState("w", ("b",))])}
    assert found["a"].is_left_alone
    assert not found["a"].is_long
    assert not found["b"].is_left_alone
    assert found["b"].is_long
    assert join({"a": 1}, None)[0].workers is None


class TestSchedules:
    def test_who_runs_a_scheduled_task_notes_it(
        self, admin: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(**_options: object) -> None:
            raise RuntimeError

        monkeypatch.setattr("tenants.tasks.life.purge_due", list)
        monkeypatch.setattr("tenants.tasks.list_abandoned_runs", fail)
        before = time.time()
        app.tasks["tenants.purge_due"]()
        with pytest.raises(RuntimeError):
            app.tasks["tenants.resume_runs"]()
        found = {state.task: state for state in list_schedules()}
        clean = found["tenants.purge_due"]
        assert clean.last_at is not None
        assert clean.last_at.timestamp() >= before - 1
        assert not clean.has_failed
        assert not clean.is_late
        assert clean.next_at is not None
        assert 55 < (clean.next_at - clean.last_at).total_seconds() < 65
        assert found["tenants.resume_runs"].has_failed
        assert "Failed" in admin.get(PAGE, headers=HTMX).content.decode()

    def test_one_that_stopped_is_late(self, admin: Client) -> None:
        long_ago = time.time() - 3600
        for state in list_schedules():
            note_run(state.task, began=long_ago, has_failed=False)
        # The nightly ones have had no turn since, unless it is just after that.
        assert sum(state.is_late for state in list_schedules()) >= len(list_schedules()) - 2
        assert "Late" in admin.get(PAGE, headers=HTMX).content.decode()

    def test_the_nightly_one_says_when_it_is_due(self) -> None:
        note_run("tenants.reconcile_all", began=time.time(), has_failed=False)
        nightly = next(each for each in list_schedules() if each.task == "tenants.reconcile_all")
        assert nightly.next_at is not None
        assert (nightly.next_at.hour, nightly.next_at.minute) == (3, 17)

    def test_what_nobody_has_noted_is_not_known(self) -> None:
        with platform_scope():
            shared_cache.write("schedule:tenants.purge_due", None, seconds=KEPT_SECONDS)
        state = next(each for each in list_schedules() if each.task == "tenants.purge_due")
        assert (state.last_at, state.next_at, state.is_late) == (None, None, False)


class TestRealms:
    def test_our_rows_are_counted_against_the_ceiling(
        self, admin: Client, acme: Tenant, settings: Settings
    ) -> None:
        [before] = count_realms()
        assert before.ceiling == 800
        assert before.realms == Tenant.objects.exclude(realm_digest="").count() + 1
        server = settings.KEYCLOAK_SERVERS["default"]
        settings.KEYCLOAK_SERVERS = {"default": replace(server, ceiling=before.realms)}
        assert count_realms()[0].is_near
        text = admin.get(PAGE, headers=HTMX).content.decode()
        assert f"{before.realms} of {before.realms}" in text
        assert "Near its ceiling" in text
        assert acme.realm not in text


def test_only_who_may_see_it(nobody: Client, stranger: Client, asked: list[str]) -> None:
    assert nobody.get(PAGE, headers=HTMX).status_code == HTTPStatus.FORBIDDEN
    assert nobody.get(PAGE, {"now": "on"}).status_code == HTTPStatus.FORBIDDEN
    assert stranger.get(PAGE).status_code == HTTPStatus.FOUND
    assert asked == []
    assert admin_menu_is_without_it(nobody)


def test_what_it_does_not_know_is_refused(admin: Client, asked: list[str]) -> None:
    assert admin.get(PAGE, {"often": "1"}).status_code == HTTPStatus.BAD_REQUEST
    assert asked == []


def test_the_dashboard_may_take_what_was_asked() -> None:
    names = [each.name for each in platform_health().servers]
    assert names == ["database", "redis", "mail", "plugins", "keycloak", "storage"]


def admin_menu_is_without_it(client: Client) -> bool:
    return f'href="{PAGE}"' not in client.get(PAGE).content.decode()


@pytest.fixture
def hangs() -> Iterator[Callable[[], None]]:
    """Stand in for a server that takes a connection and never answers."""

    over = Event()
    yield lambda: over.wait(30) and None
    over.set()
