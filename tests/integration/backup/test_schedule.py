"""Backups by the clock: when one is due, how many stay, and how a failure shows."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from plexica.backup import creating
from plexica.backup.archive.reading import Archive
from plexica.backup.meter import Meter
from plexica.backup.models import SILENT_AFTER, Backup, BackupState
from plexica.backup.platform_part import is_of_platform
from plexica.backup.restoring import check_archive
from plexica.backup.schedule import TRY_AGAIN_AFTER, make_due
from plexica.backup.selectors import backup_health
from plexica.core.errors import PermanentError
from tenants.models import Tenant
from tests.integration.console.conftest import admin  # noqa: F401


@pytest.fixture(autouse=True)
def _target(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.PLEXICA_BACKUP_TARGET = str(tmp_path / "archives")
    settings.PLEXICA_BACKUP_RECIPIENTS = []
    settings.PLEXICA_BACKUP_KEEP = 1
    # What tenants there are is no matter here.
    monkeypatch.setattr(creating, "_tenants", lambda _slug: list(Tenant.objects.none()))
    yield
    Backup.objects.filter(is_scheduled=True).delete()


def make_old(backup: Backup, age: timedelta) -> None:
    Backup.objects.filter(pk=backup.pk).update(started_at=timezone.now() - age)


def test_one_is_made_when_it_is_due_and_the_oldest_go(tmp_path: Path) -> None:
    first = make_due()
    assert first is not None
    assert make_due() is None
    make_old(first, timedelta(hours=25))
    second = make_due()
    assert second is not None
    assert [each.name for each in (tmp_path / "archives").iterdir()] == [second.name]
    first.refresh_from_db()
    assert first.state == BackupState.REMOVED
    path = tmp_path / "archives" / second.name
    archive = Archive(lambda: path.open("rb"), [])
    check_archive(archive, is_foreign=False, meter=Meter())
    assert is_of_platform(archive)
    assert backup_health().problem == ""


def test_one_that_failed_shows_and_is_tried_again_later(
    settings: Settings,
    tmp_path: Path,
    admin: Client,  # noqa: F811
) -> None:
    (tmp_path / "file").write_text("")
    settings.PLEXICA_BACKUP_TARGET = str(tmp_path / "file")
    with pytest.raises(PermanentError):
        make_due()
    assert "The last backup failed" in backup_health().problem
    page = reverse("console:health_status", "plexica.urls_console")
    text = admin.get(page, headers={"HX-Request": "true"}).content.decode()
    assert "Backups need a look" in text
    assert make_due() is None
    settings.PLEXICA_BACKUP_TARGET = str(tmp_path / "archives")
    make_old(Backup.objects.get(is_scheduled=True), TRY_AGAIN_AFTER + timedelta(seconds=1))
    assert make_due() is not None
    assert backup_health().problem == ""


def test_one_that_was_cut_off_makes_room_for_the_next() -> None:
    first = make_due()
    assert first is not None
    Backup.objects.filter(pk=first.pk).update(state=BackupState.RUNNING)
    assert make_due() is None
    old = timezone.now() - SILENT_AFTER - TRY_AGAIN_AFTER
    Backup.objects.filter(pk=first.pk).update(seen_at=old, started_at=old)
    assert "cut off" in backup_health().problem
    assert make_due() is not None
    first.refresh_from_db()
    assert first.state == BackupState.FAILED


def test_one_that_is_missing_shows(settings: Settings) -> None:
    first = make_due()
    assert first is not None
    make_old(first, timedelta(hours=31))
    assert "older than it should be" in backup_health().problem


def test_without_a_target_none_is_made(settings: Settings) -> None:
    settings.PLEXICA_BACKUP_TARGET = ""
    assert make_due() is None
    assert not backup_health().is_scheduled
