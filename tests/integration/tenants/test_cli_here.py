"""`manage.py tenant … --here`: the command's own process as the worker, for real."""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings as django_settings
from pytest_django import Settings

from tenants.models import ProvisioningRun, Tenant
from tenants.provisioning.lease import acquire
from tenants.states import RunState, StepState
from tests.conftest import Servers
from tests.integration.conftest import MakeRun, remove
from tests.locks import secrets_locked

OWNER = "ada@acme.example"
MOST_SECONDS = 60


@pytest.fixture
def slug() -> Iterator[str]:
    """A slug of the test's own; nothing is left of it."""
    name = f"h{uuid.uuid4().hex[:12]}"
    yield name
    for tenant in Tenant.objects.filter(slug=name):
        remove(tenant)


def start(*words: str, lease_seconds: int = 60) -> "subprocess.Popen[str]":
    """Start the command as a shell would, in a process of its own."""
    return subprocess.Popen(  # noqa: S603 (our own command)
        [sys.executable, "manage.py", "tenant", *words],
        cwd=django_settings.BASE_DIR,
        env=os.environ | {"PLEXICA_LEASE_SECONDS": str(lease_seconds)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + MOST_SECONDS
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def realm_step_has_begun(slug: str) -> bool:
    return ProvisioningRun.objects.filter(
        tenant__slug=slug, steps__name="realm", steps__state=StepState.STARTED
    ).exists()


def test_interrupted_command_ends_at_once_and_the_next_goes_on(servers: Servers, slug: str) -> None:
    command = start("create", slug, "--owner", OWNER, "--here", "--json", lease_seconds=2)
    with secrets_locked(servers):
        wait_for(lambda: realm_step_has_begun(slug), "The realm step does not begin.")
        command.send_signal(signal.SIGINT)
        out, err = command.communicate(timeout=MOST_SECONDS)
    assert command.returncode == 130, err
    assert f"`manage.py tenant retry {slug} --here` goes on with it" in err
    assert json.loads(out)["run"]["state"] == "RUNNING"

    again = start("retry", slug, "--here", "--json")
    out, err = again.communicate(timeout=MOST_SECONDS)
    assert again.returncode == 0, err
    assert json.loads(out)["tenant"]["state"] == "ACTIVE"


def test_interrupted_command_that_only_watches_leaves_the_run_alone(slug: str) -> None:
    command = start("create", slug, "--owner", OWNER, "--json")
    runs = ProvisioningRun.objects.filter(tenant__slug=slug)
    wait_for(runs.exists, "The run does not begin.")
    command.send_signal(signal.SIGINT)
    _out, err = command.communicate(timeout=MOST_SECONDS)
    assert command.returncode == 130, err
    assert runs.get().state == RunState.QUEUED


def test_run_of_a_worker_that_has_died_is_taken_when_its_lease_is_over(
    make_run: MakeRun, settings: Settings
) -> None:
    settings.PLEXICA_LEASE_SECONDS = 2
    run = make_run()
    assert acquire(run.id) is not None
    said = start("retry", run.tenant.slug, "--here", "--json")
    out, err = said.communicate(timeout=MOST_SECONDS)
    assert said.returncode == 0, err
    assert json.loads(out)["run"]["state"] == "SUCCEEDED"
