"""People who are invited, disabled, enabled, renamed and removed, with the real realm and mail."""

from collections.abc import Callable

import pytest

from plexica.audit.models import AuditEntry
from plexica.core.actor import SYSTEM
from plexica.identity.models import User
from plexica.identity.people import NotInvited
from plexica.identity.people_states import PersonState, state_of
from plexica.identity.realm_changes import Outcome
from plexica.identity.services import create_realm_user, delete_realm_user
from plexica.rbac.engine import compile_snapshot
from plexica.rbac.people import (
    Invitee,
    disable_person,
    enable_person,
    invite_people,
    remove_person,
    rename_person,
    resend_invitation,
    withdraw_invitation,
)
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.integration.people.conftest import (
    Comes,
    Invite,
    forget,
    in_realm,
    in_row,
    is_refused_by_keycloak,
    log_in,
    new_address,
    set_password_by,
    waiting,
)

Links = Callable[[str], str]


def test_an_invited_person_comes_in_with_their_role(
    acme: Tenant, invite: Invite, link_to: Links
) -> None:
    user = invite("admin")
    row = in_row(acme, user)
    assert state_of(row) == PersonState.INVITED
    assert row.is_active
    assert waiting(acme, user) is None
    known = in_realm(acme, user)
    assert known is not None
    assert known["email"] == user.email
    set_password_by(link_to(user.email))
    browser = log_in(acme, user.email)
    assert browser.client.get("/").status_code == 200
    assert browser.client.get("/roles/").status_code == 200, "The role is there at once."
    with tenant_scope(acme):
        assert compile_snapshot(user).roles == {"admin"}, "They do not become a member, too."
        assert User.objects.filter(email=user.email).count() == 1
    assert state_of(in_row(acme, user)) == PersonState.ACTIVE


def test_what_is_done_is_in_the_audit(acme: Tenant, invite: Invite) -> None:
    user = invite("viewer")
    with tenant_scope(acme):
        rename_person(tenant=acme, user=user, first_name="Dora", last_name="Day", actor=SYSTEM)
        disable_person(tenant=acme, user=user, actor=SYSTEM)
        resend_invitation(tenant=acme, user=user, actor=SYSTEM)
        remove_person(tenant=acme, user=user, actor=SYSTEM)
        entries = AuditEntry.objects.filter(target=f"user:{user.pk}").order_by("at", "id")
        assert list(entries.values_list("action", flat=True)) == [
            "user.invited",
            "role.assigned",
            "user.created",
            "user.invitation_sent",
            "user.renaming_asked",
            "user.updated",
            "user.disabled",
            "user.invited",
            "user.created",
            "user.invitation_sent",
            "user.removed",
        ]


def test_an_invitation_is_sent_again(
    acme: Tenant, invite: Invite, link_to: Links, mails_to: Callable[[str], int]
) -> None:
    user = invite()
    first = link_to(user.email)
    with tenant_scope(acme):
        assert resend_invitation(tenant=acme, user=user, actor=SYSTEM) == Outcome.DONE
    assert mails_to(user.email) == 2
    assert link_to(user.email) != first
    set_password_by(link_to(user.email))
    log_in(acme, user.email)
    with tenant_scope(acme), pytest.raises(NotInvited):
        resend_invitation(tenant=acme, user=user, actor=SYSTEM)


def test_the_link_of_a_withdrawn_invitation_opens_nothing(
    acme: Tenant, invite: Invite, link_to: Links
) -> None:
    user = invite()
    link = link_to(user.email)
    with tenant_scope(acme):
        assert withdraw_invitation(tenant=acme, user=user, actor=SYSTEM) == Outcome.DONE
    known = in_realm(acme, user)
    assert known is not None
    assert known["enabled"] is False
    row = in_row(acme, user)
    assert (row.is_active, state_of(row)) == (False, PersonState.WITHDRAWN)
    set_password_by(link)
    assert is_refused_by_keycloak(acme, user.email)
    with tenant_scope(acme):
        [again] = invite_people(
            tenant=acme, invitees=[Invitee(user.email.upper())], roles=[], actor=SYSTEM
        )
    assert again.user is not None
    assert again.user.pk == user.pk
    set_password_by(link_to(user.email))
    log_in(acme, user.email)


def test_who_is_disabled_is_out_at_once_and_comes_back_when_enabled(
    acme: Tenant, comes: Comes
) -> None:
    user, browser = comes("member")
    with tenant_scope(acme):
        assert disable_person(tenant=acme, user=user, actor=SYSTEM) == Outcome.DONE
    answer = browser.client.get("/")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/oidc/authenticate/")
    assert is_refused_by_keycloak(acme, user.email)
    with tenant_scope(acme):
        assert disable_person(tenant=acme, user=user, actor=SYSTEM) == Outcome.DONE
        assert enable_person(tenant=acme, user=user, actor=SYSTEM) == Outcome.DONE
    assert in_row(acme, user).is_active
    assert browser.client.get("/").status_code == 302, "The session has ended for good."
    # The realm has ended its own, so that the password is asked for.
    page = browser.keycloak.get(browser.begin(), timeout=30, allow_redirects=False)
    assert page.status_code == 200
    assert log_in(acme, user.email).client.get("/").status_code == 200


def test_who_is_removed_is_gone_and_can_be_invited_anew(
    acme: Tenant, comes: Comes, link_to: Links
) -> None:
    user, browser = comes("admin")
    with tenant_scope(acme):
        assert remove_person(tenant=acme, user=user, actor=SYSTEM) == Outcome.DONE
        assert compile_snapshot(user).roles == frozenset()
    assert browser.client.get("/").status_code == 302
    assert in_realm(acme, user) is None
    row = in_row(acme, user)
    assert state_of(row) == PersonState.REMOVED
    assert row.email == user.email
    assert is_refused_by_keycloak(acme, user.email)
    with tenant_scope(acme):
        [again] = invite_people(tenant=acme, invitees=[Invitee(user.email)], roles=[], actor=SYSTEM)
    assert again.user is not None
    assert again.user.pk != user.pk
    set_password_by(link_to(user.email))
    log_in(acme, user.email)
    with tenant_scope(acme):
        assert compile_snapshot(again.user).roles == {"member"}
    forget(acme, again.user)


def test_a_new_name_is_in_the_realm_and_stays_at_the_next_login(acme: Tenant, comes: Comes) -> None:
    user, _browser = comes()
    with tenant_scope(acme):
        outcome = rename_person(
            tenant=acme, user=user, first_name=" Dörte ", last_name="O'Hara-Łuk", actor=SYSTEM
        )
    assert outcome == Outcome.DONE
    known = in_realm(acme, user)
    assert known is not None
    assert (known["firstName"], known["lastName"]) == ("Dörte", "O'Hara-Łuk")
    log_in(acme, user.email)
    assert in_row(acme, user).get_full_name() == "Dörte O'Hara-Łuk"


def test_many_are_invited_and_each_has_an_outcome(acme: Tenant, invite: Invite) -> None:
    there = invite()
    known = new_address("known")
    subject = create_realm_user(tenant=acme, email=known)
    new = new_address("eve")
    invitees = [
        Invitee(new, "Eve", "Example"),
        Invitee(there.email),
        Invitee("no address"),
        Invitee(known),
        Invitee(new.upper(), "Twice"),
    ]
    with tenant_scope(acme):
        found = invite_people(tenant=acme, invitees=invitees, roles=["viewer"], actor=SYSTEM)
        assert [(each.email, each.outcome) for each in found] == [
            (new, Outcome.DONE),
            (there.email, Outcome.FAILED),
            ("no address", Outcome.FAILED),
            (known, Outcome.FAILED),
        ]
        assert "invited already" in found[1].reason
        assert "knows somebody else" in found[3].reason
        assert not User.objects.filter(email=known).exists(), "Nothing is left of it."
        eve = User.objects.get(email=new)
    assert in_row(acme, eve).get_full_name() == "Eve Example"
    assert in_realm(acme, eve)["lastName"] == "Example"  # type: ignore[index] # it is there
    delete_realm_user(tenant=acme, subject=subject)
    forget(acme, eve)
