"""Realms and tenants that do not belong together, and what is left of them in the master realm."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from plexica.core.errors import PermanentError, TransientError
from plexica.identity.keycloak.master import MasterClient, spare_name
from plexica.identity.keycloak.realm import realm_client
from plexica.identity.providers import MANAGEMENT_SECRET
from plexica.identity.provisioning import Realm
from plexica.identity.realm_part import RealmPart
from tenants.models import RealmAccess, Tenant
from tenants.parts import Difference, Finding
from tenants.secrets import delete_secrets, get_secret, set_secret
from tenants.states import TenantState
from tests.conftest import Servers
from tests.integration.identity.realms import names, new_tenant, tenant_with_realm

pytestmark = pytest.mark.usefixtures("_realm_stays_whole")

PART = RealmPart()


def test_power_that_was_left_in_the_master_realm_is_found(
    tenant: Tenant, master: MasterClient
) -> None:
    master.take_power(tenant.realm)
    found = PART.inspect(tenant)
    assert names(found) == {f"power over realm {tenant.realm}"}
    access = RealmAccess.objects.create(
        tenant=tenant, opened_by="x", reason="y", expires_at=timezone.now()
    )
    assert PART.inspect(tenant) == [], "An operator was let in."
    access.delete()
    spare = master.call("GET", "/master/clients", params={"clientId": spare_name(tenant.realm)})
    master.call("DELETE", f"/master/clients/{spare.body[0]['id']}")
    found = PART.inspect(tenant)
    assert len(found) == 2
    PART.repair(tenant, found)
    spare_account = master.find_spare_account(tenant.realm)
    assert spare_account
    assert (spare_account.holds_power, spare_account.is_admin) == (True, False)


def test_spare_account_that_was_left_an_administrator_is_found(
    tenant: Tenant, master: MasterClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    act = MasterClient._in_master  # noqa: SLF001 (the cut is inside)

    def cut_off(self: MasterClient, method: str, path: str, *, body: Any = None) -> Any:
        if method == "DELETE":
            raise TransientError("cut off")
        return act(self, method, path, body=body)

    with monkeypatch.context() as patch:
        patch.setattr(MasterClient, "_in_master", cut_off)
        with pytest.raises(TransientError):
            master.take_power(tenant.realm)
    found = PART.inspect(tenant)
    name = tenant.realm
    assert names(found) == {
        f"power over realm {name}",
        f"role admin of the spare account of realm {name}",
    }
    PART.repair(tenant, found)


def test_spare_account_that_is_lost_is_told_and_harms_nothing(
    platform: Servers, master: MasterClient
) -> None:
    with tenant_with_realm(state=TenantState.ACTIVE) as other:
        spare = master.call("GET", "/master/clients", params={"clientId": spare_name(other.realm)})
        master.call("DELETE", f"/master/clients/{spare.body[0]['id']}")
        (found,) = PART.inspect(other)
        assert (found.what, found.can_repair) == (f"spare account of realm {other.realm}", False)
        PART.repair(other, [found])
        PART.upgrade(other)
        # Now nothing at all could look into it.
        kept = get_secret(tenant=other, name=MANAGEMENT_SECRET)
        delete_secrets(tenant=other, names=[MANAGEMENT_SECRET])
        (found,) = PART.inspect(other)
        assert not found.can_repair
        with pytest.raises(PermanentError):
            PART.upgrade(other)
        set_secret(tenant=other, name=MANAGEMENT_SECRET, value=kept)


def test_realm_that_is_gone_or_somebody_elses_is_left(
    platform: Servers, master: MasterClient
) -> None:
    other = new_tenant(state=TenantState.ACTIVE)
    try:
        (found,) = PART.inspect(other)
        assert (found.difference, found.can_repair) == (Difference.MISSING, False)
        assert "backup" in found.detail
        PART.repair(other, [found])
        with pytest.raises(PermanentError):
            PART.upgrade(other)
        assert not master.exists(other.realm)

        master.create_realm({"realm": other.realm, "enabled": True, "displayName": "Foreign"})
        (found,) = PART.inspect(other)
        assert (found.difference, found.can_repair) == (Difference.DIFFERENT, False)
        PART.repair(other, [found])
        assert master.get_realm(other.realm)["displayName"] == "Foreign"
        master.delete_realm(other.realm)
    finally:
        other.delete()


def test_account_is_not_mended_in_a_realm_with_another_mark(
    platform: Servers, master: MasterClient
) -> None:
    with tenant_with_realm(state=TenantState.ACTIVE) as other:
        realm = realm_client(other)
        attributes = realm.get_settings()["attributes"]
        realm.update_settings({"attributes": attributes | {"plexica.tenant": str(uuid.uuid4())}})
        (found,) = PART.inspect(other)
        assert (found.what, found.can_repair) == (f"realm {other.realm}", False)
        kept = get_secret(tenant=other, name=MANAGEMENT_SECRET)
        delete_secrets(tenant=other, names=[MANAGEMENT_SECRET])
        with pytest.raises(PermanentError, match="mark"):
            PART.repair(other, PART.inspect(other))
        assert master.count_powers(other.realm) == 0
        set_secret(tenant=other, name=MANAGEMENT_SECRET, value=kept)
        # Lost altogether, it is set again: the account inside it works.
        realm.update_settings({"attributes": attributes | {"plexica.tenant": ""}})
        PART.repair(other, PART.inspect(other))
        assert PART.inspect(other) == []


def orphans(tenant: Tenant) -> list[Finding]:
    return [each for each in PART.find_orphans() if f" {tenant.realm} " in each.what]


def test_realm_without_a_tenant_is_found_and_removed(
    platform: Servers, master: MasterClient
) -> None:
    with tenant_with_realm(state=TenantState.ACTIVE) as other:
        assert orphans(other) == []
        Tenant.objects.filter(pk=other.pk).update(state=TenantState.PROVISIONING)
        assert orphans(other) == [], "Somebody is at work on it."
        Tenant.objects.filter(pk=other.pk).update(state=TenantState.DELETED)
        (found,) = orphans(other)
        assert found.difference == Difference.ORPHANED
        Tenant.objects.filter(pk=other.pk).update(state=TenantState.ACTIVE)
        with pytest.raises(PermanentError, match="become a tenant's"):
            PART.remove_orphan(found)
        assert master.exists(other.realm)
        Tenant.objects.filter(pk=other.pk).update(state=TenantState.DELETED)
        PART.remove_orphan(found)
        PART.remove_orphan(found)
        assert not master.exists(other.realm)
        assert orphans(other) == []


def test_realm_whose_tenant_has_no_row_any_more(platform: Servers, master: MasterClient) -> None:
    other = new_tenant()
    Realm().do(other)
    Tenant.objects.filter(pk=other.pk).delete()
    (found,) = orphans(other)
    PART.remove_orphan(found)
    assert not master.exists(other.realm)


def test_realm_made_after_its_tenant_had_failed(platform: Servers, master: MasterClient) -> None:
    other = new_tenant(state=TenantState.FAILED)
    try:
        assert orphans(other) == []
        # A request that had left before everything was taken back: it has no spare client.
        master.create_realm({"realm": other.realm, "attributes": {"plexica.tenant": str(other.id)}})
        (found,) = orphans(other)
        Tenant.objects.filter(pk=other.pk).update(updated_at=timezone.now() - timedelta(days=2))
        assert orphans(other) == []
        PART.remove_orphan(found)
        assert not master.exists(other.realm)
        master.create_realm({"realm": other.realm})
        Tenant.objects.filter(pk=other.pk).update(updated_at=timezone.now())
        assert orphans(other) == [], "It bears no mark of ours."
        with pytest.raises(PermanentError, match="mark"):
            PART.remove_orphan(found)
        assert master.count_powers(other.realm), "Power that was there stays."
        master.delete_realm(other.realm)
    finally:
        other.delete()


def test_leftover_in_the_master_realm_is_found_and_removed(
    platform: Servers, master: MasterClient
) -> None:
    with tenant_with_realm(state=TenantState.FAILED) as other:
        realm_client(other).delete()
        (found,) = orphans(other)
        assert found.what.startswith("leftover of realm ")
        PART.remove_orphan(found)
        assert orphans(other) == []
