"""All realms in turn: a broken one holds up nobody, and what was missed is made good."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from celery import current_app

from deploy.local import control
from plexica.core.jobs import TENANT_HEADER
from plexica.identity import tasks
from plexica.identity.keycloak.tokens import drop_tokens_of_realm
from plexica.identity.models import RealmSync
from plexica.identity.providers import MANAGEMENT_SECRET
from plexica.identity.sync import cycle
from plexica.identity.sync.cycle import follow_all, follow_tenant
from plexica.identity.sync.realm import Outcome
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tenants.secrets import get_secret, set_secret
from tests.conftest import Servers
from tests.integration.sync.conftest import Keycloak


@pytest.fixture
def broken(globex: Tenant) -> Iterator[Tenant]:
    """A tenant whose realm does not let Plexica in."""
    Keycloak(globex).read_all()
    secret = get_secret(tenant=globex, name=MANAGEMENT_SECRET)
    set_secret(tenant=globex, name=MANAGEMENT_SECRET, value="not the secret")
    yield globex
    set_secret(tenant=globex, name=MANAGEMENT_SECRET, value=secret)


def failure_of(tenant: Tenant) -> str:
    with tenant_scope(tenant):
        state = RealmSync.objects.get()
        assert bool(state.error) == (state.failing_since is not None)
        return state.error


def test_a_broken_realm_holds_up_nobody_and_is_noted_once(
    keycloak: Keycloak, broken: Tenant
) -> None:
    bo = keycloak.add_person("Bo")
    outcomes = follow_all()
    assert outcomes[Outcome.FOLLOWED] >= 1
    assert keycloak.row(bo)
    assert failure_of(broken) == "Keycloak does not accept Plexica's account."
    with tenant_scope(broken):
        since = RealmSync.objects.get().failing_since
        follow_all()
        assert RealmSync.objects.get().failing_since == since


def test_a_tenant_that_cannot_even_be_entered_holds_up_nobody(
    keycloak: Keycloak, globex: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Callable[..., Any] = cycle.follow_tenant

    def fail(tenant: Tenant) -> Any:
        if tenant == globex:
            raise ZeroDivisionError
        return real(tenant)

    monkeypatch.setattr(cycle, "follow_tenant", fail)
    bo = keycloak.add_person("Bo")
    follow_all()
    assert keycloak.row(bo)


def test_a_realm_that_works_again_says_so(keycloak: Keycloak) -> None:
    with tenant_scope(keycloak.tenant):
        cycle.note_failure("It was broken.")
    assert failure_of(keycloak.tenant)
    keycloak.follow()
    assert not failure_of(keycloak.tenant)


def test_a_realm_that_hangs_is_left_behind(
    keycloak: Keycloak, globex: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cycle ends in time; the next goes on with the others meanwhile."""
    go_on = threading.Event()
    real: Callable[..., Any] = cycle.follow_tenant

    def hang(tenant: Tenant) -> Any:
        if tenant == globex:
            go_on.wait(60)
        return real(tenant)

    monkeypatch.setattr(cycle, "follow_tenant", hang)
    bo = keycloak.add_person("Bo")
    try:
        follow_all(seconds=5)
        assert keycloak.row(bo)
        keycloak.change(bo, firstName="Bob")
        follow_all(seconds=5)
        assert keycloak.known(bo).first_name == "Bob"
    finally:
        go_on.set()


def test_only_tenants_that_are_served_are_looked_at(keycloak: Keycloak) -> None:
    bo = keycloak.add_person("Bo")
    tenants = Tenant.objects.filter(pk=keycloak.tenant.pk)
    tenants.update(state="SUSPENDED")
    try:
        follow_all()
        assert keycloak.row(bo) is None
    finally:
        tenants.update(state="ACTIVE")
    follow_all()
    assert keycloak.row(bo)


def test_a_first_look_asks_for_all_to_be_read(
    keycloak: Keycloak, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tenant_scope(keycloak.tenant):
        RealmSync.objects.all().delete()
    asked: list[str] = []
    monkeypatch.setattr(
        cycle, "send_resync", lambda: asked.append(str(cycle.current_scope().tenant_slug))
    )
    follow_all()
    assert keycloak.tenant.slug in asked


def test_the_schedule_and_its_tasks_do_it(keycloak: Keycloak) -> None:
    """What beat sends is there, and runs in the scope that a message names."""
    planned = {entry["task"] for entry in current_app.conf.beat_schedule.values()}
    assert {"identity.follow_realms", "identity.follow_platform_realm"} <= planned
    current_app.loader.import_default_modules()
    assert planned <= set(current_app.tasks)
    bo = keycloak.add_person("Bo")
    tasks.follow_realms.apply(throw=True)
    assert keycloak.row(bo)
    with tenant_scope(keycloak.tenant):
        RealmSync.objects.all().delete()
    tasks.resync_realm.apply(headers={TENANT_HEADER: keycloak.tenant.slug}, throw=True)
    assert keycloak.state().all_read_at
    tasks.follow_platform_realm.apply(throw=True)
    assert RealmSync.objects.get().all_read_at


def test_keycloak_may_be_away(servers: Servers, keycloak: Keycloak) -> None:
    """What was done before it went, and what is done when it is back, comes when it is back."""
    bo, dee = keycloak.add_person("Bo"), keycloak.add_person("Dee")
    keycloak.follow()
    keycloak.change(bo, enabled=False)
    control.stop_part(servers.instance, "keycloak")
    try:
        assert follow_tenant(keycloak.tenant) is None
        assert failure_of(keycloak.tenant)
        assert keycloak.known(bo).is_active
    finally:
        control.start_part(servers.instance, "keycloak")
    drop_tokens_of_realm(base_url=keycloak.realm.account.base_url, realm=keycloak.tenant.realm)
    keycloak.realm.delete_user(dee)
    follow_all()
    assert (keycloak.known(bo).is_active, keycloak.known(dee).removed_at is not None) == (
        False,
        True,
    )
    assert not failure_of(keycloak.tenant)
