"""Switching off and on, uninstalling, and what a purge leaves: nothing."""

import zipfile
from datetime import timedelta

import psycopg
import pytest
from django.utils import timezone
from psycopg import sql

from plexica.core.actor import SYSTEM
from plexica.core.errors import Conflict
from plexica.rbac.models import Grant
from plexica.rbac.registry import get_definition
from plexica.storage.clients import get_client
from plugins.exporting import NothingToExport, export_installation
from plugins.installations import get_installation, list_purges_due
from plugins.installing import (
    InstallationStateRefused,
    disable_installation,
    enable_installation,
    uninstall_installation,
)
from plugins.lifecycle.database import database_url
from plugins.lifecycle.files import PLUGINS_PREFIX
from plugins.models import Backend, Installation
from plugins.states import InstallationState
from plugins.tasks import purge_due
from tenants.models import ProvisioningRun, Tenant
from tenants.scopes import tenant_scope
from tenants.services import retry_run
from tenants.states import RunKind, RunState
from tests.integration.plugins.life.conftest import Install, Publish, catalog, worked

KEY = "notes:notes:read"


def holds(tenant: Tenant) -> tuple[bool, set[str]]:
    """Return whether a tenant knows the plugin's permission, and which of its roles hold it."""
    with tenant_scope(tenant):
        roles = Grant.objects.filter(permission=KEY).values_list("role__key", flat=True)
        return get_definition(KEY) is not None, set(roles)


def write_much(installation: Installation) -> None:
    """Have the plugin leave what a plugin can leave."""
    with psycopg.connect(database_url(installation)) as session:
        session.execute("INSERT INTO notes VALUES (1, 'milk')")
        session.execute("CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'")
        session.execute("CREATE TYPE mood AS ENUM ('good')")
        session.execute("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC")
        session.execute("ALTER ROLE CURRENT_USER SET work_mem = '1MB'")
        session.execute("GRANT SELECT ON notes TO PUBLIC")
    tenant = installation.tenant
    get_client(tenant.s3).put_object(
        Bucket=tenant.bucket, Key=f"{PLUGINS_PREFIX}notes/a.txt", Body=b"a"
    )
    get_client(tenant.s3).put_object(
        Bucket=tenant.bucket, Key=f"{PLUGINS_PREFIX}notes2/a.txt", Body=b"a"
    )


def keys(tenant: Tenant) -> list[str]:
    """Return the keys of the files of plugins."""
    found = get_client(tenant.s3).list_objects_v2(Bucket=tenant.bucket, Prefix=PLUGINS_PREFIX)
    return [each["Key"] for each in found.get("Contents", ())]


def test_purge_leaves_the_catalog_as_it_was(
    acme: Tenant, globex: Tenant, publish: Publish, install: Install
) -> None:
    publish()
    theirs = install(tenant=globex)
    before = catalog()
    installation = install()
    write_much(installation)
    assert catalog() != before
    open_session = psycopg.connect(database_url(installation))
    gone = worked_uninstall(installation, purge=True)
    assert catalog() == before
    assert not gone
    assert keys(acme) == [f"{PLUGINS_PREFIX}notes2/a.txt"]
    with pytest.raises(psycopg.OperationalError):
        open_session.execute("SELECT 1")
    with psycopg.connect(database_url(theirs)) as session:
        session.execute("SELECT * FROM notes")
    assert holds(acme) == (False, set())
    assert holds(globex) == (True, {"admin", "member", "viewer"})
    get_client(acme.s3).delete_object(Bucket=acme.bucket, Key=f"{PLUGINS_PREFIX}notes2/a.txt")


def test_what_another_plugin_has_granted_does_not_stand_in_the_way(
    globex: Tenant, publish: Publish, install: Install
) -> None:
    publish()
    theirs = install(tenant=globex)
    before = catalog()
    installation = install()
    role = sql.Identifier(installation.database_role)
    with psycopg.connect(database_url(theirs)) as session:
        for grant in (
            "GRANT ALL ON notes TO {}",
            "GRANT SELECT (id) ON notes TO {}",
            "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO {}",
        ):
            session.execute(sql.SQL(grant).format(role))
    assert not worked_uninstall(installation, purge=True)
    after = catalog()
    # What is theirs stays so, with rights that are spelt out now.
    for what in before.keys() - {"relations", "defaults"}:
        assert after[what] == before[what]
    assert installation.database_role not in str(after)


def test_kept_data_is_closed_and_taken_over(
    acme: Tenant, publish: Publish, install: Install
) -> None:
    publish()
    installation = install(settings={"greeting": "Ciao", "token": "s3cret"})
    url = database_url(installation)
    write_much(installation)
    session = psycopg.connect(url)
    assert worked_uninstall(installation, purge=False)
    kept = get_installation(tenant=acme, slug="notes")
    assert kept.state == InstallationState.UNINSTALLING
    assert kept.purge_after is not None
    assert kept.purge_after > timezone.now() + timedelta(days=29)
    assert holds(acme) == (False, set())
    assert not Backend.objects.filter(is_wanted=True).exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)
    with pytest.raises(psycopg.OperationalError):
        session.execute("SELECT 1")
    export = export_installation(installation=kept, actor=SYSTEM)
    with export.file, zipfile.ZipFile(export.file) as archive:
        assert archive.read("tables/notes.csv") == b"id,words\n1,milk\n"
    again = install()
    assert (again.state, again.purge_after, again.pk) == ("ENABLED", None, installation.pk)
    assert again.settings == {"greeting": "Ciao"}
    with psycopg.connect(database_url(again)) as session:
        assert session.execute("SELECT words FROM notes").fetchall() == [("milk",)]


def test_failure_to_take_kept_data_over_leaves_it_kept(
    acme: Tenant, publish: Publish, install: Install
) -> None:
    publish()
    installation = install()
    write_much(installation)
    worked_uninstall(installation, purge=False)
    publish("1.1.0", migrations={"0001_notes.sql": "", "0002_bad.sql": "HELLO"})
    failed = install()
    assert failed.run is not None
    assert failed.run.state == RunState.ROLLED_BACK
    assert (failed.state, failed.release.version) == (InstallationState.UNINSTALLING, "1.0.0")
    assert failed.purge_after is not None
    with pytest.raises(Conflict):
        retry_run(run=failed.run, actor=SYSTEM)
    export_installation(installation=failed, actor=SYSTEM).file.close()
    again = install(version="1.0.0")
    with psycopg.connect(database_url(again)) as session:
        assert session.execute("SELECT words FROM notes").fetchall() == [("milk",)]


def test_what_is_being_purged_is_not_installed(
    acme: Tenant, publish: Publish, install: Install
) -> None:
    publish()
    installation = install()
    uninstall_installation(installation=installation, purge=True, actor=SYSTEM)
    ProvisioningRun.objects.filter(kind=RunKind.PLUGIN_UNINSTALL).update(
        state=RunState.FAILED, finished_at=timezone.now()
    )
    with pytest.raises(InstallationStateRefused, match="is being removed"):
        install()
    with pytest.raises(NothingToExport):
        export_installation(installation=get_installation(tenant=acme, slug="notes"), actor=SYSTEM)


def test_kept_data_goes_when_its_time_is_over(
    acme: Tenant, publish: Publish, install: Install
) -> None:
    publish()
    before = catalog()
    installation = install()
    write_much(installation)
    worked_uninstall(installation, purge=False)
    assert not list_purges_due().exists()
    purge_due()
    Installation.objects.update(purge_after=timezone.now())
    purge_due()
    purge_due()
    worked_or_gone(Installation.objects.get())
    assert not Installation.objects.exists()
    assert catalog() == before


def test_disabled_and_enabled_count_from_the_next_request(
    acme: Tenant, publish: Publish, install: Install
) -> None:
    release = publish()
    installation = install()
    assert holds(acme) == (True, {"admin", "member", "viewer"})
    epoch = Tenant.objects.get(pk=acme.pk).permission_epoch
    disabled = disable_installation(installation=installation, actor=SYSTEM)
    assert holds(acme) == (False, set())
    assert Tenant.objects.get(pk=acme.pk).permission_epoch > epoch
    with pytest.raises(InstallationStateRefused):
        disable_installation(installation=disabled, actor=SYSTEM)
    enable_installation(installation=disabled, actor=SYSTEM)
    assert holds(acme) == (True, {"admin", "member", "viewer"})
    assert Backend.objects.get(release=release).is_wanted


def worked_uninstall(installation: Installation, *, purge: bool) -> bool:
    """Uninstall, wait for the end, and return whether there is a row still."""
    return worked_or_gone(
        uninstall_installation(installation=installation, purge=purge, actor=SYSTEM)
    )


def worked_or_gone(installation: Installation) -> bool:
    """Work on an uninstallation, and return whether there is a row still."""
    try:
        return bool(worked(installation))
    except Installation.DoesNotExist:
        return False
