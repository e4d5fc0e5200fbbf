"""The provisioner killed in the middle of a run, by the operating system."""

import time
from datetime import timedelta

from django.utils import timezone

from deploy.local import control
from plexica.core.scope import platform_scope
from tenants.models import ProvisioningRun, ProvisioningStep
from tenants.parts import configured_parts
from tenants.states import StepState
from tests.e2e.api import Api
from tests.e2e.conftest import App

MOST_SECONDS = 60


def test_run_whose_provisioner_was_killed_is_finished_by_the_next(
    app: App, api: Api, tidy: list[str]
) -> None:
    tidy.append("initech")
    answer = api.create(
        {"slug": "initech", "name": "Initech", "owner_email": "bill@initech.example"}
    )
    run_url = answer.headers["Location"]
    with platform_scope():
        run = ProvisioningRun.objects.get(tenant__slug="initech")
        _wait_for_step(run, "realm")
        control.kill_part(app.instance, "provisioner")
        cut_off = ProvisioningRun.objects.filter(pk=run.pk, finished_at=None, fence=1)
        # It cannot be renewed any more; that it expires a minute from now is not waited for.
        assert cut_off.update(lease_expires_at=timezone.now() - timedelta(seconds=1)) == 1

    deadline = time.monotonic() + MOST_SECONDS
    while api.get(run_url).json()["state"] != "SUCCEEDED":
        assert time.monotonic() < deadline, api.get(run_url).json()
        time.sleep(0.2)
    with platform_scope():
        run.refresh_from_db()
        assert run.fence > 1
        parts = configured_parts().values()
        assert [found for part in parts for found in part.inspect(run.tenant)] == []


def _wait_for_step(run: ProvisioningRun, name: str) -> None:
    deadline = time.monotonic() + MOST_SECONDS
    started = ProvisioningStep.objects.filter(run=run, name=name, state=StepState.STARTED)
    while not started.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
