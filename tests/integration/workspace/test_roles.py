"""The pages of roles, with real people of acme and an intruder."""

import re
from http import HTTPStatus
from typing import Any

import pytest

from plexica.audit.models import AuditEntry
from plexica.core.actor import SYSTEM
from plexica.rbac.custom_roles import create_role
from plexica.rbac.models import Role, RoleAssignment
from plexica.rbac.selectors import has_role
from plexica.rbac.services import assign_role
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.integration.workspace.conftest import Member, come

DASHBOARD = "core:dashboard:view"
NEW = "/roles/new/"


def page_of(member: Member, address: str, **query: str) -> str:
    answer = member.client.get(address, query)
    assert answer.status_code == HTTPStatus.OK, answer.content.decode()
    return answer.content.decode()


def make(tenant: Tenant, name: str = "Sales", *grants: str) -> Role:
    with tenant_scope(tenant):
        return create_role(name=name, grants=grants or [DASHBOARD], actor=SYSTEM)


def ticked(page: str) -> set[str]:
    """Return what a form would send of its boxes and of what it keeps."""
    boxes = re.findall(r'<input [^>]*name="grants"[^>]*>', page)
    sent = [box for box in boxes if "checked" in box or 'type="hidden"' in box]
    return {value for box in sent for value in re.findall(r'value="([^"]+)"', box)}


def send(member: Member, address: str, **values: Any) -> Any:
    return member.client.post(address, values)


class TestReading:
    def test_the_list_names_those_who_hold_the_roles(self, ada: Member, bo: Member) -> None:
        page = page_of(ada, "/roles/")
        assert "Ada" in page
        assert str(bo.user) in page
        assert "New role" in page
        role = make(ada.tenant)
        with tenant_scope(ada.tenant):
            for _number in range(5):
                assign_role(holder=come(ada.tenant, "Eve").user, role=role.key, actor=SYSTEM)
        assert "(5 in all)" in page_of(ada, "/roles/")

    def test_a_role_shows_what_it_gives_and_to_whom(self, ada: Member, bo: Member) -> None:
        page = page_of(ada, "/roles/member/")
        assert "See the dashboard" in page
        assert "Bo" in page
        assert f"/why/?user={bo.user.pk}" in page
        assert page_of(ada, "/roles/member/", who="eV").count("Give the role") == 0
        come(ada.tenant, "Eve")
        assert "Eve" in page_of(ada, "/roles/member/", who="eV")
        assert (
            bo.user.email
            not in re.split("people-found", page_of(ada, "/roles/member/", who="Bo"))[-1]
        )

    def test_the_list_costs_the_same_with_many_roles(
        self, ada: Member, django_assert_num_queries: Any
    ) -> None:
        page_of(ada, "/roles/")
        with django_assert_num_queries(6):
            page_of(ada, "/roles/")
        for number in range(30):
            make(ada.tenant, f"Role {number}")
        page_of(ada, "/roles/")
        with django_assert_num_queries(6):
            page_of(ada, "/roles/")

    def test_a_role_that_is_not_there(self, ada: Member) -> None:
        for address in ("/roles/none/", "/roles/none/edit/", "/roles/none/delete/"):
            assert ada.client.get(address).status_code == HTTPStatus.NOT_FOUND
        assert ada.client.get(NEW, {"copy": "none"}).status_code == HTTPStatus.NOT_FOUND


class TestEditing:
    def test_a_role_is_made(self, ada: Member) -> None:
        page = page_of(ada, NEW)
        assert "core:roles:manage" in page
        assert "core:tenants:create" not in page
        answer = send(
            ada, NEW, name="Sales", description="Sells", grants=[DASHBOARD, "core:roles:*"],
            step="save", q="",
        )  # fmt: skip
        assert answer["Location"] == "/roles/custom-sales/"
        shown = page_of(ada, "/roles/custom-sales/")
        assert "Sells" in shown
        assert "core:roles:*" in shown
        assert "role created" in shown
        with tenant_scope(ada.tenant):
            entry = AuditEntry.objects.filter(target="role:custom-sales").latest("at")
            assert (entry.action, entry.actor_id) == ("role.created", str(ada.user.pk))

    def test_what_is_wrong_is_shown_and_nothing_is_lost(self, ada: Member) -> None:
        values = {"name": " ", "description": "Kept", "grants": [DASHBOARD], "step": "save"}
        answer = send(ada, NEW, **values)
        assert answer.status_code == HTTPStatus.BAD_REQUEST
        page = answer.content.decode()
        assert "Kept" in page
        assert ticked(page) == {DASHBOARD}
        answer = send(ada, NEW, **{**values, "name": "X", "grants": ["core:nothing:here"]})
        assert answer.status_code == HTTPStatus.BAD_REQUEST
        assert "covers no permission" in answer.content.decode()
        make(ada.tenant)
        answer = send(ada, NEW, **{**values, "name": "SALES"})
        assert answer.status_code == HTTPStatus.CONFLICT
        assert "This name is taken." in answer.content.decode()
        assert send(ada, NEW, **values, extra="1").status_code == HTTPStatus.BAD_REQUEST

    def test_looking_for_permissions_loses_no_tick(self, ada: Member) -> None:
        """As it is without scripts: the button sends the form, and it comes back."""
        answer = send(
            ada, NEW, name="", grants=[DASHBOARD, "core:*"], q="groUps MANAGE", step="search"
        )
        assert answer.status_code == HTTPStatus.OK
        page = answer.content.decode()
        assert "Manage groups" in page
        assert "See the dashboard" not in page
        assert "required" not in page.split("What it gives")[0].split("field-error")[-1] or (
            "field-error" not in page
        )
        assert ticked(page) == {DASHBOARD, "core:*"}
        page = send(ada, NEW, grants=[DASHBOARD], q="no such words", step="search").content.decode()
        assert "No permission has these words" in page
        assert ticked(page) == {DASHBOARD}

    def test_a_system_role_is_copied(self, ada: Member, dee: Member) -> None:
        page = page_of(ada, f"{NEW}?copy=admin")
        assert "Copy of Admin" in page
        assert ticked(page) == {"core:*"}
        assert ticked(page_of(dee, f"{NEW}?copy=owner")) == set(), "Only what they hold."

    def test_a_change_says_first_what_it_means(self, ada: Member, bo: Member) -> None:
        role = make(ada.tenant)
        eve = come(ada.tenant, "Eve", role.key)
        with tenant_scope(ada.tenant):
            assign_role(holder=bo.user, role=role.key, actor=SYSTEM)
        address = f"/roles/{role.key}/edit/"
        form = page_of(ada, address)
        seen_at = re.findall(r'name="seen_at" value="([^"]+)"', form)[0]
        values = {
            "name": "Sales",
            "description": "",
            "seen_at": seen_at,
            "grants": ["core:groups:manage"],
        }
        page = send(ada, address, **values, step="preview").content.decode()
        assert "2 people are affected" in page
        gains, loses = page.split("Eve")[1].split("</tr>")[0].split('data-label="Loses"')
        assert "Manage groups" in gains
        assert "See the dashboard" in loses, "She has it by nothing else."
        assert "See the dashboard" not in page.split(bo.user.email)[1].split("</tr>")[0]
        assert eve.client.get("/").status_code == HTTPStatus.OK, "Nothing is saved yet."
        assert ticked(page) == {"core:groups:manage"}
        back = send(ada, address, **values, step="edit").content.decode()
        assert ticked(back) == {"core:groups:manage"}
        answer = send(ada, address, **values, step="save")
        assert answer["Location"] == f"/roles/{role.key}/"
        assert eve.client.get("/").status_code == HTTPStatus.FORBIDDEN
        assert eve.client.get("/groups/new/").status_code == HTTPStatus.OK

    def test_two_who_change_a_role_at_once(self, ada: Member) -> None:
        role = make(ada.tenant)
        address = f"/roles/{role.key}/edit/"
        values = {
            "name": "Sales",
            "grants": ["core:groups:manage"],
            "seen_at": role.updated_at.isoformat(),
            "step": "save",
        }
        assert send(ada, address, **values).status_code == HTTPStatus.FOUND
        answer = send(ada, address, **{**values, "grants": ["core:*"]})
        assert answer.status_code == HTTPStatus.CONFLICT
        assert "Look at it as it is now" in answer.content.decode()

    def test_a_grant_of_what_is_gone_may_stay_or_go(self, ada: Member) -> None:
        role = make(ada.tenant)
        with tenant_scope(ada.tenant):
            role.grants.create(permission="crm:deals:*")
        address = f"/roles/{role.key}/edit/"
        page = page_of(ada, address)
        assert "No longer there" in page
        assert ticked(page) == {DASHBOARD, "crm:deals:*"}
        for grants in ([DASHBOARD, "crm:deals:*"], [DASHBOARD]):
            answer = send(ada, address, name="Sales", grants=grants, step="save")
            assert answer.status_code == HTTPStatus.FOUND
            with tenant_scope(ada.tenant):
                assert {grant.permission for grant in role.grants.all()} == set(grants)

    def test_a_system_role_does_not_change(self, ada: Member) -> None:
        assert ada.client.get("/roles/admin/edit/")["Location"] == "/roles/admin/"
        send(ada, "/roles/admin/edit/", name="Boss", grants=[DASHBOARD], step="save")
        answer = send(ada, "/roles/admin/delete/")
        assert answer.status_code == HTTPStatus.CONFLICT
        assert "/roles/admin/edit/" not in page_of(ada, "/roles/admin/")
        with tenant_scope(ada.tenant):
            assert Role.objects.get(key="admin").name == "Admin"

    def test_a_role_is_deleted_when_nobody_holds_it(self, ada: Member) -> None:
        role = make(ada.tenant)
        eve = come(ada.tenant, "Eve", role.key)
        address = f"/roles/{role.key}/delete/"
        assert "1 person or group holds this role" in page_of(ada, address)
        assert send(ada, address).status_code == HTTPStatus.CONFLICT
        send(ada, "/roles/take/", role=role.key, user=str(eve.user.pk), back="role")
        assert "Nobody holds this role" in page_of(ada, address)
        assert send(ada, address)["Location"] == "/roles/"
        assert ada.client.get(f"/roles/{role.key}/").status_code == HTTPStatus.NOT_FOUND


class TestGiving:
    def test_a_role_is_given_and_taken(self, ada: Member, bo: Member) -> None:
        values = {"role": "admin", "user": str(bo.user.pk), "back": "role"}
        assert bo.client.get("/roles/").status_code == HTTPStatus.FORBIDDEN
        assert send(ada, "/roles/give/", **values)["Location"] == "/roles/admin/"
        assert bo.client.get("/roles/").status_code == HTTPStatus.OK
        send(ada, "/roles/take/", **values)
        assert bo.client.get("/roles/").status_code == HTTPStatus.FORBIDDEN
        with tenant_scope(ada.tenant):
            entries = AuditEntry.objects.filter(
                target=f"user:{bo.user.pk}", actor_id=str(ada.user.pk)
            )
            assert [entry.action for entry in entries] == ["role.withdrawn", "role.assigned"]

    def test_the_last_owner_stays(self, ada: Member) -> None:
        with tenant_scope(ada.tenant):
            others = RoleAssignment.objects.filter(role__key="owner").exclude(user=ada.user)
            kept = list(others)
            others.delete()
        try:
            values = {"role": "owner", "user": str(ada.user.pk), "back": "role"}
            answer = ada.client.post("/roles/take/", values, follow=True)
            assert "keeps at least one owner" in answer.content.decode()
            with tenant_scope(ada.tenant):
                assert has_role(ada.user, "owner")
        finally:
            with tenant_scope(ada.tenant):
                RoleAssignment.objects.bulk_create(kept)

    @pytest.mark.parametrize(
        "values",
        [
            {},
            {"role": "admin", "back": "role"},
            {"role": "admin", "user": "not-an-id", "back": "role"},
            {"role": "admin", "user": "BO", "group": "BO", "back": "role"},
            {"role": "admin", "user": "BO", "back": "https://elsewhere.example/"},
            {"role": "a\0b", "user": "BO", "back": "role"},
        ],
    )
    def test_what_makes_no_sense_is_refused(
        self, ada: Member, bo: Member, values: dict[str, str]
    ) -> None:
        sent = {name: value.replace("BO", str(bo.user.pk)) for name, value in values.items()}
        for address in ("/roles/give/", "/roles/take/"):
            assert send(ada, address, **sent).status_code == HTTPStatus.BAD_REQUEST


class TestAuthority:
    """Nobody gives what they do not hold, whatever they send."""

    def test_an_admin_makes_no_owner(self, dee: Member, bo: Member, ada: Member) -> None:
        assert "Give it to somebody" not in page_of(dee, "/roles/owner/")
        assert "Give it to somebody" in page_of(dee, "/roles/admin/")
        for address, somebody in (
            ("/roles/give/", bo),
            ("/roles/take/", ada),
            ("/roles/give/", dee),
        ):
            values = {"role": "owner", "user": str(somebody.user.pk), "back": "role"}
            answer = send(dee, address, **values)
            assert answer.status_code == HTTPStatus.FORBIDDEN
            assert "which you do not hold" in answer.content.decode()
        with tenant_scope(ada.tenant):
            assert has_role(ada.user, "owner")
            assert not has_role(bo.user, "owner")
            assert not has_role(dee.user, "owner")

    def test_an_admin_puts_no_more_into_a_role(self, dee: Member) -> None:
        page = page_of(dee, NEW)
        assert "not yours to give" in page
        assert 'value="*"' not in page
        answer = send(dee, NEW, name="All", grants=["*"], step="save")
        assert answer.status_code == HTTPStatus.FORBIDDEN
        role = make(dee.tenant)
        answer = send(dee, f"/roles/{role.key}/edit/", name="Sales", grants=["*"], step="save")
        assert answer.status_code == HTTPStatus.FORBIDDEN
        assert "which you do not hold" in answer.content.decode()
        with tenant_scope(dee.tenant):
            assert Role.objects.filter(name="All").count() == 0
            assert {grant.permission for grant in role.grants.all()} == {DASHBOARD}

    def test_what_an_admin_does_not_hold_stays_in_a_role(self, dee: Member) -> None:
        role = make(dee.tenant, "Mixed", DASHBOARD, "ownership:*")
        address = f"/roles/{role.key}/edit/"
        assert ticked(page_of(dee, address)) == {DASHBOARD, "ownership:*"}
        answer = send(dee, address, name="Mixed", grants=[DASHBOARD], step="save")
        assert answer.status_code == HTTPStatus.FORBIDDEN
        answer = send(dee, address, name="Mixed", grants=["ownership:*"], step="save")
        assert answer.status_code == HTTPStatus.FOUND
        assert f"/roles/{role.key}/delete/" not in page_of(dee, f"/roles/{role.key}/")
        assert send(dee, f"/roles/{role.key}/delete/").status_code == HTTPStatus.FORBIDDEN

    def test_who_only_sees_is_offered_nothing_and_changes_nothing(self, ada: Member) -> None:
        role = make(ada.tenant, "Reader", "core:roles:view")
        group_page = send(ada, "/groups/new/", name="Team")["Location"]
        eve = come(ada.tenant, "Eve", role.key)
        for address in ("/roles/", f"/roles/{role.key}/", "/groups/", group_page, "/why/"):
            page = page_of(eve, address)
            assert 'method="post"' not in page.split("<main")[1]
            for offered in ("/new/", "/edit/", "/delete/", "copy="):
                assert offered not in page
        values = {"role": role.key, "user": str(eve.user.pk), "back": "role"}
        for address in (NEW, f"/roles/{role.key}/edit/", f"/roles/{role.key}/delete/",
                        "/roles/give/", "/roles/take/", "/groups/new/", f"{group_page}edit/",
                        f"{group_page}delete/", f"{group_page}members/add/",
                        f"{group_page}members/remove/", "/ownership/"):  # fmt: skip
            answer = send(eve, address, **values)
            assert answer.status_code == HTTPStatus.FORBIDDEN, address
            assert "It needs the permission" in answer.content.decode(), "She may know which."
