"""Keycloak and S3 answering late, wrongly or not at all, at every request of every kind of run.

The servers are real; what stands before them (`tests.integration.faults.proxy`) spoils an answer,
or keeps a request back until everybody has given up.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
import requests
from pytest_django import Settings

from plexica.core.actor import SYSTEM
from plexica.storage import clients
from tenants.models import ProvisioningRun
from tenants.reconcile import reconcile_ended
from tenants.services import retry_rollback, retry_run
from tenants.states import RunKind, RunState
from tests.conftest import Servers
from tests.integration.conftest import MakeRun
from tests.integration.faults.conftest import Around, work
from tests.integration.faults.killing import Case, check_end, refuse, stage
from tests.integration.faults.leftovers import Master, leftovers
from tests.integration.faults.proxy import Fault, Proxy, standing_before

# Longer than a realm takes to be made, with other tests at work beside this one.
PATIENCE_SECONDS = 4
MOST_REQUESTS = 200
SPOILT = tuple(
    (kind, server)
    for kind, servers in {
        RunKind.CREATE: ("keycloak", "s3"),
        RunKind.SUSPEND: ("keycloak",),
        RunKind.RESUME: ("keycloak",),
        RunKind.PURGE: ("keycloak", "s3"),
    }.items()
    for server in servers
)
# What may be left where a server does not say whether it has it, and what is kept to ask again.
ITS = {
    "keycloak": {"realm", "client of the realm in master", "spare account", "secrets"},
    "s3": {"bucket"},
}


@pytest.fixture(scope="module")
def proxies(platform: Servers) -> Iterator[dict[str, Proxy]]:
    """What stands before each server."""
    from django.conf import settings  # noqa: PLC0415 (the fixture of this name is a function's)

    with (
        standing_before(settings.KEYCLOAK_SERVERS["default"].internal_url) as keycloak,
        standing_before(settings.S3_SERVERS["default"].endpoint_url) as s3,
    ):
        yield {"keycloak": keycloak, "s3": s3}


@pytest.fixture(autouse=True)
def _through_the_proxies(
    proxies: dict[str, Proxy], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    keycloak, s3 = settings.KEYCLOAK_SERVERS["default"], settings.S3_SERVERS["default"]
    settings.KEYCLOAK_SERVERS = {"default": replace(keycloak, internal_url=proxies["keycloak"].url)}
    settings.S3_SERVERS = {"default": replace(s3, endpoint_url=proxies["s3"].url)}
    settings.PLEXICA_STEP_ATTEMPTS = 6
    # No worker dies here, and one whose lease ends only because the machine is busy proves nothing.
    settings.PLEXICA_LEASE_SECONDS = 60
    monkeypatch.setattr(clients, "_READ_SECONDS", PATIENCE_SECONDS)
    request = requests.Session.request

    def request_impatiently(session: requests.Session, *args: Any, **options: Any) -> Any:
        connect, read = options.pop("timeout")
        return request(session, *args, timeout=(connect, min(read, PATIENCE_SECONDS)), **options)

    monkeypatch.setattr(requests.Session, "request", request_impatiently)
    yield
    for proxy in proxies.values():
        proxy.disarm()
        proxy.release()


def spoil(run: ProvisioningRun, proxy: Proxy, fault: Fault, at: int) -> bool:
    """Work on a run with one answer spoilt.

    Returns:
        Whether the run came to that request.
    """
    proxy.arm(fault, at=at)
    work(run)
    proxy.disarm()
    proxy.release()
    return proxy.is_reached


@pytest.mark.parametrize(
    ("kind", "server", "fault", "at"),
    [
        (RunKind.CREATE, "keycloak", Fault.ERROR_AFTER, 1),
        (RunKind.CREATE, "s3", Fault.CUT_AFTER, 1),
        (RunKind.CREATE, "keycloak", Fault.CUT_AFTER, 7),
        (RunKind.SUSPEND, "keycloak", Fault.ABSENT, 2),
        (RunKind.PURGE, "keycloak", Fault.ERROR_AFTER, 2),
    ],
)
def test_spoilt_answer_leaves_a_run_that_ends_as_it_should(
    make_run: MakeRun, proxies: dict[str, Proxy], kind: RunKind, server: str, fault: Fault, at: int
) -> None:
    with stage(kind, make_run) as begin:
        run = begin()
        assert spoil(run, proxies[server], fault, at)
        check_end(Case(kind, ""), run)


@pytest.mark.prove
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize(("kind", "server"), SPOILT)
def test_each_answer_spoilt(
    make_run: MakeRun,
    proxies: dict[str, Proxy],
    kind: RunKind,
    server: str,
    fault: Fault,
    record_property: Callable[[str, object], None],
) -> None:
    with stage(kind, make_run) as begin:
        for at in count():
            assert at < MOST_REQUESTS
            run = begin()
            if not spoil(run, proxies[server], fault, at):
                break
            check_end(Case(kind, ""), run)
    assert at > 1
    record_property("requests", at)


@pytest.mark.prove
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("fault", [Fault.ERROR_AFTER, Fault.ABSENT])
@pytest.mark.parametrize(("kind", "server"), SPOILT)
def test_all_answers_spoilt_from_each_on(
    make_run: MakeRun,
    proxies: dict[str, Proxy],
    kind: RunKind,
    server: str,
    fault: Fault,
    record_property: Callable[[str, object], None],
) -> None:
    """It fails, says so, keeps nothing but what the server alone knows, and works later."""
    with stage(kind, make_run) as begin:
        for at in count():
            assert at < MOST_REQUESTS
            run = begin()
            proxies[server].arm(fault, at=at, is_lasting=True)
            work(run)
            proxies[server].disarm()
            if not proxies[server].is_reached:
                break
            assert run.state in (
                RunState.FAILED,
                RunState.ROLLED_BACK,
                RunState.ROLLBACK_INCOMPLETE,
            )
            if run.state == RunState.ROLLBACK_INCOMPLETE:
                assert kind != RunKind.CREATE or set(leftovers(run.tenant)) <= ITS[server]
                run = work(retry_rollback(run=run, actor=SYSTEM))
                assert run.state == RunState.ROLLED_BACK
            if run.state == RunState.ROLLED_BACK and kind == RunKind.CREATE:
                assert leftovers(run.tenant) == []
            check_end(Case(kind, ""), work(retry_run(run=run, actor=SYSTEM)))
    assert at > 1
    record_property("requests", at)


def test_realm_that_is_made_after_everything_was_taken_back_is_found(
    make_run: MakeRun, proxies: dict[str, Proxy], around: Around, master: Master
) -> None:
    around("owner", refuse)
    run = make_run()
    proxies["keycloak"].arm(Fault.DONE_LATER, at=0, only="POST /admin/realms ")
    work(run)
    assert (run.state, leftovers(run.tenant)) == (RunState.ROLLED_BACK, [])
    proxies["keycloak"].release()
    assert "realm" in leftovers(run.tenant)
    assert [found.part for found in reconcile_ended()] == ["realm"]
    assert leftovers(run.tenant) == []
    assert Master.now() == master


@pytest.mark.prove
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("server", ["keycloak", "s3"])
def test_each_request_done_after_everything_was_taken_back(
    make_run: MakeRun,
    proxies: dict[str, Proxy],
    around: Around,
    master: Master,
    server: str,
    record_property: Callable[[str, object], None],
) -> None:
    around("owner", refuse)
    for at in count():
        assert at < MOST_REQUESTS
        if not _do_later(make_run(), proxies[server], at):
            break
        assert Master.now() == master
    assert at > 1
    record_property("requests", at)


def _do_later(run: ProvisioningRun, proxy: Proxy, at: int) -> bool:
    proxy.arm(Fault.DONE_LATER, at=at)
    work(run)
    proxy.disarm()
    assert run.state == RunState.ROLLED_BACK
    assert leftovers(run.tenant) == []
    proxy.release()
    reconcile_ended()
    assert leftovers(run.tenant) == []
    return proxy.is_reached
