"""Each server stopped during a run, and started again: the tenant is whole in the end, or gone.

The servers are stopped for real, in a step that is known; the run is worked on in this process.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from django.db import OperationalError, connection
from pytest_django import Settings

from plexica.core.actor import SYSTEM
from plexica.core.errors import PermanentError, TransientError
from plexica.identity.keycloak.realm import realm_client
from plexica.identity.models import User
from plexica.rbac.selectors import has_role
from plexica.storage.selectors import get_usage
from tenants.models import ProvisioningRun, Tenant
from tenants.provisioning.engine import UNEXPECTED_MESSAGE, run_provisioning
from tenants.scopes import tenant_scope
from tenants.services import retry_rollback, retry_run
from tests.integration.conftest import MakeRun
from tests.integration.faults.conftest import (
    Act,
    Around,
    OnServer,
    become_abandoned,
    leave_in_cache,
    let_keycloak_settle,
    work,
)
from tests.integration.faults.leftovers import Master, leftovers

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
    tries: list[OnServer] = [start, stop]

    def act(do: Act, tenant: Tenant) -> None:
        tries.pop()(server)
        do(tenant)

    around(STEP_OF[server], act)
    run = work(make_run())
    assert run.steps.get(name=STEP_OF[server]).attempts == 2
    assert_whole(run)


@pytest.mark.parametrize("server", ["s3", "mail", "keycloak"])
def test_server_that_dies_in_a_step_and_stays_away_leaves_what_only_it_knows_and_that_is_taken_back(
    make_run: MakeRun, around: Around, crash: OnServer, start: OnServer, master: Master, server: str
) -> None:
    """Whether the step did its work before the server died is left to chance, as in life."""
    step = STEP_OF[server]

    def act(do: Act, tenant: Tenant) -> None:
        with ThreadPoolExecutor(1) as pool:
            crashed = pool.submit(crash, server)
            with suppress(TransientError):
                do(tenant)
            crashed.result()
        leave_in_cache(tenant)
        do(tenant)

    with pytest.MonkeyPatch.context() as patch:
        around(step, act, patch)
        run = work(make_run())
    assert (run.failed_step, run.tenant.state) == (step, "FAILED")
    assert run.error_message != UNEXPECTED_MESSAGE
    if server != "mail":
        # Only what is on the server that is away could not be taken back, and that is recorded.
        left = run.steps.exclude(state__in=("PENDING", "UNDONE"))
        assert [(each.name, each.state) for each in left] == [(step, "UNDO_FAILED")]
        assert (run.state, bool(left[0].error_message)) == ("ROLLBACK_INCOMPLETE", True)
        start(server)
        run = work(retry_rollback(run=run, actor=SYSTEM))
    assert run.state == "ROLLED_BACK"
    assert leftovers(run.tenant) == []
    assert Master.now() == master
    start(server)
    assert_whole(work(retry_run(run=run, actor=SYSTEM)))


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
    make_run: MakeRun,
    around: Around,
    stop: OnServer,
    start: OnServer,
    settings: Settings,
    step: str,
    when: str,
) -> None:
    """Keycloak loses the database too, so it gets the usual patience when that is back."""
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
    settings.PLEXICA_STEP_ATTEMPTS = 5
    settings.PLEXICA_STEP_BACKOFF_SECONDS = 1
    become_abandoned(run)
    assert_whole(work(run))


def test_rollback_that_the_database_left_is_finished_when_it_is_back(
    make_run: MakeRun,
    around: Around,
    stop: OnServer,
    start: OnServer,
    master: Master,
    settings: Settings,
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
    settings.PLEXICA_STEP_ATTEMPTS = 5
    settings.PLEXICA_STEP_BACKOFF_SECONDS = 1
    become_abandoned(run)
    work(run)
    assert (run.state, run.tenant.state) == ("ROLLED_BACK", "FAILED")
    let_keycloak_settle()
    assert leftovers(run.tenant) == []
    assert Master.now() == master


def _work_until_the_database_is_away(run: ProvisioningRun) -> None:
    with pytest.raises(OperationalError):
        run_provisioning(run.id)
    # As a worker does between tasks.
    connection.close()
