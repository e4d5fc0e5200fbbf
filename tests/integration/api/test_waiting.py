from collections.abc import Callable, Iterator
from threading import Event
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection

from plexica.core.errors import PermanentError
from tenants.api import waiting
from tests.integration.api.conftest import Api, new_tenant, path_of
from tests.integration.tenants import steps
from tests.threads import threads

Provision = Callable[..., None]


@pytest.fixture
def held() -> Iterator[Event]:
    """Have the second step wait until the test lets it go on."""
    released = Event()

    def wait() -> None:
        assert released.wait(timeout=30)

    steps.on("do two", wait)
    yield released
    released.set()


def fail() -> None:
    raise PermanentError("The second thing is refused.")


def test_answers_201_as_soon_as_the_tenant_is_complete(api: Api, provision: Provision) -> None:
    provision("api-wait")
    answer = api.post(new_tenant("wait"), prefer="wait=30")
    assert answer.status_code == 201
    body = answer.json()
    assert body["tenant"]["state"] == "ACTIVE"
    assert body["run"]["state"] == "SUCCEEDED"
    assert answer["Location"] == body["tenant"]["url"]
    assert answer["Preference-Applied"] == "wait=30"


def test_answers_202_when_it_takes_longer_than_the_caller_waits(
    api: Api, provision: Provision, held: Event
) -> None:
    provision("api-slow")
    answer = api.post(new_tenant("slow"), prefer="wait=1")
    held.set()
    assert answer.status_code == 202
    assert answer["Location"] == answer.json()["run"]["url"]
    assert answer["Preference-Applied"] == "wait=1"


def test_a_run_that_fails_is_a_problem_that_names_the_run(api: Api, provision: Provision) -> None:
    steps.on("do two", fail)
    provision("api-fail")
    answer = api.post(new_tenant("fail"), prefer="wait=30")
    assert answer.status_code == 500
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["type"] == "urn:plexica:problem:provisioning-failed"
    assert body["detail"] == "The second thing is refused."
    assert body["failed_step"] == "two"
    run = api.get(path_of(body["run"]))
    assert run.json()["state"] == "ROLLED_BACK"
    assert answer["Preference-Applied"] == "wait=30"


def test_what_nobody_foresaw_stays_inside(api: Api, provision: Provision) -> None:
    def crash() -> None:
        raise RuntimeError("postgres://user:password@10.0.0.1")

    steps.on("do two", crash)
    provision("api-crash")
    answer = api.post(new_tenant("crash"), prefer="wait=30")
    assert answer.status_code == 500
    assert "10.0.0.1" not in answer.content.decode()


def test_a_waiter_holds_no_connection_and_no_transaction(
    api: Api, provision: Provision, monkeypatch: pytest.MonkeyPatch, held: Event
) -> None:
    seen: list[Any] = []

    class Clock:
        monotonic = staticmethod(waiting.time.monotonic)

        @staticmethod
        def sleep(seconds: float) -> None:
            seen.append((connection.connection, connection.in_atomic_block))
            if len(seen) > 3:
                held.set()
            Event().wait(seconds)

    monkeypatch.setattr(waiting, "time", Clock)
    provision("api-idle")
    assert api.post(new_tenant("idle"), prefer="wait=30").status_code == 201
    assert set(seen) == {(None, False)}


def test_beyond_the_bound_of_waiters_nobody_waits(
    api: Api, provision: Provision, held: Event, settings: LazySettings
) -> None:
    settings.PLEXICA_MAX_WAITERS = 2
    names = ("first", "second")
    with threads(2) as submit:
        calls = [submit(api.post, new_tenant(name), prefer="wait=30") for name in names]
        while waiting._room._present < 2:  # noqa: SLF001 (to know when both wait)
            Event().wait(0.02)
        plain = api.post(new_tenant("third"), prefer="wait=30")
        others = api.get()
        held.set()
        for name in names:
            provision(f"api-{name}")
    assert plain.status_code == 202
    assert "Preference-Applied" not in plain
    assert others.status_code == 200
    assert [call.result().status_code for call in calls] == [201, 201]
    assert waiting._room._present == 0  # noqa: SLF001 (everybody has left)


@pytest.mark.parametrize("header", ["respond-async", "wait", "wait=-1", "wait=soon", "wait=1.5"])
def test_a_preference_that_cannot_be_understood_is_ignored(api: Api, header: str) -> None:
    answer = api.post(new_tenant("ignored"), prefer=header)
    assert answer.status_code == 202
    assert "Preference-Applied" not in answer
