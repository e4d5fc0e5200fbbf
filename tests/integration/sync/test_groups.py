"""Members of a group in Keycloak are members of the group that follows it."""

import pytest

from plexica.audit.models import AuditEntry
from plexica.core.actor import SYSTEM, Actor
from plexica.core.errors import InvalidInput
from plexica.identity.models import User
from plexica.identity.sync.cycle import resync_current
from plexica.rbac.authority import BeyondAuthority
from plexica.rbac.engine import snapshot_of
from plexica.rbac.groups import MemberByRealm, add_member, remove_member
from plexica.rbac.models import Group, GroupMembership
from plexica.rbac.realm_groups import RealmGroupTaken, map_group
from plexica.rbac.services import assign_role, withdraw_role
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.integration.sync.conftest import Keycloak


def follow_group(keycloak: Keycloak, path: str, *, name: str = "Sales", role: str = "") -> Group:
    """Make a group that follows one of the realm, and let that be read."""
    with tenant_scope(keycloak.tenant):
        group = Group.objects.create(name=name)
        if role:
            assign_role(holder=group, role=role, actor=SYSTEM)
        map_group(tenant=keycloak.tenant, group=group, path=path, actor=SYSTEM)
        resync_current()
        return group


def members(keycloak: Keycloak, group: Group) -> dict[str, str]:
    """Return the subjects of a group's members, with how each came into it."""
    with tenant_scope(keycloak.tenant):
        found = GroupMembership.objects.filter(group=group)
        return dict(found.values_list("user__subject", "source"))


def path_of(keycloak: Keycloak, group: Group) -> tuple[str, bool]:
    """Return the path that a group follows, and whether there is such a group."""
    with tenant_scope(keycloak.tenant):
        found = Group.objects.get(pk=group.pk)
        return found.realm_path, found.realm_group_id is not None


def test_people_come_and_go(keycloak: Keycloak) -> None:
    bo, dee = keycloak.add_person("Bo"), keycloak.add_person("Dee")
    sales = keycloak.add_group("sales")
    keycloak.put_into(sales, bo)
    group = follow_group(keycloak, "/sales", role="admin")
    assert members(keycloak, group) == {bo: "realm"}
    with tenant_scope(keycloak.tenant):
        assert snapshot_of(keycloak.known(bo)).allows("core:roles:view")
    keycloak.put_into(sales, dee)
    keycloak.take_out_of(sales, bo)
    assert keycloak.follow().followed == 2
    assert members(keycloak, group) == {dee: "realm"}
    with tenant_scope(keycloak.tenant):
        assert not snapshot_of(keycloak.known(bo)).allows("core:roles:view")
        assert snapshot_of(keycloak.known(dee)).allows("core:roles:view")
    assert keycloak.actions(keycloak.known(bo)) == [
        "Keycloak: user.created",
        "Keycloak: group.member_added",
        "Keycloak: group.member_removed",
    ]
    keycloak.realm.delete_user(dee)
    keycloak.follow()
    assert members(keycloak, group) == {}


def test_a_new_person_in_a_group_comes_with_it(keycloak: Keycloak) -> None:
    sales = keycloak.add_group("sales")
    group = follow_group(keycloak, "/sales")
    bo = keycloak.add_person("Bo")
    keycloak.put_into(sales, bo)
    keycloak.follow()
    assert members(keycloak, group) == {bo: "realm"}


def test_who_is_in_it_by_hand_is_not_keycloaks(keycloak: Keycloak) -> None:
    bo, dee = keycloak.add_person("Bo"), keycloak.add_person("Dee")
    sales = keycloak.add_group("sales")
    keycloak.put_into(sales, bo)
    keycloak.put_into(sales, dee)
    keycloak.follow()
    with tenant_scope(keycloak.tenant):
        group = Group.objects.create(name="Sales")
        add_member(group=group, user=keycloak.known(bo), actor=SYSTEM)
        map_group(tenant=keycloak.tenant, group=group, path="sales/", actor=SYSTEM)
        resync_current()
    assert members(keycloak, group) == {bo: "manual", dee: "realm"}
    with tenant_scope(keycloak.tenant), pytest.raises(MemberByRealm):
        remove_member(group=group, user=keycloak.known(dee), actor=SYSTEM)
    keycloak.take_out_of(sales, bo)
    keycloak.take_out_of(sales, dee)
    keycloak.follow()
    assert members(keycloak, group) == {bo: "manual"}
    assert keycloak.read_all().followed == 0
    keycloak.put_into(sales, dee)
    keycloak.follow()
    with tenant_scope(keycloak.tenant):
        map_group(tenant=keycloak.tenant, group=group, path="", actor=SYSTEM)
    assert members(keycloak, group) == {bo: "manual"}
    keycloak.read_all()
    assert members(keycloak, group) == {bo: "manual"}


def test_a_group_that_is_renamed_or_moved_is_followed(keycloak: Keycloak) -> None:
    bo = keycloak.add_person("Bo")
    sales, top = keycloak.add_group("sales"), keycloak.add_group("top")
    keycloak.put_into(sales, bo)
    group = follow_group(keycloak, "/sales")
    keycloak.call("PUT", f"/groups/{sales}", body={"name": "sellers & co/1"})
    keycloak.follow()
    assert path_of(keycloak, group) == ("/sellers & co/1", True)
    keycloak.call("POST", f"/groups/{top}/children", body={"id": sales, "name": "sellers & co/1"})
    keycloak.follow()
    assert path_of(keycloak, group) == ("/top/sellers & co/1", True)
    assert members(keycloak, group) == {bo: "realm"}


def test_a_group_whose_path_is_too_long_is_followed_by_its_id(keycloak: Keycloak) -> None:
    sales = keycloak.add_group("sales")
    group = follow_group(keycloak, "/sales")
    above = keycloak.add_group("a" * 255)
    for letter in "bc":
        above = keycloak.add_group(letter * 255, above=above)
    keycloak.call("POST", f"/groups/{above}/children", body={"id": sales, "name": "sales"})
    bo = keycloak.add_person("Bo")
    keycloak.put_into(sales, bo)
    keycloak.follow()
    assert path_of(keycloak, group) == ("/sales", True)
    assert members(keycloak, group) == {bo: "realm"}


def test_a_group_that_is_gone_has_nobody_until_it_is_made_again(keycloak: Keycloak) -> None:
    bo = keycloak.add_person("Bo")
    top = keycloak.add_group("top")
    sales = keycloak.add_group("sales", above=top)
    keycloak.put_into(sales, bo)
    group = follow_group(keycloak, "/top/sales")
    assert members(keycloak, group) == {bo: "realm"}
    keycloak.call("DELETE", f"/groups/{top}")
    keycloak.follow()
    assert (members(keycloak, group), path_of(keycloak, group)) == ({}, ("/top/sales", False))
    again = keycloak.add_group("sales", above=keycloak.add_group("top"))
    keycloak.put_into(again, bo)
    keycloak.follow()
    assert (members(keycloak, group), path_of(keycloak, group)) == (
        {bo: "realm"},
        ("/top/sales", True),
    )


def test_changes_of_other_groups_change_nothing(keycloak: Keycloak) -> None:
    bo = keycloak.add_person("Bo")
    other = keycloak.add_group("other")
    keycloak.add_group("sales")
    group = follow_group(keycloak, "/sales")
    keycloak.put_into(other, bo)
    assert keycloak.follow().followed == 0
    assert members(keycloak, group) == {}


def test_what_cannot_be_followed_is_refused(keycloak: Keycloak) -> None:
    keycloak.add_group("sales")
    bo = keycloak.add_person("Bo")
    keycloak.follow()
    group = follow_group(keycloak, "/sales", role="owner")
    with tenant_scope(keycloak.tenant):
        admin = keycloak.known(bo)
        assign_role(holder=admin, role="admin", actor=SYSTEM)
        dee = Actor(kind="user", id=str(admin.pk), name="Dee")
        other = Group.objects.create(name="Other")
        for path, refusal in (
            ("/nowhere", InvalidInput),
            ("/sales/../../users", InvalidInput),
            ("/sales//more", InvalidInput),
            ("/sales", RealmGroupTaken),
        ):
            with pytest.raises(refusal):
                map_group(tenant=keycloak.tenant, group=other, path=path, actor=SYSTEM)
        for path in ("", "/sales"):
            with pytest.raises(BeyondAuthority):
                map_group(tenant=keycloak.tenant, group=group, path=path, actor=dee)


def test_the_last_owner_can_be_lost_in_keycloak_and_that_is_told(
    keycloak: Keycloak, initech: Tenant
) -> None:
    pat = keycloak.realm.find_user_by_email("pat@initech.example")
    assert pat
    bo = keycloak.add_person("Bo")
    keycloak.put_into(keycloak.add_group("bosses"), bo)
    follow_group(keycloak, "/bosses", name="Bosses", role="owner")
    with tenant_scope(initech):
        owner = User.objects.get(subject=pat["id"])
        withdraw_role(holder=owner, role="owner", actor=SYSTEM)
        lost = AuditEntry.objects.filter(action="tenant.owner_lost")
        before = lost.count()
        try:
            keycloak.change(bo, enabled=False)
            keycloak.follow()
            assert not keycloak.known(bo).is_active
            assert lost.count() == before + 1
            keycloak.change(bo, firstName="Bob")
            keycloak.follow()
            assert lost.count() == before + 1
            keycloak.change(bo, enabled=True)
            keycloak.follow()
            # Found by a full read it is told as well.
            keycloak.realm.delete_user(bo)
            keycloak.read_all()
            assert lost.count() == before + 2
        finally:
            assign_role(holder=owner, role="owner", actor=SYSTEM)
