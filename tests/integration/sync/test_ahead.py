"""What was changed here and is on its way to the realm is not taken back by what the realm says."""

from typing import Any

import pytest
from django.db import transaction

from plexica.core.actor import SYSTEM
from plexica.identity import people
from plexica.identity.models import RealmChange, User
from plexica.identity.realm_changes import Outcome, ask_realm, attempt
from plexica.identity.sync import realm
from tenants.scopes import tenant_scope
from tests.integration.sync.conftest import Keycloak


def disable(keycloak: Keycloak, user: User) -> None:
    """Shut somebody out here, without telling the realm yet."""
    with tenant_scope(keycloak.tenant), transaction.atomic():
        people.close(user=people.lock_person(user.pk), actor=SYSTEM, what="disabled")


def rename(keycloak: Keycloak, user: User, name: str) -> None:
    """Call somebody otherwise here, without telling the realm yet."""
    with tenant_scope(keycloak.tenant), transaction.atomic():
        people.ask_to_rename(
            user=people.lock_person(user.pk), actor=SYSTEM, names={"first_name": name}
        )


def tell(keycloak: Keycloak, user: User) -> None:
    """Tell the realm what waits."""
    with tenant_scope(keycloak.tenant):
        assert attempt(tenant=keycloak.tenant, user_id=user.pk) == Outcome.DONE


@pytest.fixture
def bo(keycloak: Keycloak) -> User:
    subject = keycloak.add_person("Bo")
    keycloak.follow()
    return keycloak.known(subject)


def test_what_waits_for_the_realm_stands(keycloak: Keycloak, bo: User) -> None:
    keycloak.change(bo.subject, lastName="Bee")
    disable(keycloak, bo)
    keycloak.follow()
    keycloak.read_all()
    assert not keycloak.known(bo.subject).is_active, "The realm still says that he may come in."
    tell(keycloak, bo)
    keycloak.follow()
    user = keycloak.known(bo.subject)
    assert (user.is_active, user.last_name) == (False, "Bee"), "Nothing else is lost."
    assert "Keycloak: user.enabled" not in keycloak.actions(bo)


def test_mail_that_waits_keeps_no_change_away(keycloak: Keycloak, bo: User) -> None:
    with tenant_scope(keycloak.tenant), transaction.atomic():
        ask_realm(user=people.lock_person(bo.pk), actor=SYSTEM, sends_mail=True)
    keycloak.change(bo.subject, enabled=False)
    keycloak.follow()
    assert not keycloak.known(bo.subject).is_active
    with tenant_scope(keycloak.tenant):
        RealmChange.objects.all().delete()


def test_whom_the_realm_shuts_out_is_out_though_something_waits(
    keycloak: Keycloak, bo: User
) -> None:
    rename(keycloak, bo, "Bobby")
    keycloak.change(bo.subject, enabled=False)
    keycloak.follow()
    assert not keycloak.known(bo.subject).is_active
    keycloak.realm.delete_user(bo.subject)
    keycloak.follow()
    assert keycloak.known(bo.subject).removed_at is not None
    with tenant_scope(keycloak.tenant):
        assert not RealmChange.objects.exists(), "There is nobody to be told of."


def test_nothing_waits_for_an_invited_person_whom_the_realm_has_deleted(
    keycloak: Keycloak, bo: User
) -> None:
    with tenant_scope(keycloak.tenant), transaction.atomic():
        ask_realm(user=people.lock_person(bo.pk), actor=SYSTEM, sends_mail=True)
    keycloak.realm.delete_user(bo.subject)
    keycloak.follow()
    with tenant_scope(keycloak.tenant), transaction.atomic():
        assert not RealmChange.objects.exists()
        assert people.find_invitable(bo.email) is None, "The address is free."


def test_what_was_passed_over_is_read_when_the_realm_has_been_told(
    keycloak: Keycloak, bo: User
) -> None:
    rename(keycloak, bo, "Bobby")
    keycloak.change(bo.subject, firstName="Bobby", lastName="Bee")
    keycloak.follow()
    assert keycloak.known(bo.subject).last_name == ""
    # The realm says so already, so that telling it causes no event.
    tell(keycloak, bo)
    assert keycloak.follow().is_all_due
    keycloak.read_all(is_forced=False)
    user = keycloak.known(bo.subject)
    assert (user.first_name, user.last_name) == ("Bobby", "Bee")


@pytest.mark.parametrize("reads_all", [False, True], ids=["events", "everybody"])
def test_what_was_read_before_a_change_was_told_is_old(
    keycloak: Keycloak, bo: User, monkeypatch: pytest.MonkeyPatch, *, reads_all: bool
) -> None:
    keycloak.change(bo.subject, lastName="Bee")
    find, page_of = realm.find_person, realm.list_people

    def shut_out_meanwhile() -> None:
        if keycloak.known(bo.subject).is_active:
            disable(keycloak, bo)
            tell(keycloak, bo)

    def find_late(*args: Any) -> Any:
        said = find(*args)
        shut_out_meanwhile()
        return said

    def list_late(*args: Any) -> Any:
        pages = list(page_of(*args))
        shut_out_meanwhile()
        return iter(pages)

    with monkeypatch.context() as patch:
        patch.setattr(realm, "find_person", find_late)
        patch.setattr(realm, "list_people", list_late)
        if reads_all:
            keycloak.read_all()
        else:
            keycloak.follow()
    assert not keycloak.known(bo.subject).is_active
    keycloak.follow()
    user = keycloak.known(bo.subject)
    assert (user.is_active, user.last_name) == (False, "Bee")
    assert "Keycloak: user.enabled" not in keycloak.actions(bo)
