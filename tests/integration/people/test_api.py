"""People by API, with real tokens of the real realm."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from plexica.core.actor import SYSTEM
from plexica.identity.models import User
from plexica.rbac.service_accounts import IssuedSecret, create_service_account
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.integration.identity.realms import ask_token
from tests.integration.people.conftest import (
    Comes,
    Invite,
    forget,
    in_realm,
    in_row,
    is_refused_by_keycloak,
    new_address,
)
from tests.integration.workspace.api.conftest import Program

USERS = "/api/users"
MakeProgram = Callable[..., Program]


@pytest.fixture
def make_program(acme: Tenant) -> Iterator[MakeProgram]:
    """Make a program of acme that holds some roles."""
    made: list[IssuedSecret] = []

    def act(*roles: str) -> Program:
        with tenant_scope(acme):
            issued = create_service_account(
                tenant=acme, name=f"Robot {uuid4().hex[:8]}", roles=roles, actor=SYSTEM
            )
        made.append(issued)
        answer = ask_token(acme, issued.account.client_id, issued.secret)
        return Program(acme, answer.json()["access_token"])

    yield act
    with tenant_scope(acme):
        User.objects.filter(pk__in=[issued.account.pk for issued in made]).delete()


@pytest.fixture
def admin(make_program: MakeProgram) -> Program:
    return make_program("admin")


def one(user: User, then: str = "") -> str:
    return f"{USERS}/{user.pk}{then}"


def body_of(answer: Any, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    found: dict[str, Any] = answer.json()
    return found


def test_a_program_invites_and_reads(
    acme: Tenant, admin: Program, mails_to: Callable[[str], int]
) -> None:
    email, taken = new_address("ines"), "ada@acme.example"
    answer = admin.post(
        USERS,
        {
            "people": [{"email": email, "first_name": "Ines"}, {"email": taken}],
            "roles": ["viewer"],
        },
    )
    first, second = body_of(answer)["results"]
    assert (first["outcome"], first["reason"]) == ("done", "")
    assert (second["outcome"], second["user"]) == ("failed", None)
    assert second["reason"]
    user = first["user"]
    assert (user["state"], user["roles"], user["first_name"]) == ("invited", ["viewer"], "Ines")
    assert (user["last_login"], user["waiting"]) == (None, None)
    assert mails_to(email) == 1
    assert body_of(admin.get(f"{USERS}/{user['id']}")) == user
    assert body_of(admin.get(USERS, search="ines", state="invited"))["results"][0] == user
    page = body_of(admin.get(USERS, page_size=1))
    assert page["next"].startswith(f"{acme.workspace_url}{USERS}?")
    with tenant_scope(acme):
        made = User.objects.get(email=email)
    forget(acme, made)


def test_a_life_by_api(acme: Tenant, admin: Program, comes: Comes) -> None:
    user, browser = comes("member")
    renamed = body_of(admin.send("PATCH", one(user), {"last_name": "Day"}))
    assert (renamed["first_name"], renamed["last_name"]) == ("", "Day")
    assert body_of(admin.post(one(user, "/disable"), {}))["state"] == "disabled"
    assert browser.client.get("/").status_code == 302
    assert is_refused_by_keycloak(acme, user.email)
    assert body_of(admin.post(one(user, "/enable"), {}))["state"] == "active"
    problem = body_of(admin.post(one(user, "/withdraw"), {}), 409)
    assert problem["type"] == "urn:plexica:problem:not-invited"
    assert body_of(admin.post(one(user, "/resend"), {}), 409)["type"].endswith("not-invited")
    assert body_of(admin.post(one(user, "/remove"), {}))["state"] == "removed"
    assert in_realm(acme, user) is None
    for then in ("/remove", "/enable", "/disable"):
        assert body_of(admin.post(one(user, then), {}), 404)
    assert body_of(admin.get(USERS, search=user.email))["results"] == []
    [removed] = body_of(admin.get(USERS, search=user.email, state="removed"))["results"]
    assert removed["id"] == str(user.pk)


def test_an_invitation_by_api(admin: Program, invite: Invite) -> None:
    user = invite()
    assert body_of(admin.post(one(user, "/withdraw"), {}))["state"] == "withdrawn"
    assert body_of(admin.post(one(user, "/enable"), {}), 409)
    assert body_of(admin.post(one(user, "/resend"), {}))["state"] == "invited"
    assert body_of(admin.post(one(user, "/retry"), {}))["waiting"] is None


def test_what_the_realm_has_yet_to_do_is_a_202(acme: Tenant, admin: Program) -> None:
    with tenant_scope(acme):
        user = User.objects.create(
            issuer="http://test", subject=uuid4().hex, email=new_address("nowhere")
        )
    found = body_of(admin.send("PATCH", one(user), {"first_name": "New"}), 202)
    assert found["first_name"] == ""
    assert found["waiting"]["has_failed"]
    assert found["waiting"]["what"] == ["They are to be called New."]
    forget(acme, user)


def test_each_act_needs_its_own_permission(
    acme: Tenant, make_program: MakeProgram, invite: Invite
) -> None:
    user = invite()
    member, viewer = make_program("member"), make_program("viewer")
    assert viewer.get(USERS).status_code == 403
    found = body_of(member.get(one(user)))
    assert (found["roles"], found["last_login"], found["waiting"]) == (None, None, None)
    for method, path in (
        ("POST", USERS),
        ("PATCH", one(user)),
        *(
            ("POST", one(user, f"/{act}"))
            for act in ("resend", "withdraw", "disable", "enable", "remove", "retry")
        ),
    ):
        answer = member.send(method, path, {})
        assert answer.status_code == 403, path
        assert answer.json()["type"] == "urn:plexica:problem:permission-missing"
    assert in_row(acme, user).is_active


def test_nobody_acts_on_who_holds_more(admin: Program, acme: Tenant, invite: Invite) -> None:
    owner = invite("owner")
    for then in ("/withdraw", "/disable", "/remove", "/resend"):
        problem = body_of(admin.post(one(owner, then), {}), 403)
        assert problem["type"] == "urn:plexica:problem:beyond-authority"
    answer = admin.post(USERS, {"people": [{"email": new_address()}], "roles": ["owner"]})
    assert answer.status_code == 403
    assert in_row(acme, owner).is_active


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"people": []},
        {"people": [{"email": "a@acme.example"}] * 21},
        {"people": [{"email": 3}]},
        {"people": [{"email": "a@acme.example", "more": 1}]},
        {"people": [{"email": "a@acme.example"}], "roles": ["no-such"]},
        {"people": [{"email": "a@acme.example"}], "roles": "viewer"},
    ],
)
def test_what_cannot_be_is_refused(admin: Program, body: Any) -> None:
    assert admin.post(USERS, body).status_code == 400


def test_another_tenants_people_are_not_there(
    acme: Tenant, globex: Tenant, admin: Program, invite: Invite
) -> None:
    with tenant_scope(globex):
        stranger = User.objects.create(issuer="http://test", subject=uuid4().hex)
    try:
        assert admin.get(one(stranger)).status_code == 404
        for then in ("/disable", "/remove", "/resend"):
            assert admin.post(one(stranger, then), {}).status_code == 404
        assert in_row(globex, stranger).is_active
    finally:
        forget(globex, stranger)


def test_a_service_account_is_nobody_here(admin: Program, acme: Tenant) -> None:
    with tenant_scope(acme):
        robot = User.objects.filter(kind="service_account").first()
    assert robot is not None
    assert admin.get(one(robot)).status_code == 404
    assert admin.post(one(robot, "/disable"), {}).status_code == 404
