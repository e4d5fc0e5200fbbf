"""Changes that are made in Keycloak reach the rows by the realm's events, without a login."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.utils import timezone

from plexica.core.actor import SYSTEM
from plexica.core.scope import enter_scope
from plexica.events.models import OutboxMessage
from plexica.identity.keycloak import following
from plexica.identity.models import RealmSync, User
from plexica.identity.selectors import get_person
from plexica.identity.sync import hooks, state
from plexica.identity.sync.cycle import follow_tenant, resync_current, source_of
from plexica.identity.sync.realm import Outcome, follow_realm, read_realm
from plexica.rbac.custom_roles import RoleInUse, create_role, delete_role
from plexica.rbac.holders import list_people_with_role
from plexica.rbac.models import Role
from plexica.rbac.selectors import assignments_of
from plexica.rbac.services import assign_role
from tenants.models import Tenant
from tenants.scopes import scope_of, tenant_scope
from tests.integration.identity.browser import PASSWORD
from tests.integration.identity.realms import add_program
from tests.integration.sync.conftest import Keycloak
from tests.threads import threads


def test_a_person_lives_in_keycloak(keycloak: Keycloak) -> None:
    bo = keycloak.add_person("Bo", lastName="Bee")
    assert keycloak.follow().made == 1
    user = keycloak.known(bo)
    assert (user.first_name, user.last_name, user.is_active) == ("Bo", "Bee", True)
    with tenant_scope(keycloak.tenant):
        assert not assignments_of(user).exists(), "A role comes with the first login."
    keycloak.change(bo, email="new@initech.example", firstName="Bob", lastName="")
    assert keycloak.follow().changed == 1
    user = keycloak.known(bo)
    assert (user.email, user.first_name, user.last_name) == ("new@initech.example", "Bob", "")
    keycloak.change(bo, enabled=False)
    keycloak.follow()
    assert not keycloak.known(bo).is_active
    keycloak.change(bo, enabled=True)
    keycloak.follow()
    assert keycloak.known(bo).is_active
    keycloak.realm.delete_user(bo)
    keycloak.follow()
    user = keycloak.known(bo)
    assert (user.is_active, user.removed_at is not None) == (False, True)
    assert keycloak.actions(user) == [
        "Keycloak: user.created",
        "Keycloak: user.updated",
        "Keycloak: user.disabled",
        "Keycloak: user.enabled",
        "Keycloak: user.removed",
    ]
    told = OutboxMessage.objects.filter(payload__user=str(user.pk)).order_by("published_at")
    assert [message.event for message in told] == [
        "user.created", "user.updated", "user.disabled", "user.enabled", "user.removed",
    ]  # fmt: skip


def test_role_of_somebody_who_is_gone_can_be_deleted(keycloak: Keycloak) -> None:
    bo = keycloak.add_person("Bo")
    keycloak.follow()
    user = keycloak.known(bo)
    with tenant_scope(keycloak.tenant):
        role = create_role(
            name="Stays", description="", grants=["core:dashboard:view"], actor=SYSTEM
        )
        assign_role(holder=user, role=role.key, actor=SYSTEM)
        with pytest.raises(RoleInUse):
            delete_role(role=role, actor=SYSTEM)
    keycloak.realm.delete_user(bo)
    keycloak.follow()
    with tenant_scope(keycloak.tenant):
        assert not list_people_with_role(role=role).exists()
        delete_role(role=role, actor=SYSTEM)
        assert not Role.objects.filter(pk=role.pk).exists()


def test_what_somebody_changes_themselves_comes_too(keycloak: Keycloak) -> None:
    bo = keycloak.add_person(
        "Bo", credentials=[{"type": "password", "value": PASSWORD, "temporary": False}]
    )
    keycloak.follow()
    address = keycloak.known(bo).email
    client = add_program(
        keycloak.realm, "self-service", publicClient=True, directAccessGrantsEnabled=True
    )
    try:
        base = f"{settings.KEYCLOAK_SERVERS['default'].public_url}/realms/{keycloak.tenant.realm}"
        form = {
            "grant_type": "password", "client_id": "self-service", "username": address,
            "password": PASSWORD, "scope": "openid",
        }  # fmt: skip
        token = requests.post(f"{base}/protocol/openid-connect/token", form, timeout=30).json()
        answer = requests.post(
            f"{base}/account/",
            json={"username": address, "email": address, "firstName": "Robert", "lastName": "B"},
            headers={"Authorization": f"Bearer {token['access_token']}"},
            timeout=30,
        )
        assert answer.ok, answer.text
        assert keycloak.follow().changed == 1
        assert keycloak.known(bo).get_full_name() == "Robert B"
    finally:
        keycloak.realm.delete_client(client)


def test_nothing_new_writes_nothing_and_old_events_are_left_behind(
    keycloak: Keycloak, django_assert_num_queries: Any
) -> None:
    keycloak.add_person()
    keycloak.follow()
    before = keycloak.state()
    assert before.seen
    keycloak.follow()
    # The account's secret, and how far it is.
    with django_assert_num_queries(2):
        assert keycloak.follow().outcome == Outcome.IDLE
    assert keycloak.state().cursor == before.cursor
    all_events = following.list_events(keycloak.realm, since=0, at_most=10_000)
    with tenant_scope(keycloak.tenant):
        RealmSync.objects.update(
            cursor=before.cursor - 10 * state.SETTLED_MS,
            seen=[[event.id, event.time] for event in all_events],
        )
    assert keycloak.follow().outcome == Outcome.IDLE
    after = keycloak.state()
    assert abs(after.cursor + state.SETTLED_MS - state.now_ms()) < 60_000


def test_events_that_come_again_or_in_disorder_change_nothing(
    keycloak: Keycloak, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The state of the realm counts, and not what an event says of it."""
    bo = keycloak.add_person("Bo")
    keycloak.change(bo, firstName="Bob")
    keycloak.change(bo, firstName="Robert")
    list_events = following.list_events
    monkeypatch.setattr(
        "plexica.identity.sync.realm.list_events",
        lambda *args, **options: list_events(*args, **options)[::-1] * 2,
    )
    keycloak.follow()
    with tenant_scope(keycloak.tenant):
        RealmSync.objects.update(seen=[], cursor=1)
    assert keycloak.follow().changed == 0
    assert keycloak.known(bo).first_name == "Robert"
    assert keycloak.actions(keycloak.known(bo)) == ["Keycloak: user.created"]


def test_an_event_that_becomes_visible_late_is_not_missed(
    keycloak: Keycloak, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its transaction was long: a later one was visible before."""
    early, late = keycloak.add_person("Early"), keycloak.add_person("Late")
    list_events = following.list_events
    with monkeypatch.context() as patch:
        patch.setattr(
            "plexica.identity.sync.realm.list_events",
            lambda *args, **options: [
                event for event in list_events(*args, **options) if event.subject != early
            ],
        )
        keycloak.follow()
    assert (keycloak.row(early), bool(keycloak.row(late))) == (None, True)
    keycloak.follow()
    assert keycloak.row(early)


def test_two_who_look_at_once_write_once(keycloak: Keycloak) -> None:
    subjects = [keycloak.add_person(f"P{number}") for number in range(5)]
    with threads(4) as submit:
        looks = [submit(follow_tenant, keycloak.tenant) for _ in range(8)]
        results = [look.result() for look in looks]
    assert None not in results
    keycloak.follow()
    for subject in subjects:
        assert keycloak.actions(keycloak.known(subject)) == ["Keycloak: user.created"]


def test_who_is_slow_does_not_write_what_is_old(
    keycloak: Keycloak, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one has read somebody and not written yet, nobody else reads them and writes."""
    bo = keycloak.add_person("Bo")
    keycloak.follow()
    keycloak.change(bo, firstName="Bob")
    find_person = following.find_person
    others = []

    def change_meanwhile(realm: Any, subject: str) -> Any:
        found = find_person(realm, subject)
        if not others:
            keycloak.change(bo, firstName="Robert")
            with threads(1) as submit:
                others.append(submit(follow_tenant, keycloak.tenant).result())
        return found

    monkeypatch.setattr("plexica.identity.sync.realm.find_person", change_meanwhile)
    keycloak.follow()
    assert others[0].outcome == Outcome.BUSY
    assert keycloak.known(bo).first_name == "Bob"
    keycloak.follow()
    assert keycloak.known(bo).first_name == "Robert"


def test_what_was_missed_for_long_is_read_wholly(keycloak: Keycloak) -> None:
    bo = keycloak.add_person("Bo")
    long_ago = timezone.now() - state.EVENTS_TRUSTED_FOR - timedelta(days=1)
    with tenant_scope(keycloak.tenant):
        RealmSync.objects.update(polled_at=long_ago)
    result = keycloak.follow()
    assert (result.outcome, result.is_all_due, keycloak.row(bo)) == (Outcome.ALL_DUE, True, None)
    with tenant_scope(keycloak.tenant):
        done = resync_current()
        assert done
        assert done.outcome == Outcome.READ_WHOLLY
        again = resync_current()
        assert again
        assert again.outcome == Outcome.IDLE
    assert keycloak.row(bo)
    assert keycloak.follow().outcome == Outcome.IDLE


def test_a_short_absence_is_made_good_by_the_events(keycloak: Keycloak) -> None:
    """As long as events are kept and trusted, nothing else is read."""
    bo = keycloak.add_person("Bo")
    with tenant_scope(keycloak.tenant):
        RealmSync.objects.update(
            polled_at=timezone.now() - timedelta(days=10),
            cursor=state.now_ms() - 10 * 86_400_000,
            all_read_at=timezone.now() - timedelta(days=10),
        )
    result = keycloak.follow()
    assert (result.outcome, result.is_all_due) == (Outcome.FOLLOWED, True)
    assert keycloak.row(bo)


def test_many_changes_at_once_are_read_wholly(
    keycloak: Keycloak, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plexica.identity.sync.realm.MAX_SUBJECTS", 3)
    subjects = [keycloak.add_person(f"P{number}") for number in range(4)]
    assert keycloak.follow().is_all_due
    with tenant_scope(keycloak.tenant):
        resync_current()
    assert all(keycloak.row(subject) for subject in subjects)
    assert keycloak.follow().outcome == Outcome.IDLE


def test_sessions_end_with_the_account(keycloak: Keycloak) -> None:
    bo, dee = keycloak.add_person("Bo"), keycloak.add_person("Dee")
    keycloak.follow()
    with tenant_scope(keycloak.tenant):
        for subject in (bo, bo, dee):
            session = SessionStore()
            session[SESSION_KEY] = str(keycloak.known(subject).pk)
            session.create()
        assert Session.objects.count() == 3
        keycloak.change(bo, enabled=False)
        keycloak.follow()
        left = Session.objects.get()
        assert left.get_decoded()[SESSION_KEY] == str(keycloak.known(dee).pk)
        left.delete()


def test_people_are_their_subjects_and_not_their_addresses(
    keycloak: Keycloak, globex: Tenant
) -> None:
    """Somebody made anew under an old address is somebody else; so is who has it elsewhere."""
    bo = keycloak.add_person("Bo", email="bo@shared.example", username="bo@shared.example")
    keycloak.follow()
    elsewhere = Keycloak(globex)
    elsewhere.read_all()
    namesake = elsewhere.add_person("Bo", email="bo@shared.example", username="bo@shared.example")
    try:
        elsewhere.follow()
        keycloak.realm.delete_user(bo)
        again = keycloak.add_person("Bo", email="bo@shared.example", username="bo@shared.example")
        keycloak.follow()
        assert (keycloak.known(bo).is_active, keycloak.known(again).is_active) == (False, True)
        with tenant_scope(keycloak.tenant):
            assert get_person(reference="bo@shared.example") == keycloak.known(again)
        assert elsewhere.known(namesake).is_active
        assert elsewhere.row(bo) is None
    finally:
        elsewhere.clean()


def test_programs_are_nobody(keycloak: Keycloak) -> None:
    client = add_program(keycloak.realm, "robot")
    try:
        account = keycloak.call("GET", f"/clients/{client}/service-account-user").body["id"]
        keycloak.change(account, firstName="Robot")
        keycloak.follow()
        keycloak.read_all()
        assert keycloak.row(account) is None
    finally:
        keycloak.realm.delete_client(client)


def test_who_is_ahead_of_the_realm_is_left_alone(
    keycloak: Keycloak, monkeypatch: pytest.MonkeyPatch
) -> None:
    bo = keycloak.add_person("Bo")
    keycloak.follow()
    with tenant_scope(keycloak.tenant):
        User.objects.filter(subject=bo).update(is_active=False)
    keycloak.change(bo, firstName="Bob")
    with monkeypatch.context() as patch:
        patch.setattr(hooks, "_holds", [lambda people: people])
        keycloak.follow()
        assert not keycloak.known(bo).is_active
    keycloak.change(bo, enabled=False)
    keycloak.follow()
    assert keycloak.known(bo).first_name == "Bob"


@pytest.mark.parametrize(
    "column", [("identity_realmsync", "cursor"), ("identity_user", "removed_at")]
)
def test_a_tenant_that_waits_for_its_upgrade_waits_for_this_too(
    keycloak: Keycloak, column: tuple[str, str]
) -> None:
    bo = keycloak.add_person("Bo")
    behind = replace(scope_of(keycloak.tenant), missing=frozenset({column}))
    with enter_scope(behind):
        for look in (follow_realm, read_realm):
            assert look(source_of(keycloak.tenant)).outcome == Outcome.BEHIND
    assert keycloak.row(bo) is None
    keycloak.follow()
    assert keycloak.row(bo)
