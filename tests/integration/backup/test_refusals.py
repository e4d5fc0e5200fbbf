"""What is not restored: archives that are damaged or not ours, and where there is no room."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_django import Settings

from plexica.backup.archive.errors import ArchiveRefused, TargetRefused
from plexica.backup.archive.keys import new_identity
from plexica.backup.archive.reading import Archive
from plexica.backup.meter import Meter
from plexica.backup.models import Backup, BackupState
from plexica.backup.restoring import Outcome, check_archive
from tenants.models import ProvisioningRun, Tenant
from tests.integration.backup.conftest import Key, backed_up, opened

Restore = Callable[..., Outcome]


def test_a_tenant_that_is_there_is_not_overwritten(
    acme: Tenant, tmp_path: Path, restore: Restore
) -> None:
    archive = opened(backed_up(acme, tmp_path))
    with pytest.raises(TargetRefused, match="There is a tenant"):
        restore(archive)


@pytest.mark.parametrize("harm", ["cut", "changed", "no archive"])
def test_what_is_damaged_is_refused_and_nothing_is_changed(
    acme: Tenant, tmp_path: Path, harm: str
) -> None:
    path = backed_up(acme, tmp_path)
    content = bytearray(path.read_bytes())
    if harm == "changed":
        content[len(content) // 2] ^= 1
    path.write_bytes({"cut": content[:-1], "no archive": b"PK" * 1000}.get(harm, content))
    runs = ProvisioningRun.objects.count()
    with pytest.raises(ArchiveRefused):
        opened(path)
    assert ProvisioningRun.objects.count() == runs


def test_an_archive_of_another_platform_is_refused_unless_it_is_asked_for(
    acme: Tenant, key: Key, tmp_path: Path, settings: Settings
) -> None:
    path = backed_up(acme, tmp_path, key.public)
    settings.PLEXICA_ENCRYPTION_KEYS = ["MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI="]
    with pytest.raises(ArchiveRefused, match="--foreign"):
        opened(path, key)
    archive = Archive(lambda: path.open("rb"), key.identities)
    check_archive(archive, is_foreign=True, meter=Meter())


def test_an_archive_for_somebody_else_is_refused(acme: Tenant, key: Key, tmp_path: Path) -> None:
    path = backed_up(acme, tmp_path, new_identity()[1])
    with pytest.raises(ArchiveRefused, match="None of the given keys"):
        opened(path, key)


def test_an_archive_with_other_tables_is_refused(
    acme: Tenant, tmp_path: Path, restore: Restore, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = opened(backed_up(acme, tmp_path))
    monkeypatch.setattr("plexica.backup.restoring.tenant_digest", lambda: "another")
    with pytest.raises(ArchiveRefused, match="another version"):
        restore(archive, f"{acme.slug}-4")
    assert not Tenant.objects.filter(slug=f"{acme.slug}-4").exists()


def test_what_is_made_is_recorded(acme: Tenant, key: Key, tmp_path: Path) -> None:
    backed_up(acme, tmp_path, key.public)
    made = Backup.objects.get(place=str(tmp_path))
    assert (made.state, made.is_encrypted, made.tenant_count) == (BackupState.DONE, True, 1)
    assert made.size == (tmp_path / made.name).stat().st_size
