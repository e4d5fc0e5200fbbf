"""Ways to make a real step fail, or a real server stop, at a known place of a run."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.cache import cache
from pytest_django import Settings

from deploy.local import control
from plexica.core.errors import TransientError
from plexica.identity.keycloak.master import master_client
from tenants.models import ProvisioningRun, Tenant
from tenants.provisioning.engine import run_provisioning
from tenants.provisioning.step import configured_steps
from tenants.scopes import tenant_scope
from tenants.selectors import list_abandoned_runs
from tests.conftest import Servers
from tests.integration.faults.leftovers import Master

Act = Callable[[Tenant], None]
Instead = Callable[[Act, Tenant], None]
Around = Callable[..., None]
OnServer = Callable[[str], None]
SERVERS = ("postgres", "redis", "s3", "mail", "keycloak")


@pytest.fixture(autouse=True)
def _quick(settings: Settings) -> None:
    settings.PLEXICA_STEP_ATTEMPTS = 3
    settings.PLEXICA_STEP_BACKOFF_SECONDS = 0.05
    settings.PLEXICA_LEASE_SECONDS = 1


@pytest.fixture
def master() -> Master:
    """What the master realm knew before the test."""
    return Master.now()


@pytest.fixture
def around(monkeypatch: pytest.MonkeyPatch) -> Around:
    """Call something in place of a step's `do`; it gets the real one and the tenant."""

    def put(name: str, act: Instead, patch: pytest.MonkeyPatch = monkeypatch) -> None:
        step = configured_steps()[name]
        real = step.do
        patch.setattr(type(step), "do", lambda _self, tenant: act(real, tenant))

    return put


@pytest.fixture
def stop(servers: Servers) -> Iterator[OnServer]:
    """Stop servers; all of them run again after the test."""
    stopped: set[str] = set()

    def stop_one(name: str) -> None:
        stopped.add(name)
        control.stop_part(servers.instance, name)

    yield stop_one
    for name in SERVERS:
        if name in stopped:
            control.start_part(servers.instance, name)
    if "postgres" in stopped:
        let_keycloak_settle()


@pytest.fixture
def crash(servers: Servers, stop: OnServer) -> OnServer:
    """End servers at once, whatever they are at, and keep them down."""
    crashed: set[str] = set()

    def crash_one(name: str) -> None:
        if name not in crashed:
            crashed.add(name)
            control.kill_part(servers.instance, name)
        stop(name)

    return crash_one


@pytest.fixture
def start(servers: Servers) -> OnServer:
    """Start a server that was stopped, and wait until it answers."""
    return lambda name: control.start_part(servers.instance, name)


def let_keycloak_settle() -> None:
    """Have Keycloak find out which of its connections to the database are broken."""
    call = master_client("default").call

    def works(_number: int) -> bool:
        try:
            call("GET", "/master/clients", params={"max": "1"})
        except TransientError:
            return False
        return True

    deadline = time.monotonic() + 60
    with ThreadPoolExecutor(8) as pool:
        while not all(pool.map(works, range(16))):
            assert time.monotonic() < deadline, "Keycloak does not recover."


def work(run: ProvisioningRun) -> ProvisioningRun:
    """Work on a run in this process, and read what came of it."""
    run_provisioning(run.id)
    run.refresh_from_db()
    run.tenant.refresh_from_db()
    return run


def become_abandoned(run: ProvisioningRun) -> None:
    """Wait until the lease of a run has expired, if anybody had it, and the sweep would find it."""
    deadline = time.monotonic() + 30
    while run not in list_abandoned_runs(queued_for=timedelta(0)):
        assert time.monotonic() < deadline, "The run is still held."
        time.sleep(0.05)


def leave_in_cache(tenant: Tenant) -> None:
    """Have a key of the tenant's in the cache."""
    with tenant_scope(tenant):
        cache.set("left", "something")
