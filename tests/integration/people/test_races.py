"""Changes of one person at the same time, and of all owners."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import copy_context
from threading import Barrier, BrokenBarrierError

import pytest
from django.db import connection

from plexica.core.actor import SYSTEM
from plexica.identity.keycloak.realm import RealmClient
from plexica.identity.models import User
from plexica.identity.realm_changes import Outcome
from plexica.rbac.authority import LastOwner, keeping_an_owner
from plexica.rbac.models import RoleAssignment
from plexica.rbac.people import (
    Invitee,
    disable_person,
    enable_person,
    invite_people,
    remove_person,
    rename_person,
)
from plexica.rbac.services import assign_role, withdraw_role
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.integration.people.conftest import (
    Comes,
    Invite,
    forget,
    in_realm,
    in_row,
    is_enabled,
    new_address,
    settle,
    waiting,
)

Meanwhile = Callable[[Callable[[], None]], None]
pytestmark = pytest.mark.usefixtures("ada")


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """Have something happen while the realm is being told, once, after it was told."""
    real = RealmClient.update_user

    def arrange(act: Callable[[], None]) -> None:
        left = [act]

        def told(self: RealmClient, subject: str, representation: dict[str, object]) -> None:
            real(self, subject, representation)
            if left:
                left.pop()()

        monkeypatch.setattr(RealmClient, "update_user", told)

    return arrange


def test_of_two_changes_at_once_the_later_one_stands(
    acme: Tenant, comes: Comes, meanwhile: Meanwhile
) -> None:
    user, _browser = comes()
    with tenant_scope(acme):
        disable_person(tenant=acme, user=user, actor=SYSTEM)
    outcomes = []

    def disable_again() -> None:
        with tenant_scope(acme):
            outcomes.append(disable_person(tenant=acme, user=user, actor=SYSTEM))

    meanwhile(disable_again)
    with tenant_scope(acme):
        enable_person(tenant=acme, user=user, actor=SYSTEM)
    assert outcomes == [Outcome.HELD]
    assert waiting(acme, user) is None, "Who was telling the realm has told it the rest."
    assert is_enabled(acme, user) is False
    assert not in_row(acme, user).is_active, "They were never let in between."


def test_many_workers_at_once_agree(acme: Tenant, comes: Comes) -> None:
    user, _browser = comes()

    def act(number: int) -> None:
        try:
            with tenant_scope(acme):
                if number % 3 == 2:
                    rename_person(
                        tenant=acme,
                        user=user,
                        first_name=f"N{number}",
                        last_name="",
                        actor=SYSTEM,
                    )
                elif number % 3:
                    enable_person(tenant=acme, user=user, actor=SYSTEM)
                else:
                    disable_person(tenant=acme, user=user, actor=SYSTEM)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        for done in [pool.submit(copy_context().run, act, number) for number in range(18)]:
            done.result()
    settle(acme)
    assert waiting(acme, user) is None
    row, known = in_row(acme, user), in_realm(acme, user)
    assert known is not None
    assert (row.is_active, row.first_name) == (known["enabled"], known["firstName"])


def test_the_last_owner_stays(acme: Tenant, comes: Comes) -> None:
    olga, _browser = comes("owner", name="olga")
    with tenant_scope(acme):
        others = RoleAssignment.objects.filter(role__key="owner").exclude(user=olga)
        kept = list(others)
        others.delete()
        try:
            for act in (disable_person, remove_person):
                with pytest.raises(LastOwner):
                    act(tenant=acme, user=olga, actor=SYSTEM)
            row = in_row(acme, olga)
            assert (row.is_active, row.removed_at) == (True, None)
        finally:
            RoleAssignment.objects.bulk_create(kept)


def test_who_is_no_owner_is_shut_out_though_nobody_owns_the_tenant(
    acme: Tenant, comes: Comes
) -> None:
    bo, _browser = comes("member", name="bo")
    with tenant_scope(acme):
        owners = RoleAssignment.objects.filter(role__key="owner")
        kept = list(owners)
        owners.delete()
        try:
            withdraw_role(holder=bo, role="member", actor=SYSTEM)
            disable_person(tenant=acme, user=bo, actor=SYSTEM)
            assert not in_row(acme, bo).is_active
            remove_person(tenant=acme, user=bo, actor=SYSTEM)
            assert in_row(acme, bo).removed_at is not None
        finally:
            RoleAssignment.objects.bulk_create(kept)


def test_two_owners_do_not_remove_each_other(
    acme: Tenant, comes: Comes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each looks whether an owner is left when the other one has gone, as far as they let it."""
    both = Barrier(2, timeout=1)

    @contextmanager
    def keep_together() -> Iterator[None]:
        with keeping_an_owner():
            yield
            with suppress(BrokenBarrierError):
                both.wait()

    monkeypatch.setattr("plexica.rbac.people.keeping_an_owner", keep_together)
    olga, pia = comes("owner", name="olga")[0], comes("owner", name="pia")[0]
    with tenant_scope(acme):
        others = RoleAssignment.objects.filter(role__key="owner").exclude(user__in=[olga, pia])
        kept = list(others)
        others.delete()

    def act(user: User) -> bool:
        try:
            with tenant_scope(acme):
                remove_person(tenant=acme, user=user, actor=SYSTEM)
        except LastOwner:
            return False
        else:
            return True
        finally:
            connection.close()

    try:
        with ThreadPoolExecutor(2) as pool:
            jobs = [pool.submit(copy_context().run, act, user) for user in (olga, pia)]
            assert sorted(job.result() for job in jobs) == [False, True]
    finally:
        with tenant_scope(acme):
            RoleAssignment.objects.bulk_create(kept)


def test_a_removed_person_gets_nothing_any_more(acme: Tenant, invite: Invite) -> None:
    user = invite("viewer")
    with tenant_scope(acme):
        remove_person(tenant=acme, user=user, actor=SYSTEM)
        assign_role(holder=user, role="owner", actor=SYSTEM)
        assert not User.objects.get(pk=user.pk).has_perm("core:dashboard:view")


def test_who_is_made_twice_at_once_is_there_once(
    acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process, whose claim had ended, makes the person just before this one does."""
    real = RealmClient.import_user

    def be_second(self: RealmClient, representation: dict[str, object]) -> None:
        real(self, representation)
        real(self, representation)

    monkeypatch.setattr(RealmClient, "import_user", be_second)
    with tenant_scope(acme):
        [done] = invite_people(
            tenant=acme, invitees=[Invitee(new_address())], roles=[], actor=SYSTEM
        )
    assert (done.outcome, done.reason) == (Outcome.DONE, "")
    assert done.user is not None
    forget(acme, done.user)
