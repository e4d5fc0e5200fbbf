"""Whoever makes or restores a backup is killed in the middle of it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from plexica.backup.models import SILENT_AFTER, Backup, BackupState
from plexica.backup.restoring import Outcome
from plexica.backup.retention import close_cut_off
from plugins.models import Installation
from tenants.models import ProvisioningRun, Tenant
from tenants.parts import configured_parts
from tenants.provisioning.engine import run_provisioning
from tenants.states import RunKind, RunState
from tests.integration.backup.conftest import Key, Whole, backed_up, opened

pytestmark = [pytest.mark.prove, pytest.mark.timeout(900)]


def killed_at(phase: str, *arguments: str) -> None:
    """Run the command, and kill it without a warning as soon as it says that a phase begins."""
    command = [sys.executable, "manage.py", "backup", *arguments]
    with subprocess.Popen(  # noqa: S603 (our own program)
        command, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, text=True, bufsize=1,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        for line in process.stdout:
            if line.strip().endswith(phase):
                process.send_signal(signal.SIGKILL)
                break
    assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("phase", [": rows", ": plugins", ": realm", ": files"])
def test_a_backup_that_is_killed_leaves_no_archive_and_is_begun_anew(
    whole: Whole, key: Key, tmp_path: Path, phase: str
) -> None:
    killed_at(phase, "create", whole.tenant.slug, "--to", str(tmp_path), "--recipient", key.public)
    assert not list(tmp_path.glob("*.plexica"))
    left = Backup.objects.get(place=str(tmp_path))
    assert left.state == BackupState.RUNNING

    # The tenant is nobody's any more, and another backup of it is made at once.
    opened(backed_up(whole.tenant, tmp_path, key.public), key)

    Backup.objects.filter(pk=left.pk).update(
        seen_at=timezone.now() - SILENT_AFTER - timedelta(seconds=1)
    )
    assert [each.pk for each in close_cut_off()] == [left.pk]
    left.refresh_from_db()
    assert left.state == BackupState.FAILED
    assert not list(tmp_path.glob("*.partial"))


@pytest.mark.parametrize("phase", [": rows", ": comparison"])
def test_a_restoration_that_is_killed_is_taken_back_and_begun_anew(
    whole: Whole, key: Key, tmp_path: Path, phase: str, restore: Callable[..., Outcome]
) -> None:
    path = backed_up(whole.tenant, tmp_path, key.public)
    slug = f"{whole.tenant.slug}-k"
    key_file = str(key.path)
    killed_at(f"{slug}{phase}", "restore", str(path), "--identity", key_file, "--slug", slug)
    run = ProvisioningRun.objects.get(tenant__slug=slug, kind=RunKind.FROM_BACKUP)
    assert run.state == RunState.RUNNING
    assert not Tenant.objects.get(slug=slug).is_active

    # What a worker does when the lease is over.
    ProvisioningRun.objects.filter(pk=run.pk).update(lease_expires_at=timezone.now())
    run_provisioning(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.ROLLED_BACK
    assert "Begin the restoration again" in run.error_message
    assert not Installation.objects.filter(tenant__slug=slug).exists()
    for part in configured_parts().values():
        assert not [each for each in part.find_orphans() if slug in each.what]

    outcome = restore(opened(path, key), slug)
    assert outcome.is_done, outcome.error
