"""A release that is withdrawn is served nowhere, from the next request on."""

import pytest

from plexica.audit.models import AuditEntry
from plexica.core.actor import SYSTEM
from plugins.admission import ReleaseRefused
from plugins.installed import installed_here
from plugins.installing import enable_installation, upgrade_installation
from plugins.lifecycle.steps import Migrations
from plugins.models import Backend
from plugins.services import withdraw_release
from plugins.states import InstallationState
from tenants.models import Tenant
from tenants.provisioning.engine import run_provisioning
from tenants.scopes import tenant_scope
from tenants.states import RunState
from tests.integration.plugins.life.conftest import SECOND, Install, Publish, catalog


def served(tenant: Tenant) -> set[str]:
    tenant.refresh_from_db()
    with tenant_scope(tenant):
        return set(installed_here())


def test_who_has_it_is_served_by_it_no_more(
    acme: Tenant, publish: Publish, install: Install
) -> None:
    release = publish()
    installation = install()
    assert served(acme) == {"notes"}
    there = catalog()
    withdraw_release(release=release, actor=SYSTEM, reason="The key was stolen.")
    installation.refresh_from_db()
    assert installation.state == InstallationState.DISABLED
    assert served(acme) == set()
    assert not Backend.objects.get(release=release).is_wanted
    assert catalog() == there, "What it has written stays."
    with tenant_scope(acme):
        assert AuditEntry.objects.filter(action="plugin.disabled", target="plugin:notes").exists()
    with pytest.raises(ReleaseRefused, match="withdrawn"):
        enable_installation(installation=installation, actor=SYSTEM)


def test_an_upgrade_leads_out_of_it(acme: Tenant, publish: Publish, install: Install) -> None:
    release = publish()
    installation = install()
    withdraw_release(release=release, actor=SYSTEM)
    publish("1.1.0", migrations={"0001_notes.sql": "SELECT 1", "0002_colour.sql": SECOND})
    upgraded = upgrade_installation(
        installation=installation, version="1.1.0", uses=[], settings={}, actor=SYSTEM
    )
    assert upgraded.run is not None
    run_provisioning(upgraded.run.id)
    upgraded.refresh_from_db()
    assert upgraded.release.version == "1.1.0"
    enable_installation(installation=upgraded, actor=SYSTEM)
    assert served(acme) == {"notes"}


def test_withdrawn_in_the_last_moment_of_its_installation_it_is_not_served(
    acme: Tenant, publish: Publish, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = publish()
    migrate = Migrations.do

    def do(self: Migrations, tenant: Tenant) -> None:
        migrate(self, tenant)
        withdraw_release(release=release, actor=SYSTEM)

    monkeypatch.setattr(Migrations, "do", do)
    installation = install()
    assert installation.run is not None
    assert installation.run.state == RunState.SUCCEEDED
    assert installation.state == InstallationState.DISABLED
    assert served(acme) == set()
