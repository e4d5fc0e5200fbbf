"""Each server stopped during a run, and started again: the tenant is whole in the end, or gone.

The servers are stopped for real, in a step that is known; the run is worked on in this process.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connection
from pytest_django import Settings

from deploy.local import control
from plexica.core.actor import SYSTEM
from plexica.core.errors import PermanentError
from plexica.identity.keycloak.realm import realm_client
from plexica.identity.models import User
from plexica.rbac.selectors import has_role
from plexica.storage.selectors import get_usage
from tenants.models import ProvisioningRun, Tenant
from tenants.provisioning.engine import run_provisioning
from tenants.scopes import tenant_scope
from tenants.services import retry_rollback
from tests.conftest import Servers
from tests.integration.conftest import MakeRun
from tests.integration.faults.conftest import Act, Around, become_abandoned, leave_in_cache, work
from tests.integration.faults.leftovers import Master, leftovers

OnServer = Callable[[str], None]
# Where each server is needed first.
STEP_OF = {"s3": "bucket", "keycloak": "realm", "mail": "owner"}


def assert_whole(run: ProvisioningRun) -> None:
    """Ask each server for its part of the tenant."""
    tenant = run.tenant
    assert (run.state, tenant.state) == ("SUCCEEDED", "ACTIVE")
    assert get_usage(tenant=tenant).objects == 0
    assert realm_client(tenant).find_user_by_email(tenant.owner_email)
    with tenant_scope(tenant):
        assert has_role(User.objects.get(), "owner")


@pytest.mark.parametrize("server", ["s3", "mail"])
def test_server_that_comes_back_costs_another_try(
    make_run: MakeRun, around: Around, stop: OnServer, start: OnServer, server: str
) -> None:
    tries: list[Callable[[str], None]] = [start, stop]

    def act(do: Act, tenant: Tenant) -> None:
        tries.pop()(server)
        do(tenant)

    around(STEP_OF[server], act)
    run = work(make_run())
    assert run.steps.get(name=STEP_OF[server]).attempts == 2
    assert_whole(run)


def test_keycloak_killed_while_it_makes_the_realm(
    make_run: MakeRun, around: Around, servers: Servers, master: Master
) -> None:
    """Whether the realm came to be before the end is left to chance, as in life."""
    tries: list[int] = []

    def act(do: Act, tenant: Tenant) -> None:
        tries.append(1)
        if len(tries) > 1:
            control.start_part(servers.instance, "keycloak")
            do(tenant)
            return
        with ThreadPoolExecutor(1) as pool:
            killed = pool.submit(control.kill_part, servers.instance, "keycloak")
            try:
                do(tenant)
            finally:
                killed.result()

    around("realm", act)
    run = work(make_run())
    assert_whole(run)
    assert len(Master.now().clients) == len(master.clients) + 2
    assert Master.now().powers == master.powers


@pytest.mark.parametrize("server", ["s3", "mail", "keycloak"])
def test_server_that_stays_away_gets_everything_else_taken_back_and_the_rest_later(
    make_run: MakeRun, around: Around, stop: OnServer, start: OnServer, master: Master, server: str
) -> None:
    step = STEP_OF[server]

    def act(do: Act, tenant: Tenant) -> None:
        do(tenant)
        leave_in_cache(tenant)
        stop(server)
        do(tenant)

    around(step, act)
    run = work(make_run())
    assert (run.failed_step, run.tenant.state) == (step, "FAILED")
    assert run.error_message
    if server != "mail":
        # Only what is on the server that is away could not be taken back, and that is recorded.
        left = run.steps.filter(state="UNDO_FAILED")
        assert (run.state, [each.name for each in left]) == ("ROLLBACK_INCOMPLETE", [step])
        assert left[0].error_message
        start(server)
        work(retry_rollback(run=run, actor=SYSTEM))
    assert run.state == "ROLLED_BACK"
    assert leftovers(run.tenant) == []
    assert Master.now() == master


def test_a_run_needs_no_redis(make_run: MakeRun, around: Around, stop: OnServer) -> None:
    def act(do: Act, tenant: Tenant) -> None:
        stop("redis")
        do(tenant)

    around("schema", act)
    assert_whole(work(make_run()))


def test_taking_back_needs_no_redis(
    make_run: MakeRun, around: Around, stop: OnServer, start: OnServer
) -> None:
    def act(do: Act, tenant: Tenant) -> None:
        do(tenant)
        stop("redis")
        raise PermanentError("Refused after it was done.")

    around("realm", act)
    run = work(make_run())
    start("redis")
    assert (run.state, run.tenant.state) == ("ROLLED_BACK", "FAILED")
    assert leftovers(run.tenant) == []


@pytest.mark.parametrize(
    ("step", "when"),
    [("schema", "before"), ("bucket", "after"), ("realm", "before"), ("owner", "after")],
)
def test_run_that_the_database_left_is_finished_when_it_is_back(
    make_run: MakeRun, around: Around, stop: OnServer, start: OnServer, step: str, when: str
) -> None:
    stops = [stop]

    def act(do: Act, tenant: Tenant) -> None:
        if when == "after":
            do(tenant)
        if stops:
            stops.pop()("postgres")
        if when == "before":
            do(tenant)

    around(step, act)
    run = make_run()
    _work_until_the_database_is_away(run)
    start("postgres")
    become_abandoned(run)
    assert_whole(work(run))


def test_rollback_that_the_database_left_is_finished_when_it_is_back(
    make_run: MakeRun,
    around: Around,
    stop: OnServer,
    start: OnServer,
    master: Master,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from plexica.storage.provisioning import Bucket  # noqa: PLC0415 (to be patched)

    undo, stops = Bucket.undo, [stop]

    def undo_and_stop(self: Bucket, tenant: Tenant) -> None:
        undo(self, tenant)
        if stops:
            stops.pop()("postgres")

    def fail(do: Act, tenant: Tenant) -> None:
        do(tenant)
        raise PermanentError("Refused after it was done.")

    monkeypatch.setattr(Bucket, "undo", undo_and_stop)
    around("realm", fail)
    run = make_run()
    _work_until_the_database_is_away(run)
    start("postgres")
    become_abandoned(run)
    work(run)
    assert (run.state, run.tenant.state) == ("ROLLED_BACK", "FAILED")
    assert leftovers(run.tenant) == []
    assert Master.now() == master


@pytest.fixture(autouse=True)
def _patience(settings: Settings) -> None:
    """Keycloak's connections to the database must be made anew after that was stopped."""
    settings.PLEXICA_STEP_ATTEMPTS = 4
    settings.PLEXICA_STEP_BACKOFF_SECONDS = 0.2


def _work_until_the_database_is_away(run: ProvisioningRun) -> None:
    with pytest.raises(OperationalError):
        run_provisioning(run.id)
    # As a worker does between tasks.
    connection.close()
