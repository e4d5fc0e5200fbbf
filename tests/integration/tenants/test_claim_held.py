"""A claim keeps others out, and ends with its block, its connection or its lease."""

import time

import psycopg
import pytest
from django.db import connection, transaction
from pytest_django import Settings

from plexica.core.fence import check_fence
from tenants.claim import ClaimLost, claimed, hold_off_claims
from tenants.models import ProvisioningRun, Tenant
from tenants.runs import TenantBusy
from tenants.states import RunState
from tests.conftest import Servers
from tests.integration.conftest import MakeRun
from tests.threads import threads

_TERMINATE_HOLDERS = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_locks
     WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND granted"""


@pytest.fixture
def tenant(make_run: MakeRun) -> Tenant:
    run = make_run()
    ProvisioningRun.objects.filter(pk=run.pk).update(state=RunState.SUCCEEDED)
    return run.tenant


def _elsewhere(tenant: Tenant) -> bool:
    def ask() -> bool:
        with transaction.atomic():
            return hold_off_claims(tenant.pk)

    with threads(1) as submit:
        return submit(ask).result()


def test_one_claim_at_a_time_and_no_run_meanwhile(tenant: Tenant) -> None:
    with claimed(tenant) as held:
        assert held == tenant
        assert not _elsewhere(tenant)
        with pytest.raises(TenantBusy), claimed(tenant):
            pass
        check_fence()
    assert _elsewhere(tenant)
    with claimed(tenant):
        pass


def test_a_failure_gives_it_up(tenant: Tenant) -> None:
    with pytest.raises(ZeroDivisionError), claimed(tenant):
        _ = 1 / 0
    assert _elsewhere(tenant)


def test_it_outlives_the_callers_connection(tenant: Tenant) -> None:
    with claimed(tenant):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            _ = 1 / 0
        connection.close()
        check_fence()
        assert not _elsewhere(tenant)
    assert _elsewhere(tenant)


@pytest.mark.parametrize("state", [RunState.QUEUED, RunState.RUNNING, RunState.ROLLING_BACK])
def test_a_run_that_is_not_finished_keeps_it_away(tenant: Tenant, state: RunState) -> None:
    ProvisioningRun.objects.filter(tenant=tenant).update(state=state)
    with pytest.raises(TenantBusy), claimed(tenant):
        pass
    assert _elsewhere(tenant)


def test_who_takes_a_run_up_keeps_claims_away_until_the_end(tenant: Tenant) -> None:
    with transaction.atomic():
        assert hold_off_claims(tenant.pk)
        with pytest.raises(TenantBusy), claimed(tenant):
            pass
    with pytest.raises(RuntimeError):
        hold_off_claims(tenant.pk)


def test_who_lost_it_is_stopped_by_the_fence(tenant: Tenant, servers: Servers) -> None:
    url = servers.environment["PLEXICA_DATABASE_ADMIN_URL"]
    with claimed(tenant):
        with psycopg.connect(url, autocommit=True, connect_timeout=5) as server:
            holders = server.execute(_TERMINATE_HOLDERS).fetchall()
            assert holders == [(True,)]
        with pytest.raises(ClaimLost):
            check_fence()
    assert _elsewhere(tenant)


def test_it_is_kept_for_longer_than_a_lease(tenant: Tenant, settings: Settings) -> None:
    settings.PLEXICA_LEASE_SECONDS = 0.6
    with claimed(tenant):
        time.sleep(1.5)
        check_fence()
        assert not _elsewhere(tenant)


def test_who_is_frozen_loses_it_after_a_lease(
    tenant: Tenant, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PLEXICA_LEASE_SECONDS = 0.4
    monkeypatch.setattr("tenants.claim._RENEWALS_PER_LEASE", 0.01)
    with claimed(tenant):
        time.sleep(0.8)
        assert _elsewhere(tenant)
        with pytest.raises(ClaimLost):
            check_fence()
