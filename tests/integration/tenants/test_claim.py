"""Claims keep runs, upgrades and repairs of one tenant apart. The steps only do as told."""

from collections.abc import Iterator
from threading import Event

import pytest
from pytest_django import Settings

from tenants.claim import claimed
from tenants.models import Tenant
from tenants.provisioning.engine import run_provisioning
from tenants.runs import TenantBusy
from tests.integration.conftest import MakeRun
from tests.integration.tenants import steps
from tests.threads import threads


@pytest.fixture(autouse=True)
def _told_steps(settings: Settings) -> Iterator[None]:
    settings.TENANT_STEPS = steps.configuration()
    steps.reset()
    yield
    steps.reset()


def test_a_run_waits_until_a_claim_has_ended(make_run: MakeRun) -> None:
    run = make_run()
    Tenant.objects.filter(pk=run.tenant_id).update(state="ACTIVE")
    run.state = "SUCCEEDED"
    run.save()
    begun, end = Event(), Event()

    def claim() -> None:
        with claimed(run.tenant):
            begun.set()
            end.wait(10)

    with threads(1) as submit:
        claiming = submit(claim)
        assert begun.wait(10)
        with pytest.raises(TenantBusy), claimed(run.tenant):
            pass
        type(run).objects.filter(pk=run.pk).update(state="QUEUED")
        run_provisioning(run.id)
        assert steps.calls == []
        end.set()
        claiming.result()
    Tenant.objects.filter(pk=run.tenant_id).update(state="PROVISIONING")
    run_provisioning(run.id)
    assert steps.calls == ["do one", "do two", "do three"]


def test_nothing_is_claimed_while_a_run_is_unfinished(make_run: MakeRun) -> None:
    run = make_run()
    with pytest.raises(TenantBusy), claimed(run.tenant):
        pass
    run_provisioning(run.id)
    with claimed(run.tenant):
        pass
    with claimed(run.tenant):
        pass
