"""Changes of people while Keycloak or the mail server is down, cut off, and at the same time.

The servers are stopped for real. Who is shut out is so at once; who is let in is so when the realm
has done it; and all of it is done in the end.
"""

import socket
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from plexica.core.actor import SYSTEM
from plexica.core.errors import TransientError
from plexica.identity import realm_changes
from plexica.identity.keycloak.realm import RealmClient
from plexica.identity.models import RealmChange, User
from plexica.identity.people_states import PersonState, state_of
from plexica.identity.realm_changes import Outcome, settle_people
from plexica.rbac.people import (
    Invitee,
    disable_person,
    enable_person,
    invite_people,
    withdraw_invitation,
)
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.integration.people.conftest import (
    Comes,
    Invite,
    OnServer,
    forget,
    in_realm,
    in_row,
    is_enabled,
    new_address,
    set_password_by,
    settle,
    waiting,
)
from tests.integration.workspace.conftest import Member

pytestmark = pytest.mark.usefixtures("ada")


def test_keycloak_is_down_and_comes_back(
    acme: Tenant,
    ada: Member,
    comes: Comes,
    invite: Invite,
    stop: OnServer,
    start: OnServer,
    link_to: Callable[[str], str],
) -> None:
    bea, browser = comes("member", name="bea")
    carl, _ = comes("member", name="carl")
    with tenant_scope(acme):
        disable_person(tenant=acme, user=carl, actor=SYSTEM)
    rosa, gone, late = invite(name="rosa"), invite(name="gone"), new_address("late")

    stop("keycloak")
    answer = ada.client.post(f"/users/{bea.pk}/disable/")
    assert answer.status_code == 302
    assert browser.client.get("/").status_code == 302, "The door is closed at once."
    page = ada.client.get(f"/users/{bea.pk}/").content.decode()
    assert "Waiting for the login service" in page
    assert "It already opens nothing in this workspace." in page
    assert "Keycloak does not answer." in page
    ada.client.post(f"/users/{carl.pk}/enable/")
    assert not in_row(acme, carl).is_active, "Nobody is let in before the realm does."
    assert "so they cannot come in yet" in ada.client.get(f"/users/{carl.pk}/").content.decode()
    ada.client.post(f"/users/{rosa.pk}/edit/", {"first_name": "Rosa", "last_name": "Red"})
    ada.client.post(f"/users/{gone.pk}/remove/")
    page = ada.client.post("/users/invite/", {"people": late}).content.decode()
    assert "Waiting for the login service" in page
    with tenant_scope(acme):
        new = User.objects.get(email=late)
    assert (new.is_active, state_of(in_row(acme, new))) == (False, PersonState.INVITED)
    assert ada.client.get("/users/?state=waiting").content.decode().count(">Waiting<") == 5
    settle(acme)
    assert ada.client.get("/users/?state=waiting").content.decode().count(">Waiting<") == 5

    start("keycloak")
    settle(acme)
    for user in (bea, carl, rosa, gone, new):
        assert waiting(acme, user) is None
    assert is_enabled(acme, bea) is False
    assert is_enabled(acme, carl) is True
    assert in_row(acme, carl).is_active
    known = in_realm(acme, rosa)
    assert known is not None
    assert known["lastName"] == "Red"
    assert in_row(acme, rosa).last_name == "Red"
    assert in_realm(acme, gone) is None
    assert "has been updated" in set_password_by(link_to(late))
    forget(acme, new)


def test_the_mail_server_is_down_and_comes_back(
    acme: Tenant, ada: Member, stop: OnServer, start: OnServer, mails_to: Callable[[str], int]
) -> None:
    email = new_address()
    stop("mail")
    page = ada.client.post("/users/invite/", {"people": email}).content.decode()
    assert "The mail could not be sent yet" in page
    with tenant_scope(acme):
        user = User.objects.get(email=email)
    assert in_realm(acme, user) is not None
    change = waiting(acme, user)
    assert change is not None
    assert (change.sends_mail, change.is_for_state) == (True, False)
    page = ada.client.get(f"/users/{user.pk}/").content.decode()
    assert "The invitation has not been sent yet." in page
    settle(acme)
    start("mail")
    settle(acme)
    assert waiting(acme, user) is None
    assert mails_to(email) == 1
    forget(acme, user)


def test_a_process_that_dies_after_the_commit_loses_nothing(
    acme: Tenant, comes: Comes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is cut off where it would ask the realm, as a process is that is killed there."""
    user, browser = comes()

    class Killed(BaseException):
        pass

    def die(*_args: object, **_values: object) -> None:
        raise Killed

    for place in ("attempt_soon", None):
        with monkeypatch.context() as patch:
            if place:
                patch.setattr("plexica.rbac.people.attempt_soon", die)
            else:
                # This one has the claim already.
                patch.setattr(RealmClient, "get_user", die)
            with tenant_scope(acme), pytest.raises(Killed):
                disable_person(tenant=acme, user=user, actor=SYSTEM)
        assert browser.client.get("/").status_code == 302
        assert is_enabled(acme, user) is True
        if place is None:
            settle_people()
            assert is_enabled(acme, user) is True, "It is still claimed."
        settle(acme)
        assert waiting(acme, user) is None
        assert is_enabled(acme, user) is False
        with tenant_scope(acme):
            enable_person(tenant=acme, user=user, actor=SYSTEM)


def test_a_claim_ends_by_itself(acme: Tenant, invite: Invite) -> None:
    user = invite()
    with tenant_scope(acme):
        RealmChange.objects.create(
            user=user,
            version=1,
            is_enabled=False,
            claim=user.pk,
            claimed_until=timezone.now() + timedelta(seconds=30),
        )
    settle_people()
    assert waiting(acme, user) is not None
    with tenant_scope(acme):
        RealmChange.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    settle_people()
    assert waiting(acme, user) is None
    assert is_enabled(acme, user) is False


def test_an_answer_that_is_lost_makes_nobody_twice(
    acme: Tenant, monkeypatch: pytest.MonkeyPatch, mails_to: Callable[[str], int]
) -> None:
    real = RealmClient.import_user

    def lose(self: RealmClient, representation: dict[str, object]) -> None:
        real(self, representation)
        raise TransientError("Keycloak does not answer.")

    email = new_address()
    with monkeypatch.context() as patch:
        patch.setattr(RealmClient, "import_user", lose)
        with tenant_scope(acme):
            [done] = invite_people(tenant=acme, invitees=[Invitee(email)], roles=[], actor=SYSTEM)
    assert (done.outcome, mails_to(email)) == (Outcome.WAITING, 0)
    settle(acme)
    assert done.user is not None
    assert waiting(acme, done.user) is None
    assert in_row(acme, done.user).is_active
    assert mails_to(email) == 1
    forget(acme, done.user)


def test_an_invitation_that_never_reached_the_realm_is_withdrawn(
    acme: Tenant, stop: OnServer, start: OnServer, mails_to: Callable[[str], int]
) -> None:
    email = new_address()
    stop("keycloak")
    with tenant_scope(acme):
        [done] = invite_people(tenant=acme, invitees=[Invitee(email)], roles=[], actor=SYSTEM)
        assert done.user is not None
        withdraw_invitation(tenant=acme, user=done.user, actor=SYSTEM)
    start("keycloak")
    settle(acme)
    assert waiting(acme, done.user) is None
    assert in_realm(acme, done.user) is None
    assert state_of(in_row(acme, done.user)) == PersonState.WITHDRAWN
    assert mails_to(email) == 0
    forget(acme, done.user)


def test_what_fails_for_long_is_shown_and_goes_on(
    acme: Tenant, ada: Member, invite: Invite, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = invite()

    def refuse(*_args: object, **_values: object) -> None:
        raise TransientError("Keycloak does not answer.")

    with monkeypatch.context() as patch:
        patch.setattr(RealmClient, "get_user", refuse)
        with tenant_scope(acme):
            disable_person(tenant=acme, user=user, actor=SYSTEM)
        for _attempt in range(realm_changes.MAX_ATTEMPTS):
            settle(acme)
    change = waiting(acme, user)
    assert change is not None
    assert change.has_failed
    assert change.next_attempt_at > timezone.now() + timedelta(minutes=50)
    assert "has not done its part" in ada.client.get(f"/users/{user.pk}/").content.decode()
    ada.client.post(f"/users/{user.pk}/retry/")
    assert waiting(acme, user) is None
    assert is_enabled(acme, user) is False


def test_a_keycloak_that_hangs_holds_no_request_for_long(
    acme: Tenant, comes: Comes, settings: Settings
) -> None:
    user, browser = comes()
    server = settings.KEYCLOAK_SERVERS["default"]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        settings.KEYCLOAK_SERVERS = {"default": replace(server, internal_url=url)}
        begun = time.monotonic()
        with tenant_scope(acme):
            outcome = disable_person(tenant=acme, user=user, actor=SYSTEM)
        assert time.monotonic() - begun < realm_changes.SOON_SECONDS
    assert outcome == Outcome.WAITING
    settings.KEYCLOAK_SERVERS = {"default": server}
    assert browser.client.get("/").status_code == 302
    settle(acme)
    assert waiting(acme, user) is None
    assert is_enabled(acme, user) is False
