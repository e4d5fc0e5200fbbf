"""The pages of groups, with real people of acme."""

import re
from http import HTTPStatus
from typing import Any

import pytest
from django.http import HttpResponse

from plexica.audit.models import AuditEntry
from plexica.core.actor import SYSTEM
from plexica.identity.models import User
from plexica.rbac.models import Group, GroupMembership
from plexica.rbac.services import assign_role
from tenants.scopes import tenant_scope
from tests.integration.workspace.conftest import Member, come


def page_of(member: Member, address: str, **query: str) -> str:
    answer = member.client.get(address, query)
    assert answer.status_code == HTTPStatus.OK, answer.content.decode()
    return answer.content.decode()


def send(member: Member, address: str, **values: Any) -> HttpResponse:
    return member.client.post(address, values)


@pytest.fixture
def team(ada: Member) -> str:
    """The address of a group that Ada has made."""
    return send(ada, "/groups/new/", name="Team", description="All of us")["Location"]


def test_a_group_lives_and_dies(ada: Member, bo: Member, team: str) -> None:
    assert "Team" in page_of(ada, "/groups/")
    assert "No groups yet" not in page_of(ada, "/groups/")
    assert bo.user.email in page_of(ada, team, who="bo")
    answer = send(ada, f"{team}members/add/", user=str(bo.user.pk))
    assert answer["Location"] == team
    assert "Bo" in page_of(ada, team)
    assert bo.client.get("/roles/").status_code == HTTPStatus.FORBIDDEN
    group_id = team.split("/")[2]
    give = {"role": "admin", "group": group_id, "back": "group"}
    assert send(ada, "/roles/give/", **give)["Location"] == team
    assert bo.client.get("/roles/").status_code == HTTPStatus.OK
    assert "Team" in page_of(ada, "/roles/admin/")
    send(ada, f"{team}edit/", name="Crew", description="")
    deletion = page_of(ada, f"{team}delete/")
    assert "Delete Crew?" in deletion
    assert "1 person is in it" in deletion
    assert "Admin" in deletion
    assert send(ada, f"{team}delete/")["Location"] == "/groups/"
    assert bo.client.get("/roles/").status_code == HTTPStatus.FORBIDDEN
    assert "No groups yet" in page_of(ada, "/groups/")
    with tenant_scope(ada.tenant):
        entries = AuditEntry.objects.filter(actor_id=str(ada.user.pk)).order_by("at")
        assert [entry.action for entry in entries] == [
            "group.created",
            "group.member_added",
            "role.assigned",
            "group.updated",
            "group.deleted",
        ]


def test_leaving_a_group_takes_what_it_gave(ada: Member, bo: Member, team: str) -> None:
    send(ada, "/roles/give/", role="admin", group=team.split("/")[2], back="group")
    send(ada, f"{team}members/add/", user=str(bo.user.pk))
    assert bo.client.get("/roles/").status_code == HTTPStatus.OK
    send(ada, f"{team}members/remove/", user=str(bo.user.pk))
    assert bo.client.get("/roles/").status_code == HTTPStatus.FORBIDDEN
    send(ada, f"{team}members/add/", user=str(bo.user.pk))
    send(ada, "/roles/take/", role="admin", group=team.split("/")[2], back="group")
    assert bo.client.get("/roles/").status_code == HTTPStatus.FORBIDDEN


def test_an_admin_touches_no_group_that_gives_more(ada: Member, dee: Member, team: str) -> None:
    send(ada, "/roles/give/", role="owner", group=team.split("/")[2], back="group")
    page = page_of(dee, team)
    assert "Add somebody" not in page
    assert f"{team}delete/" not in page
    for address in ("members/add/", "members/remove/"):
        answer = send(dee, f"{team}{address}", user=str(dee.user.pk))
        assert answer.status_code == HTTPStatus.FORBIDDEN
    answer = send(dee, f"{team}delete/")
    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert "which you do not hold" in answer.content.decode()
    with tenant_scope(ada.tenant):
        assert Group.objects.get().memberships.count() == 0


def test_names_are_checked(ada: Member, team: str) -> None:
    answer = send(ada, "/groups/new/", name="tEAM", description="")
    assert answer.status_code == HTTPStatus.CONFLICT
    assert "This name is taken." in answer.content.decode()
    assert send(ada, f"{team}edit/", name="").status_code == HTTPStatus.BAD_REQUEST
    assert send(ada, f"{team}edit/", name="X", more="1").status_code == HTTPStatus.BAD_REQUEST
    assert "&lt;b&gt;" in page_of(ada, send(ada, "/groups/new/", name="<b>")["Location"])


def test_what_makes_no_sense_is_refused(ada: Member, cy: Member, team: str) -> None:
    """Cy's id means nobody in acme."""
    for value, status in (("", 400), ("x", 400), (str(cy.user.pk), 404)):
        for action in ("add", "remove"):
            assert send(ada, f"{team}members/{action}/", user=value).status_code == status
    missing = team.replace(team.split("/")[2], str(cy.user.pk))
    assert ada.client.get(missing).status_code == HTTPStatus.NOT_FOUND


def test_a_long_list_of_members_comes_in_pages_at_the_same_cost(
    ada: Member, team: str, django_assert_num_queries: Any
) -> None:
    def fill(count: int) -> None:
        with tenant_scope(ada.tenant):
            group = Group.objects.get()
            people = User.objects.bulk_create(
                [User(issuer="http://test", subject=f"s{count}-{n}") for n in range(count)]
            )
            GroupMembership.objects.bulk_create(
                [GroupMembership(group=group, user=user) for user in people]
            )
            assign_role(holder=group, role="viewer", actor=SYSTEM)

    fill(3)
    page_of(ada, team)
    with django_assert_num_queries(11):
        assert "Next" not in page_of(ada, team)
    fill(100)
    page_of(ada, team)
    with django_assert_num_queries(11):
        page = page_of(ada, team)
    assert re.search(r"1–25 of 103", page)
    assert "26–50 of 103" in page_of(ada, team, page="2")


def test_only_active_people_are_found(ada: Member, team: str) -> None:
    eve = come(ada.tenant, "Eve")
    with tenant_scope(ada.tenant):
        User.objects.filter(pk=eve.user.pk).update(is_active=False)
    assert "Nobody who can be chosen" in page_of(ada, team, who="eve")
