"""The page that says why, and the one that hands the ownership over."""

from http import HTTPStatus

import pytest

from plexica.audit.models import AuditEntry
from plexica.core.actor import SYSTEM
from plexica.identity.models import User, UserKind
from plexica.rbac.groups import add_member, create_group
from plexica.rbac.selectors import has_role
from plexica.rbac.services import assign_role
from tenants.scopes import tenant_scope
from tests.integration.workspace.conftest import Member, come

DASHBOARD = "core:dashboard:view"


def page_of(member: Member, address: str, **query: str) -> str:
    answer = member.client.get(address, query)
    assert answer.status_code == HTTPStatus.OK, answer.content.decode()
    return answer.content.decode()


class TestWhy:
    def test_it_names_roles_groups_and_grants(self, ada: Member, bo: Member) -> None:
        with tenant_scope(ada.tenant):
            group = create_group(name="Team", actor=SYSTEM)
            assign_role(holder=group, role="admin", actor=SYSTEM)
            add_member(group=group, user=bo.user, actor=SYSTEM)
        page = page_of(ada, "/why/", user=bo.user.email, permission=DASHBOARD)
        assert "may do this" in page
        for named in ("Team", "/roles/admin/", "core:*", "/roles/member/", "all 2 ways"):
            assert named in page
        page = page_of(
            ada, "/why/", user=str(bo.user.pk), permission="ownership:workspace:hand-over"
        )
        assert "may not do this" in page
        assert "/roles/owner/" in page

    def test_it_says_that_somebody_is_disabled(self, ada: Member, bo: Member) -> None:
        with tenant_scope(ada.tenant):
            User.objects.filter(pk=bo.user.pk).update(is_active=False)
        page = page_of(ada, "/why/", user=str(bo.user.pk), permission=DASHBOARD)
        assert "may not do this" in page
        assert "They are disabled" in page

    def test_it_shows_all_that_somebody_may_do(self, ada: Member, bo: Member) -> None:
        page = page_of(ada, "/why/", user=str(bo.user.pk))
        assert page.count(">Yes<") == 4, "The dashboard, the people, and to read and upload files."
        assert "permission=core%3Aroles%3Amanage" in page

    def test_it_asks_whom_one_means(self, ada: Member) -> None:
        first, second = come(ada.tenant, "Eve"), come(ada.tenant, "Eve")
        page = page_of(ada, "/why/", user="eve", permission=DASHBOARD)
        assert "Whom do you mean?" in page
        for found in (first, second):
            assert f"user={found.user.pk}" in page

    @pytest.mark.parametrize(
        ("query", "words"),
        [
            ({"user": "nobody-like-that"}, "There is nobody like that"),
            ({"user": "", "permission": DASHBOARD}, "There is nobody like that"),
            ({"user": "ADA", "permission": "core:*"}, "Write namespace:resource:action."),
            ({"user": "ADA", "permission": "<script>"}, "Write namespace:resource:action."),
            ({"user": "a\0b"}, "Null characters are not allowed"),
            ({"who": "x"}, "Unknown field"),
        ],
    )
    def test_what_makes_no_sense_is_refused(
        self, ada: Member, query: dict[str, str], words: str
    ) -> None:
        sent = {name: value.replace("ADA", str(ada.user.pk)) for name, value in query.items()}
        answer = ada.client.get("/why/", sent)
        assert answer.status_code == HTTPStatus.BAD_REQUEST
        assert words in answer.content.decode()
        assert "<script>" not in answer.content.decode().replace("<script src", "")

    def test_a_permission_that_is_not_there(self, ada: Member, bo: Member) -> None:
        page = page_of(ada, "/why/", user=str(bo.user.pk), permission="crm:deals:read")
        assert "No permission of this name is registered." in page


class TestOwnership:
    def test_it_is_handed_over_once_it_is_meant(self, ada: Member, bo: Member) -> None:
        assert "/ownership/" in page_of(ada, "/roles/owner/")
        assert bo.user.email in page_of(ada, "/ownership/", who="bo")
        values = {"successor": str(bo.user.pk)}
        chosen = ada.client.post("/ownership/", values).content.decode()
        assert "Make Bo the owner?" in chosen
        for typed in ("", "other", "ACME"):
            answer = ada.client.post("/ownership/", {**values, "confirm": typed})
            assert answer.status_code == HTTPStatus.BAD_REQUEST
        with tenant_scope(ada.tenant):
            assert not has_role(bo.user, "owner")
        answer = ada.client.post("/ownership/", {**values, "confirm": "acme"})
        assert answer["Location"] == "/"
        with tenant_scope(ada.tenant):
            assert has_role(bo.user, "owner")
            assert not has_role(ada.user, "owner")
            assert has_role(ada.user, "admin")
            entries = AuditEntry.objects.filter(actor_id=str(ada.user.pk)).order_by("at")
            assert [entry.action for entry in entries] == [
                "role.assigned",
                "role.assigned",
                "role.withdrawn",
            ]
        assert ada.client.get("/ownership/").status_code == HTTPStatus.FORBIDDEN
        assert bo.client.get("/ownership/").status_code == HTTPStatus.OK

    def test_who_is_no_owner_hands_nothing_over(self, dee: Member, bo: Member) -> None:
        values = {"successor": str(bo.user.pk), "confirm": "acme"}
        assert dee.client.post("/ownership/", values).status_code == HTTPStatus.FORBIDDEN
        assert "/ownership/" not in page_of(dee, "/roles/owner/")

    def test_an_owner_by_a_group_is_told_so(self, ada: Member, bo: Member) -> None:
        eve = come(ada.tenant, "Eve")
        with tenant_scope(ada.tenant):
            group = create_group(name="Founders", actor=SYSTEM)
            assign_role(holder=group, role="owner", actor=SYSTEM)
            add_member(group=group, user=eve.user, actor=SYSTEM)
        values = {"successor": str(bo.user.pk), "confirm": "acme"}
        answer = eve.client.post("/ownership/", values)
        assert answer.status_code == HTTPStatus.BAD_REQUEST
        assert "do not own the tenant themselves" in answer.content.decode()

    def test_nobody_hands_it_to_themselves_or_to_one_who_is_not_there(
        self, ada: Member, bo: Member, cy: Member
    ) -> None:
        with tenant_scope(ada.tenant):
            User.objects.filter(pk=bo.user.pk).update(is_active=False)
        for somebody, status in ((ada, 400), (bo, 400), (cy, 404)):
            values = {"successor": str(somebody.user.pk), "confirm": "acme"}
            assert ada.client.post("/ownership/", values).status_code == status
        robot = come(ada.tenant, "Robot")
        with tenant_scope(ada.tenant):
            User.objects.filter(pk=robot.user.pk).update(kind=UserKind.SERVICE_ACCOUNT)
        values = {"successor": str(robot.user.pk), "confirm": "acme"}
        assert ada.client.post("/ownership/", values).status_code == HTTPStatus.BAD_REQUEST
        for values in ({}, {"successor": "x", "confirm": "acme"}):
            assert ada.client.post("/ownership/", values).status_code == HTTPStatus.NOT_FOUND
        with tenant_scope(ada.tenant):
            assert has_role(ada.user, "owner")
