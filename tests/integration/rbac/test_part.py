"""System roles compared with their declaration, and a tenant that nobody owns."""

import pytest

from plexica.audit.models import AuditEntry
from plexica.core.actor import SYSTEM
from plexica.core.errors import InvalidInput
from plexica.identity.keycloak.realm import realm_client
from plexica.identity.models import User
from plexica.rbac.break_glass import TenantClosed, appoint_owner
from plexica.rbac.models import Grant, Role, RoleAssignment
from plexica.rbac.part import RolesPart, roles_digest
from plexica.rbac.selectors import has_role
from tenants.lifecycle import save_tenant
from tenants.models import Tenant
from tenants.parts import Difference
from tenants.scopes import tenant_scope
from tests.integration.conftest import MakeRun

PART = RolesPart()


def test_a_fresh_tenant_is_as_it_should_be(acme: Tenant) -> None:
    assert PART.inspect(acme) == []
    assert Tenant.objects.get(pk=acme.pk).roles_digest == roles_digest()


def test_what_differs_is_named_and_mended(in_acme: Tenant) -> None:
    viewer, member = Role.objects.get(key="viewer"), Role.objects.get(key="member")
    viewer.description = "Changed by hand"
    viewer.save()
    Grant.objects.create(role=viewer, permission="*")
    RoleAssignment.objects.filter(role=member).delete()
    member.delete()
    Role.objects.create(key="guest", name="Guest", is_system=True)
    found = {finding.what: finding for finding in PART.inspect(in_acme)}
    assert found["role viewer"].difference == Difference.DIFFERENT
    assert "description, grants" in found["role viewer"].detail
    assert found["role member"].difference == Difference.MISSING
    assert found["role guest"].difference == Difference.ORPHANED
    PART.repair(in_acme, list(found.values()))
    assert [finding.what for finding in PART.inspect(in_acme)] == ["role guest"]
    assert Role.objects.filter(key="guest").exists()


def test_a_tenant_that_nobody_owns_is_reported_and_left(in_acme: Tenant) -> None:
    RoleAssignment.objects.filter(role__key="owner").delete()
    [finding] = PART.inspect(in_acme)
    assert (finding.what, finding.can_repair) == ("owner", False)
    assert "break_glass owner acme" in finding.detail
    PART.repair(in_acme, [finding])
    assert [left.what for left in PART.inspect(in_acme)] == ["owner"]


def test_a_schema_that_is_not_there_is_another_parts_business(make_run: MakeRun) -> None:
    assert PART.inspect(make_run().tenant) == []


class TestNewOwner:
    def test_somebody_new_owns_the_tenant(self, acme: Tenant) -> None:
        before = acme.owner_email
        try:
            for _repeat in range(2):
                user = appoint_owner(
                    tenant=Tenant.objects.get(pk=acme.pk),
                    email=" Eve@acme.example",
                    reason="Ticket 7",
                    actor=SYSTEM,
                )
            tenant = Tenant.objects.get(pk=acme.pk)
            assert tenant.owner_email == "eve@acme.example"
            with tenant_scope(acme):
                assert has_role(user, "owner")
                entry = AuditEntry.objects.filter(action="tenant.owner_appointed").first()
            assert entry is not None
            assert entry.after["reason"] == "Ticket 7"
            actions = AuditEntry.objects.filter(target="tenant:acme").values_list(
                "action", flat=True
            )
            assert {"tenant.owner_requested", "tenant.owner_appointed"} <= set(actions)
        finally:
            with tenant_scope(acme):
                User.objects.filter(email="eve@acme.example").delete()
            tenant = Tenant.objects.get(pk=acme.pk)
            save_tenant(tenant=tenant, owner_email=before)
            acme.refresh_from_db()
            realm = realm_client(acme)
            found = realm.find_user_by_email("eve@acme.example")
            assert found is not None
            realm.delete_user(found["id"])

    def test_one_who_was_disabled_is_let_in_again(self, acme: Tenant) -> None:
        realm = realm_client(acme)
        ada = realm.find_user_by_email("ada@acme.example")
        assert ada is not None
        realm.update_user(ada["id"], {**ada, "enabled": False})
        with tenant_scope(acme):
            User.objects.filter(subject=ada["id"]).update(is_active=False)
        user = appoint_owner(
            tenant=acme, email="ada@acme.example", reason="Locked out", actor=SYSTEM
        )
        assert user.is_active
        assert realm.get_user(ada["id"])["enabled"]

    @pytest.mark.parametrize(
        ("values", "field"),
        [
            ({"email": "nobody"}, "email"),
            ({"reason": " "}, "reason"),
            ({"reason": "x" * 501}, "reason"),
        ],
    )
    def test_what_is_not_acceptable_changes_nothing(
        self, acme: Tenant, values: dict[str, str], field: str
    ) -> None:
        given = {"email": "eve@acme.example", "reason": "Ticket 7", **values}
        with pytest.raises(InvalidInput) as caught:
            appoint_owner(tenant=acme, actor=SYSTEM, **given)
        assert set(caught.value.fields) == {field}
        assert realm_client(acme).find_user_by_email("eve@acme.example") is None

    def test_a_tenant_that_is_closed_gets_none(self, make_run: MakeRun) -> None:
        with pytest.raises(TenantClosed):
            appoint_owner(
                tenant=make_run().tenant, email="eve@x.example", reason="Why", actor=SYSTEM
            )
