"""What becomes of plugins when their tenant is suspended, upgraded, compared, or removed."""

import psycopg
import pytest

from plexica.core.actor import SYSTEM
from plexica.rbac.part import RolesPart
from plexica.rbac.services import ensure_system_roles
from plugins.installing import InstallationStateRefused, disable_installation, install_plugin
from plugins.lifecycle.companion import PluginSchemas
from plugins.lifecycle.database import close_database, database_url
from plugins.models import Backend, Installation
from plugins.tasks import rotate_passwords
from tenants.life import delete_tenant, resume_tenant, suspend_tenant
from tenants.models import Tenant
from tenants.parts import Difference
from tenants.schema.part import SchemaPart
from tenants.schema.roles import drop_schema
from tenants.scopes import tenant_scope
from tenants.states import RunState
from tests.integration.conftest import MakeRun
from tests.integration.faults.conftest import work
from tests.integration.plugins.life.conftest import Install, Publish, catalog
from tests.integration.plugins.life.test_removal import holds


def connects(url: str) -> bool:
    """Return whether a plugin gets in with what it was given."""
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


def test_a_suspended_tenants_plugins_reach_nothing(
    make_run: MakeRun, publish: Publish, install: Install
) -> None:
    publish()
    tenant = work(make_run()).tenant
    installation = install(tenant=tenant)
    url = database_url(installation)
    session = psycopg.connect(url)
    assert work(suspend_tenant(tenant=tenant, actor=SYSTEM)).state == RunState.SUCCEEDED
    with pytest.raises(psycopg.OperationalError):
        session.execute("SELECT 1")
    assert not connects(url)
    with pytest.raises(InstallationStateRefused):
        disable_installation(installation=installation, actor=SYSTEM)
    tenant.refresh_from_db()
    assert PluginSchemas().inspect(tenant) == []
    assert work(resume_tenant(tenant=tenant, actor=SYSTEM)).state == RunState.SUCCEEDED
    assert connects(database_url(installation))


def test_a_removed_tenant_leaves_nothing_of_its_plugins(
    make_run: MakeRun, publish: Publish, install: Install
) -> None:
    publish()
    before = catalog()
    tenant = work(make_run()).tenant
    installation = install(tenant=tenant)
    with psycopg.connect(database_url(installation)) as session:
        session.execute("INSERT INTO notes VALUES (1, 'milk')")
    tenant.refresh_from_db()
    run = work(delete_tenant(tenant=tenant, actor=SYSTEM, grace_days=0))
    assert run.state == RunState.SUCCEEDED, run.error_message
    assert catalog() == before
    assert not Installation.objects.exists()
    assert not Backend.objects.filter(is_wanted=True).exists()


def test_upgrade_and_comparison_of_a_tenant_keep_what_its_plugins_have(
    acme: Tenant, publish: Publish, install: Install
) -> None:
    publish()
    install()
    with tenant_scope(acme):
        ensure_system_roles()
    assert holds(acme) == (True, {"admin", "member", "viewer"})
    acme.refresh_from_db()
    assert RolesPart().inspect(acme) == []
    assert SchemaPart().inspect(acme) == []
    assert SchemaPart().find_orphans() == []


def test_comparison_finds_and_mends_a_closed_role(
    acme: Tenant, publish: Publish, install: Install
) -> None:
    publish()
    installation = install()
    close_database(installation)
    acme.refresh_from_db()
    [finding] = SchemaPart().inspect(acme)
    assert (finding.difference, finding.can_repair) == (Difference.DIFFERENT, True)
    SchemaPart().repair(acme, [finding])
    assert SchemaPart().inspect(acme) == []
    assert connects(database_url(installation))


def test_comparison_finds_what_is_missing_and_what_is_nobodys(
    acme: Tenant, publish: Publish, install: Install
) -> None:
    publish()
    before = catalog()
    installation = install()
    Installation.objects.all().delete()
    found = SchemaPart().find_orphans()
    assert {finding.what for finding in found} == {
        f"plugin schema {installation.schema_name}",
        f"plugin role {installation.database_role}",
    }
    for finding in found:
        SchemaPart().remove_orphan(finding)
    assert catalog() == before
    again = install()
    drop_schema(again.schema_name)
    acme.refresh_from_db()
    [missing] = SchemaPart().inspect(acme)
    assert missing.what == f"plugin schema {again.schema_name}"


def test_a_lost_installations_data_is_not_anothers(publish: Publish, install: Install) -> None:
    publish()
    lost = install()
    url = database_url(lost)
    Installation.objects.all().delete()
    failed = install()
    assert failed.run is not None
    assert (failed.state, failed.run.failed_step) == ("FAILED", "schema")
    with psycopg.connect(url) as session:
        assert session.execute("SELECT count(*) FROM notes").fetchone() == (0,)


def test_passwords_change_by_the_clock(acme: Tenant, publish: Publish, install: Install) -> None:
    publish()
    installation = install()
    url = database_url(installation)
    session = psycopg.connect(url)
    rotate_passwords()
    assert database_url(installation) != url
    assert not connects(url)
    assert connects(database_url(installation))
    assert session.execute("SELECT current_schema()").fetchone() == (installation.schema_name,)


def test_a_tenant_that_is_not_served_gets_no_plugin(make_run: MakeRun, publish: Publish) -> None:
    publish()
    tenant = make_run().tenant
    with pytest.raises(InstallationStateRefused):
        install_plugin(tenant=tenant, slug="notes", uses=(), settings={}, actor=SYSTEM)
