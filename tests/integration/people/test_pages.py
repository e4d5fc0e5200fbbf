"""The pages of people, as Ada, an admin and a member see them."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pytest
from django.http import HttpResponse
from pytest_django import DjangoAssertNumQueries

from plexica.core.actor import SYSTEM
from plexica.identity.models import User
from plexica.rbac.custom_roles import create_role
from plexica.rbac.services import assign_role
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.integration.people.conftest import (
    Invite,
    forget,
    in_realm,
    in_row,
    new_address,
)
from tests.integration.workspace.conftest import Member, come


def page_of(member: Member, address: str, status: int = 200, **query: str) -> str:
    answer = member.client.get(address, query)
    assert answer.status_code == status, answer.content.decode()
    return answer.content.decode()


def send(member: Member, address: str, **values: Any) -> HttpResponse:
    return member.client.post(address, values)


def one(user: User, then: str = "") -> str:
    return f"/users/{user.pk}/{then}"


def test_ada_invites_several_people_with_a_role(
    ada: Member, acme: Tenant, mails_to: Callable[[str], int]
) -> None:
    page = page_of(ada, "/users/invite/")
    assert 'value="member" checked' in page
    assert 'value="owner"' in page
    dora, eve = new_address("dora"), new_address("eve")
    answer = send(
        ada, "/users/invite/", people=f"Dora Day <{dora}>\n\n{eve},", roles=["viewer", "member"]
    )
    assert answer.status_code == HTTPStatus.FOUND, answer.content.decode()
    page = page_of(ada, "/users/", state="invited")
    assert "2 people are invited." in page
    assert "Dora Day" in page
    assert eve in page
    assert (mails_to(dora), mails_to(eve)) == (1, 1)
    with tenant_scope(acme):
        made = list(User.objects.filter(email__in=[dora, eve]))
        roles = {user.email: user.role_assignments.count() for user in made}
    assert roles == {dora: 2, eve: 2}
    person = page_of(ada, one(made[0]))
    for shown in ("Invited", "Viewer", "Send the invitation again", "Withdraw the invitation"):
        assert shown in person
    answer = send(ada, "/users/invite/", people=dora)
    assert answer.status_code == HTTPStatus.CONFLICT
    assert "invited already" in answer.content.decode()
    answer = send(ada, "/users/invite/", people=f"{dora}\n{new_address('fay')}")
    assert "These could not be invited" in answer.content.decode()
    with tenant_scope(acme):
        made += User.objects.filter(email__startswith="fay-")
    for user in made:
        forget(acme, user)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"people": ""}, "required"),
        ({"people": "nonsense"}, "no e-mail address"),
        ({"people": "\n".join(f"p{n}@acme.example" for n in range(21))}, "1 to 20"),
        ({"people": "a@acme.example", "roles": ["no-such"]}, "not one of the available"),
        ({"people": "D$ra <a@acme.example>"}, "none of these"),
        ({"people": "a@acme.example", "more": "x"}, "Unknown field"),
    ],
)
def test_what_cannot_be_is_refused(ada: Member, values: dict[str, Any], words: str) -> None:
    answer = send(ada, "/users/invite/", **values)
    assert answer.status_code in {HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT}
    assert words in answer.content.decode()


def test_the_list_is_searched_and_filtered(ada: Member, bo: Member, acme: Tenant) -> None:
    assert bo.user.email in page_of(ada, "/users/", q="bo acme")
    assert bo.user.email not in page_of(ada, "/users/", q="nobody like that")
    assert bo.user.email in page_of(ada, "/users/", state="active")
    assert bo.user.email not in page_of(ada, "/users/", state="disabled")
    assert page_of(ada, "/users/", status=400, state="odd")
    fragment = ada.client.get("/users/", headers={"HX-Request": "true"}).content.decode()
    assert fragment.startswith('<div id="person-table">')


def test_disabling_shows_what_happens_and_does_it(ada: Member, bo: Member) -> None:
    assert "logged out everywhere" in page_of(ada, one(bo.user, "disable/"))
    assert bo.client.get("/").status_code == HTTPStatus.OK
    answer = send(ada, one(bo.user, "disable/"))
    assert answer["Location"] == one(bo.user)
    assert bo.client.get("/").status_code == HTTPStatus.FOUND
    page = page_of(ada, one(bo.user))
    assert "Disabled" in page
    assert one(bo.user, "enable/") in page
    assert bo.user.email in page_of(ada, "/users/", state="disabled")


def test_what_the_realm_refuses_is_shown_and_can_be_tried_again(ada: Member, bo: Member) -> None:
    """Bo of these tests is nobody to the realm, so it cannot rename him."""
    send(ada, one(bo.user, "edit/"), first_name="Bob", last_name="")
    page = page_of(ada, one(bo.user))
    assert "has not done its part" in page
    assert "does not know this person any more" in page
    assert "They are to be called Bob." in page
    assert in_row(ada.tenant, bo.user).first_name == "Bo", "Nothing is half done."
    assert "Failed" in page_of(ada, "/users/", state="waiting")
    assert send(ada, one(bo.user, "retry/"))["Location"] == one(bo.user)
    assert "has not done its part" in page_of(ada, one(bo.user))


def test_ada_renames_somebody(ada: Member, acme: Tenant, invite: Invite) -> None:
    user = invite()
    assert send(ada, one(user, "edit/"), first_name="Dora", last_name="Day").status_code == 302
    assert "Dora Day" in page_of(ada, one(user))
    known = in_realm(acme, user)
    assert known is not None
    assert known["lastName"] == "Day"
    answer = send(ada, one(user, "edit/"), first_name="D<ora", last_name="")
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert "none of these" in answer.content.decode()


def test_ada_removes_somebody(ada: Member, acme: Tenant, invite: Invite) -> None:
    user = invite("viewer")
    page = page_of(ada, one(user, "remove/"))
    assert "Viewer" in page
    assert "cannot be undone" in page
    assert send(ada, one(user, "remove/")).status_code == HTTPStatus.FOUND
    page = page_of(ada, one(user))
    assert "Removed" in page
    assert one(user, "remove/") not in page
    assert one(user) not in page_of(ada, "/users/", q=user.email)
    assert user.email in page_of(ada, "/users/", state="removed")
    for then in ("remove/", "edit/", "disable/"):
        assert ada.client.get(one(user, then)).status_code == HTTPStatus.NOT_FOUND
    assert send(ada, one(user, "enable/")).status_code == HTTPStatus.NOT_FOUND
    assert user.email not in page_of(ada, "/ownership/", who="dora")


def test_an_invitation_is_withdrawn_and_sent_again(
    ada: Member, acme: Tenant, invite: Invite, mails_to: Callable[[str], int]
) -> None:
    user = invite()
    assert "opens nothing any more" in page_of(ada, one(user, "withdraw/"))
    send(ada, one(user, "withdraw/"))
    assert "Invitation withdrawn" in page_of(ada, one(user))
    assert "Invite again" in page_of(ada, one(user))
    send(ada, one(user, "resend/"))
    assert "Send the invitation again" in page_of(ada, one(user))
    assert mails_to(user.email) == 2


def test_nobody_acts_on_who_holds_more(ada: Member, dee: Member, acme: Tenant) -> None:
    page = page_of(dee, one(ada.user))
    assert "hold more than you do" in page
    for then in ("disable/", "remove/"):
        assert one(ada.user, then) not in page
        answer = send(dee, one(ada.user, then))
        assert answer.status_code == HTTPStatus.FORBIDDEN
        assert "which you do not hold" in answer.content.decode()
    assert (
        send(dee, one(ada.user, "edit/"), first_name="X", last_name="").status_code
        == HTTPStatus.FORBIDDEN
    )
    send(dee, one(ada.user, "resend/"))
    row = in_row(acme, ada.user)
    assert (row.is_active, row.first_name, row.removed_at) == (True, "Ada", None)
    assert 'value="owner"' not in page_of(dee, "/users/invite/")
    answer = send(dee, "/users/invite/", people=new_address(), roles=["owner"])
    assert answer.status_code == HTTPStatus.BAD_REQUEST


def test_nobody_shuts_themselves_out(ada: Member) -> None:
    page = page_of(ada, one(ada.user))
    for then in ("disable/", "remove/"):
        assert one(ada.user, then) not in page
        answer = send(ada, one(ada.user, then))
        assert answer.status_code == HTTPStatus.CONFLICT
        assert "Somebody else has to do it." in answer.content.decode()
    assert ada.client.get("/").status_code == HTTPStatus.OK


def test_a_member_sees_people_and_no_more(ada: Member, bo: Member) -> None:
    page = page_of(bo, "/users/")
    assert ada.user.email in page
    assert "Last login" not in page
    assert "Invite people" not in page
    page = page_of(bo, one(ada.user))
    for hidden in ("Last login", ">History<", "Roles and groups", "What can be done"):
        assert hidden not in page


def test_a_member_does_not_see_who_was_removed(ada: Member, bo: Member, invite: Invite) -> None:
    user = invite()
    assert user.email in page_of(bo, one(user))
    send(ada, one(user, "remove/"))
    assert bo.client.get(one(user)).status_code == HTTPStatus.NOT_FOUND
    assert user.email not in page_of(bo, "/users/", state="removed")


def test_who_may_not_give_roles_invites_without(ada: Member, acme: Tenant) -> None:
    with tenant_scope(acme):
        role = create_role(
            name="Inviter", grants=["core:users:invite", "core:users:read"], actor=SYSTEM
        )
    guy = come(acme, "Guy", role.key)
    assert 'name="roles"' not in page_of(guy, "/users/invite/")
    email = new_address("hal")
    assert send(guy, "/users/invite/", people=email).status_code == HTTPStatus.FOUND
    with tenant_scope(acme):
        hal = User.objects.get(email=email)
        assert hal.role_assignments.count() == 0
        assign_role(holder=hal, role="admin", actor=SYSTEM)
    # Hal holds more than Guy now.
    send(guy, one(hal, "resend/"))
    assert "which you do not hold" in page_of(guy, one(hal))
    forget(acme, hal)


def test_another_tenants_people_are_not_there(ada: Member, cy: Member) -> None:
    for then in ("", "edit/", "disable/", "remove/", "withdraw/"):
        assert cy.client.get(one(ada.user, then)).status_code == HTTPStatus.NOT_FOUND
        if then:
            assert send(cy, one(ada.user, then)).status_code in {404, 400}
    assert in_row(ada.tenant, ada.user).is_active


def test_too_many_invitations_in_a_minute_are_refused(
    ada: Member, invite: Invite, settings: Any
) -> None:
    user = invite()
    settings.PLEXICA_RATE_LIMIT_FACTOR = 1
    settings.PLEXICA_RATE_LIMITS = {
        **settings.PLEXICA_RATE_LIMITS,
        "invitation": {"address": 1000, "account": 2},
    }
    answers = [send(ada, one(user, "resend/")).status_code for _ in range(4)]
    assert HTTPStatus.TOO_MANY_REQUESTS in answers
    assert answers[0] == HTTPStatus.FOUND


def test_the_list_costs_the_same_for_many(
    ada: Member, acme: Tenant, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        come(acme, f"P{number}", "member", "viewer")
    with django_assert_max_num_queries(14):
        page_of(ada, "/users/")
