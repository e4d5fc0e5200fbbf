"""Service accounts by API, with the real realm: made, used, given a new secret, revoked."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from plexica.audit.models import AuditEntry
from plexica.core.actor import SYSTEM
from plexica.core.errors import TransientError
from plexica.events.models import OutboxMessage
from plexica.identity import service_account_clients
from plexica.identity.keycloak.realm import RealmClient, realm_client
from plexica.identity.models import ServiceAccount, ServiceAccountState, User, UserKind
from plexica.identity.selectors import list_people
from plexica.identity.service_account_clients import settle_service_accounts
from plexica.rbac.custom_roles import create_role, delete_role
from plexica.rbac.permissions import SERVICE_ACCOUNTS_MANAGE
from plexica.rbac.selectors import has_owner
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.integration.identity.realms import ask_token
from tests.integration.workspace.api.conftest import (
    ACCOUNTS,
    Issue,
    Program,
    token_of_account,
)

MakeProgram = Callable[..., Program]


def one(issued: dict[str, Any], then: str = "") -> str:
    """Return the address of an account, or of what is done to it."""
    return f"{ACCOUNTS}/{issued['account']['id']}{then}"


def client_of(acme: Tenant, issued: dict[str, Any]) -> dict[str, Any] | None:
    """Return what the realm has of an account."""
    return realm_client(acme).find_client(issued["account"]["client_id"])


def test_a_program_gets_a_token_and_has_the_roles_that_it_was_given(
    acme: Tenant, issue: Issue
) -> None:
    issued = issue("viewer", name="Importer", description="Brings orders in.")
    assert issued["account"]["state"] == "active"
    assert issued["account"]["roles"] == ["viewer"]
    assert issued["token_url"].endswith("/realms/acme/protocol/openid-connect/token")
    program = Program(acme, token_of_account(acme, issued))
    found = program.get().json()
    assert (found["kind"], found["name"], found["roles"]) == (
        "service_account",
        "Importer",
        ["viewer"],
    )
    assert found["permissions"] == ["core:dashboard:view", "core:files:read"]


def test_the_secret_is_shown_once_and_kept_nowhere(
    acme: Tenant, ada: Program, issue: Issue
) -> None:
    issued = issue()
    secret = issued["secret"]
    assert len(secret) >= 40
    for path in (ACCOUNTS, one(issued)):
        assert secret not in ada.get(path).content.decode()
    with tenant_scope(acme):
        rows = [
            *ServiceAccount.objects.values_list(),
            *User.objects.values_list(),
            *AuditEntry.objects.values_list("before", "after"),
        ]
    events = OutboxMessage.objects.values_list("payload")
    assert secret not in json.dumps([*rows, *events], default=str)


def test_what_is_done_is_in_the_audit_with_who_did_it(
    acme: Tenant, ada: Program, issue: Issue
) -> None:
    issued = issue("viewer")
    ada.post(one(issued, "/rotate"), {})
    ada.post(one(issued, "/revoke"), {})
    with tenant_scope(acme):
        entries = AuditEntry.objects.filter(target=f"service_account:{issued['account']['id']}")
        actions = list(entries.order_by("at").values_list("action", "actor_name"))
    assert actions == [
        (f"service_account.{what}", "ada@acme.example")
        for what in ("requested", "created", "rotation_asked", "secret_rotated", "revoked")
    ]


def test_permissions_come_from_the_roles_in_plexica_and_follow_them(
    acme: Tenant, ada: Program, issue: Issue
) -> None:
    issued = issue("viewer")
    program = Program(acme, token_of_account(acme, issued))
    assert program.get(ACCOUNTS).status_code == 403
    changed = ada.send("PATCH", one(issued), {"roles": ["admin"], "name": "Now an admin"})
    assert changed.status_code == 200, changed.content
    assert changed.json()["roles"] == ["admin"]
    listed = program.get(ACCOUNTS)
    assert listed.status_code == 200
    assert "Now an admin" in {row["name"] for row in listed.json()["results"]}
    assert ada.send("PATCH", one(issued), {"roles": []}).json()["roles"] == []
    assert program.get(ACCOUNTS).status_code == 403


def test_reading_does_not_let_change(acme: Tenant, issue: Issue) -> None:
    with tenant_scope(acme):
        role = create_role(
            name="Auditor of robots", grants=["core:service-accounts:read"], actor=SYSTEM
        )
    issued = issue(role.key)
    program = Program(acme, token_of_account(acme, issued))
    assert program.get(ACCOUNTS).status_code == 200
    assert program.get(one(issued)).status_code == 200
    for method, path in (
        ("POST", ACCOUNTS),
        ("PATCH", one(issued)),
        ("POST", one(issued, "/rotate")),
        ("POST", one(issued, "/revoke")),
    ):
        answer = program.send(method, path, {})
        assert answer.status_code == 403, path
        assert answer.json()["type"] == "urn:plexica:problem:permission-missing"


def test_nobody_gives_a_program_what_they_do_not_hold(
    make_program: MakeProgram, issue: Issue
) -> None:
    admin = make_program("admin")
    owner = issue("owner")
    refused = [
        admin.post(ACCOUNTS, {"name": "Stronger", "roles": ["owner"]}),
        # Its secret would be as good as the role.
        admin.post(one(owner, "/rotate"), {}),
        admin.post(one(owner, "/revoke"), {}),
        admin.send("PATCH", one(issue("viewer")), {"roles": ["owner"]}),
    ]
    for answer in refused:
        assert answer.status_code == 403, answer.content
        assert answer.json()["type"] == "urn:plexica:problem:beyond-authority"
    assert admin.post(ACCOUNTS, {"name": "As strong", "roles": ["admin"]}).status_code == 201


def test_a_new_secret_ends_the_old_one_and_its_tokens(
    acme: Tenant, ada: Program, issue: Issue
) -> None:
    issued = issue("viewer")
    token = token_of_account(acme, issued)
    assert Program(acme, token).get().status_code == 200
    # Keycloak tells in whole seconds only when it gave a token.
    given = int(time.time())
    while int(time.time()) == given:
        time.sleep(0.02)
    rotated = ada.post(one(issued, "/rotate"), {})
    assert rotated.status_code == 200, rotated.content
    refused = Program(acme, token).get()
    assert refused.status_code == 401
    assert "secret" in refused.json()["detail"]
    client_id = issued["account"]["client_id"]
    assert ask_token(acme, client_id, issued["secret"]).status_code in {400, 401}
    fresh = Program(acme, token_of_account(acme, rotated.json()))
    assert fresh.get().status_code == 200


def test_a_revoked_program_is_refused_and_its_client_is_gone(
    acme: Tenant, ada: Program, issue: Issue
) -> None:
    issued = issue("viewer", name="Gone soon")
    program = Program(acme, token_of_account(acme, issued))
    assert program.get().status_code == 200
    answer = ada.post(one(issued, "/revoke"), {})
    assert answer.status_code == 200, answer.content
    found = answer.json()
    assert (found["state"], found["roles"], found["is_client_left"]) == ("revoked", [], False)
    refused = program.get()
    assert refused.status_code == 401
    assert "not active" in refused.json()["detail"]
    assert client_of(acme, issued) is None
    assert ada.get(one(issued)).json()["revoked_at"]
    assert ada.post(one(issued, "/revoke"), {}).status_code == 200
    assert ada.post(one(issued, "/rotate"), {}).status_code == 409
    assert ada.send("PATCH", one(issued), {"name": "Again"}).status_code == 409
    # Its name and its roles are free again.
    issue("viewer", name="gone SOON")


def test_a_disabled_holder_is_refused(acme: Tenant, issue: Issue) -> None:
    issued = issue("viewer")
    program = Program(acme, token_of_account(acme, issued))
    with tenant_scope(acme):
        User.objects.filter(pk=issued["account"]["id"]).update(is_active=False)
    assert program.get().status_code == 401


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": 7}, "name"),
        ({"name": "A", "description": "x" * 501}, "description"),
        ({"name": "A", "roles": ["no-such-role"]}, "roles"),
        ({"name": "A", "roles": "viewer"}, "roles"),
        ({"name": "A", "secret": "mine"}, "secret"),
    ],
)
def test_what_is_not_acceptable_is_refused_by_its_field(
    ada: Program, body: dict[str, Any], field: str
) -> None:
    answer = ada.post(ACCOUNTS, body)
    assert answer.status_code == 400, answer.content
    assert field in {error["field"] for error in answer.json()["errors"]}


def test_a_name_that_is_taken_is_refused(ada: Program, issue: Issue) -> None:
    issue(name="Taken")
    answer = ada.post(ACCOUNTS, {"name": "tAKEN", "roles": []})
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:plexica:problem:service-account-name-taken"


def test_programs_are_no_people(acme: Tenant, issue: Issue) -> None:
    with tenant_scope(acme):
        before = list_people().count()
        issue("owner")
        assert list_people().count() == before
        # A program as the only owner would be nobody.
        User.objects.filter(kind=UserKind.PERSON).update(is_active=False)
        try:
            assert not has_owner()
        finally:
            User.objects.filter(kind=UserKind.PERSON).update(is_active=True)


def test_accounts_of_one_tenant_are_not_there_for_another(
    globex: Tenant, acme: Tenant, cy_token: str, issue: Issue
) -> None:
    issued = issue("viewer")
    cy = Program(globex, cy_token)
    assert cy.get(one(issued)).status_code == 404
    for then in ("/rotate", "/revoke"):
        assert cy.post(one(issued, then), {}).status_code == 404
    # What was revoked there stays in the list.
    listed = {each["id"] for each in cy.get(ACCOUNTS).json()["results"]}
    assert issued["account"]["id"] not in listed
    token = token_of_account(acme, issued)
    assert Program(globex, token).get().status_code == 401
    assert Program(acme, token).get().status_code == 200


def test_the_list_is_given_in_pages(ada: Program, issue: Issue) -> None:
    names = {issue()["account"]["name"] for _number in range(3)}
    found, page = set(), ada.get(ACCOUNTS, page_size=2).json()
    while True:
        found |= {row["name"] for row in page["results"]}
        if page["next"] is None:
            break
        assert page["next"].startswith("http://acme.localhost")
        page = ada.get(page["next"].partition(".localhost")[2].partition("/")[2].join(("/", "")))
        page = page.json()
    assert names <= found


@pytest.fixture
def keycloak(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let calls of the realm's account fail, before or after the real Keycloak has done them."""
    failing: dict[str, str] = {}

    def let_fail(name: str, *, when: str) -> None:
        real = getattr(RealmClient, name)
        failing[name] = when

        def call(self: RealmClient, *arguments: Any) -> Any:
            if failing.get(name) == "before":
                raise TransientError("Keycloak does not answer.")
            result = real(self, *arguments)
            if failing.get(name) == "after":
                raise TransientError("Keycloak does not answer.")
            return result

        monkeypatch.setattr(RealmClient, name, call)

    return lambda name="", when="": let_fail(name, when=when) if name else failing.clear()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("is_cut", [False, True])
def test_keycloak_failing_leaves_no_account_and_in_the_end_no_client(
    acme: Tenant,
    ada: Program,
    keycloak: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    when: str,
    is_cut: bool,  # noqa: FBT001 (a parameter of the test)
) -> None:
    keycloak("create_client", when)
    if is_cut:
        keycloak("find_client", "before")
    answer = ada.post(ACCOUNTS, {"name": "Half", "roles": ["viewer"]})
    assert answer.status_code == 503
    assert answer["Retry-After"]
    assert "Half" not in {row["name"] for row in ada.get(ACCOUNTS).json()["results"]}
    with tenant_scope(acme):
        [account] = ServiceAccount.objects.filter(name="Half")
        assert account.state == ServiceAccountState.ABANDONED
    keycloak()
    # A late request could still make the client, until this is over.
    monkeypatch.setattr(
        service_account_clients, "GIVEN_UP_AFTER", service_account_clients.GIVEN_UP_AFTER * 0
    )
    settle_service_accounts()
    assert realm_client(acme).find_client(account.client_id) is None
    with tenant_scope(acme):
        assert not ServiceAccount.objects.filter(name="Half").exists()
        assert not User.objects.filter(pk=account.pk).exists()


def test_a_creation_that_was_cut_off_is_taken_back_by_the_clock(
    acme: Tenant, ada: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(**_: Any) -> None:
        raise SystemExit

    monkeypatch.setattr("plexica.identity.service_accounts.activate", die)
    monkeypatch.setattr("plexica.identity.service_accounts.abandon", die)
    with pytest.raises(SystemExit):
        ada.post(ACCOUNTS, {"name": "Cut", "roles": []})
    with tenant_scope(acme):
        [account] = ServiceAccount.objects.filter(name="Cut")
    assert account.state == ServiceAccountState.CREATING
    assert realm_client(acme).find_client(account.client_id) is not None
    monkeypatch.undo()
    settle_service_accounts()
    with tenant_scope(acme):
        account.refresh_from_db()
        assert account.state == ServiceAccountState.CREATING, "It may still be under way."
        ServiceAccount.objects.filter(pk=account.pk).update(created_at="2020-01-01T00:00Z")
    settle_service_accounts()
    assert realm_client(acme).find_client(account.client_id) is None
    with tenant_scope(acme):
        assert not User.objects.filter(pk=account.pk).exists()


def test_a_revocation_counts_at_once_though_keycloak_fails(
    acme: Tenant, ada: Program, issue: Issue, keycloak: Callable[..., None]
) -> None:
    issued = issue("viewer")
    program = Program(acme, token_of_account(acme, issued))
    keycloak("delete_client", "before")
    answer = ada.post(one(issued, "/revoke"), {})
    assert answer.status_code == 200
    assert answer.json()["is_client_left"] is True
    assert program.get().status_code == 401
    # Even a token that the realm gives now.
    assert Program(acme, token_of_account(acme, issued)).get().status_code == 401
    keycloak()
    settle_service_accounts()
    assert client_of(acme, issued) is None
    assert ada.get(one(issued)).json()["is_client_left"] is False


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_rotation_whose_answer_is_lost_can_be_repeated(
    acme: Tenant, ada: Program, issue: Issue, keycloak: Callable[..., None], when: str
) -> None:
    issued = issue("viewer")
    keycloak("update_client", when)
    assert ada.post(one(issued, "/rotate"), {}).status_code == 503
    keycloak()
    again = ada.post(one(issued, "/rotate"), {})
    assert again.status_code == 200
    assert Program(acme, token_of_account(acme, again.json())).get().status_code == 200


def test_a_client_that_somebody_deleted_in_the_realm_is_said_to_be_gone(
    acme: Tenant, ada: Program, issue: Issue
) -> None:
    issued = issue()
    client = client_of(acme, issued)
    assert client is not None
    realm_client(acme).delete_client(client["id"])
    answer = ada.post(one(issued, "/rotate"), {})
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:plexica:problem:service-account-broken"
    assert ada.post(one(issued, "/revoke"), {}).json()["state"] == "revoked"


def test_a_role_of_a_revoked_account_can_be_deleted(
    acme: Tenant, ada: Program, issue: Issue
) -> None:
    with tenant_scope(acme):
        role = create_role(name="For robots", grants=[SERVICE_ACCOUNTS_MANAGE], actor=SYSTEM)
    issued = issue(role.key)
    ada.post(one(issued, "/revoke"), {})
    with tenant_scope(acme):
        delete_role(role=role, actor=SYSTEM)
