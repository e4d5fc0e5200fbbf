"""Nobody gives or takes what they do not hold, and somebody always owns the tenant."""

import pytest

from plexica.audit.models import AuditEntry
from plexica.core.actor import SYSTEM, Actor
from plexica.core.errors import InvalidInput, NotFound
from plexica.rbac.authority import BeyondAuthority, LastOwner
from plexica.rbac.custom_roles import (
    MAX_CUSTOM_ROLES,
    RoleInUse,
    RoleNameTaken,
    SystemRoleFixed,
    TooManyRoles,
    create_role,
    delete_role,
    update_role,
)
from plexica.rbac.engine import has_permission, snapshot_of
from plexica.rbac.groups import (
    GroupNameTaken,
    add_member,
    create_group,
    delete_group,
    remove_member,
    update_group,
)
from plexica.rbac.models import Group, Role, RoleAssignment
from plexica.rbac.selectors import has_role
from plexica.rbac.services import assign_role, hand_over_ownership, withdraw_role
from tests.integration.rbac.conftest import MakeUser, acting

DASHBOARD = "core:dashboard:view"


def _drop_owners() -> None:
    RoleAssignment.objects.filter(role__key="owner").delete()


class TestGiving:
    def test_an_admin_makes_no_owner_and_unmakes_none(self, make_user: MakeUser) -> None:
        admin, owner, bo = make_user("admin"), make_user("owner"), make_user()
        with pytest.raises(BeyondAuthority, match=r"\*"):
            assign_role(holder=bo, role="owner", actor=acting(admin))
        with pytest.raises(BeyondAuthority):
            withdraw_role(holder=owner, role="owner", actor=acting(admin))
        assert has_role(owner, "owner")
        assert not has_role(bo, "owner")
        assign_role(holder=bo, role="viewer", actor=acting(admin))
        assert has_permission(bo, DASHBOARD)

    def test_a_member_gives_nothing(self, make_user: MakeUser) -> None:
        bo = make_user("member")
        with pytest.raises(BeyondAuthority):
            assign_role(holder=bo, role="admin", actor=acting(bo))
        with pytest.raises(BeyondAuthority):
            create_role(name="All", grants=["core:*"], actor=acting(bo))
        stranger = Actor(kind="user", id="someone-else", name="Cy")
        with pytest.raises(BeyondAuthority):
            assign_role(holder=bo, role="viewer", actor=stranger)

    def test_a_group_is_no_way_around(self, make_user: MakeUser) -> None:
        admin, bo = make_user("admin"), make_user()
        group = create_group(name="Founders", actor=SYSTEM)
        assign_role(holder=group, role="owner", actor=SYSTEM)
        for forbidden in (
            lambda: add_member(group=group, user=bo, actor=acting(admin)),
            lambda: remove_member(group=group, user=admin, actor=acting(admin)),
            lambda: delete_group(group=group, actor=acting(admin)),
        ):
            with pytest.raises(BeyondAuthority):
                forbidden()
        assert not has_role(bo, "owner")

    def test_a_role_is_no_way_around(self, make_user: MakeUser) -> None:
        admin = make_user("admin")
        role = create_role(name="Everything", grants=["*"], actor=SYSTEM)
        with pytest.raises(BeyondAuthority):
            update_role(role=role, grants=[DASHBOARD], actor=acting(admin))
        with pytest.raises(BeyondAuthority):
            delete_role(role=role, actor=acting(admin))
        weak = create_role(name="Weak", grants=[DASHBOARD], actor=acting(admin))
        with pytest.raises(BeyondAuthority):
            update_role(role=weak, grants=["*"], actor=acting(admin))
        assert snapshot_of(make_user(weak.key)).grants == {DASHBOARD}

    def test_who_was_disabled_gives_nothing(self, make_user: MakeUser) -> None:
        owner, bo = make_user("owner"), make_user()
        owner.is_active = False
        owner.save()
        with pytest.raises(BeyondAuthority):
            assign_role(holder=bo, role="viewer", actor=acting(owner))


class TestOwners:
    def test_the_last_owner_stays(self, make_user: MakeUser) -> None:
        _drop_owners()
        owner = make_user("owner")
        with pytest.raises(LastOwner):
            withdraw_role(holder=owner, role="owner", actor=acting(owner))
        assert has_role(owner, "owner")
        other = make_user("owner")
        withdraw_role(holder=owner, role="owner", actor=acting(owner))
        assert has_role(other, "owner")
        assert not has_role(owner, "owner")

    def test_a_disabled_owner_does_not_count(self, make_user: MakeUser) -> None:
        _drop_owners()
        owner, gone = make_user("owner"), make_user("owner")
        gone.is_active = False
        gone.save()
        with pytest.raises(LastOwner):
            withdraw_role(holder=owner, role="owner", actor=SYSTEM)

    def test_owners_by_a_group_count_and_the_last_stays(self, make_user: MakeUser) -> None:
        _drop_owners()
        bo = make_user()
        group = create_group(name="Founders", actor=SYSTEM)
        assign_role(holder=group, role="owner", actor=SYSTEM)
        add_member(group=group, user=bo, actor=SYSTEM)
        for forbidden in (
            lambda: remove_member(group=group, user=bo, actor=SYSTEM),
            lambda: withdraw_role(holder=group, role="owner", actor=SYSTEM),
            lambda: delete_group(group=group, actor=SYSTEM),
        ):
            with pytest.raises(LastOwner):
                forbidden()
        assert has_permission(bo, "crm:deals:delete")

    def test_ownership_is_handed_over(self, make_user: MakeUser) -> None:
        _drop_owners()
        ada, bo = make_user("owner"), make_user("member")
        with pytest.raises(InvalidInput):
            hand_over_ownership(owner=ada, successor=ada, actor=acting(ada))
        with pytest.raises(InvalidInput):
            hand_over_ownership(owner=bo, successor=ada, actor=acting(ada))
        with pytest.raises(BeyondAuthority):
            hand_over_ownership(owner=ada, successor=bo, actor=acting(bo))
        hand_over_ownership(owner=ada, successor=bo, actor=acting(ada))
        assert (has_role(ada, "owner"), has_role(ada, "admin")) == (False, True)
        assert has_role(bo, "owner")
        actions = AuditEntry.objects.filter(target=f"user:{ada.pk}").values_list(
            "action", flat=True
        )
        assert {"role.withdrawn", "role.assigned"} <= set(actions)


class TestCustomRoles:
    def test_a_role_lives_and_dies(self, make_user: MakeUser) -> None:
        role = create_role(
            name=" Sales team ", grants=[DASHBOARD], actor=SYSTEM, description="Sells"
        )
        assert (role.key, role.name) == ("custom-sales-team", "Sales team")
        bo = make_user(role.key)
        assert has_permission(bo, DASHBOARD)
        update_role(role=role, grants=[], actor=SYSTEM)
        assert not has_permission(bo, DASHBOARD)
        with pytest.raises(RoleInUse):
            delete_role(role=role, actor=SYSTEM)
        withdraw_role(holder=bo, role=role.key, actor=SYSTEM)
        delete_role(role=role, actor=SYSTEM)
        with pytest.raises(NotFound):
            update_role(role=role, name="Back", actor=SYSTEM)
        entries = AuditEntry.objects.filter(target="role:custom-sales-team")
        assert sorted(entry.action for entry in entries) == [
            "role.created",
            "role.deleted",
            "role.updated",
        ]

    @pytest.mark.parametrize(
        ("values", "field"),
        [
            ({"name": ""}, "name"),
            ({"name": "x" * 101}, "name"),
            ({"name": "a\0b"}, "name"),
            ({"description": "x" * 501}, "description"),
            ({"grants": ["core:dashbord:view"]}, "grants"),
            ({"grants": ["core:*:view"]}, "grants"),
            ({"grants": ["unknown:*"]}, "grants"),
            ({"grants": ["core:tenants:view"]}, "grants"),
            ({"grants": [""]}, "grants"),
            ({"grants": [f"core:a{i}:b" for i in range(501)]}, "grants"),
        ],
    )
    @pytest.mark.usefixtures("in_acme")
    def test_what_is_not_acceptable_is_named(self, values: dict[str, str], field: str) -> None:
        with pytest.raises(InvalidInput) as caught:
            create_role(**{"name": "Fine", "grants": [DASHBOARD], **values}, actor=SYSTEM)  # type: ignore[arg-type]
        assert set(caught.value.fields) == {field}

    @pytest.mark.usefixtures("in_acme")
    def test_names_are_unique_and_keys_find_room(self) -> None:
        create_role(name="Sales", grants=[], actor=SYSTEM)
        with pytest.raises(RoleNameTaken):
            create_role(name="sALES", grants=[], actor=SYSTEM)
        assert create_role(name="Sales!", grants=[], actor=SYSTEM).key == "custom-sales-2"
        assert create_role(name="売上", grants=[], actor=SYSTEM).key == "custom-role"
        assert len(create_role(name="x" * 100, grants=[], actor=SYSTEM).key) <= 64

    @pytest.mark.usefixtures("in_acme")
    def test_there_are_fifty_at_most(self) -> None:
        for number in range(MAX_CUSTOM_ROLES):
            create_role(name=f"Role {number}", grants=[], actor=SYSTEM)
        with pytest.raises(TooManyRoles):
            create_role(name="One more", grants=[], actor=SYSTEM)

    @pytest.mark.usefixtures("in_acme")
    def test_system_roles_do_not_change(self) -> None:
        owner = Role.objects.get(key="owner")
        with pytest.raises(SystemRoleFixed):
            update_role(role=owner, name="Boss", actor=SYSTEM)
        with pytest.raises(SystemRoleFixed):
            delete_role(role=owner, actor=SYSTEM)


class TestGroups:
    def test_members_have_what_the_group_has_while_they_are_in_it(
        self, make_user: MakeUser
    ) -> None:
        bo = make_user()
        group = create_group(name="Staff", actor=SYSTEM)
        add_member(group=group, user=bo, actor=SYSTEM)
        add_member(group=group, user=bo, actor=SYSTEM)
        assert not has_permission(bo, DASHBOARD)
        assign_role(holder=group, role="viewer", actor=SYSTEM)
        assert has_permission(bo, DASHBOARD)
        remove_member(group=group, user=bo, actor=SYSTEM)
        assert not has_permission(bo, DASHBOARD)
        remove_member(group=group, user=bo, actor=SYSTEM)
        delete_group(group=group, actor=SYSTEM)
        with pytest.raises(NotFound):
            add_member(group=group, user=bo, actor=SYSTEM)

    @pytest.mark.usefixtures("in_acme")
    def test_names_are_unique_and_change(self) -> None:
        staff = create_group(name="Staff", actor=SYSTEM)
        with pytest.raises(GroupNameTaken):
            create_group(name="STAFF", actor=SYSTEM)
        with pytest.raises(InvalidInput):
            update_group(group=staff, name=" ", actor=SYSTEM)
        update_group(group=staff, name="Crew", description="All", actor=SYSTEM)
        assert Group.objects.get(pk=staff.pk).name == "Crew"
