"""A tenant's limits of sessions: changed here, told to the real Keycloak, compared and repaired."""

from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.utils import timezone

from plexica.audit.models import AuditEntry
from plexica.core.actor import SYSTEM
from plexica.core.errors import InvalidInput, TransientError
from plexica.events.models import OutboxMessage
from plexica.events.services import deliver_pending
from plexica.identity.keycloak.master import master_client
from plexica.identity.keycloak.realm import realm_client
from plexica.identity.providers import CONSOLE_CLIENT, WORKSPACE_CLIENT
from plexica.identity.realm_part import RealmPart
from plexica.identity.realm_settings import tell_realm_of_settings
from tenants.models import Tenant
from tenants.services import update_tenant
from tenants.states import TenantState
from tests.integration.identity.logins import keycloak_at

NAMES = ("ssoSessionIdleTimeout", "ssoSessionMaxLifespan")


@pytest.fixture(autouse=True)
def _defaults(tenant: Tenant) -> Iterator[None]:
    while deliver_pending():
        pass
    yield
    OutboxMessage.objects.filter(delivered_at=None).delete()
    tenant.refresh_from_db()
    change(tenant, 30, 600)
    deliver_pending()


def change(tenant: Tenant, idle: int | None = None, longest: int | None = None) -> None:
    tenant.refresh_from_db()
    update_tenant(
        tenant=tenant, actor=SYSTEM, session_idle_minutes=idle, session_max_minutes=longest
    )


def in_realm(tenant: Tenant) -> tuple[int, ...]:
    found = realm_client(tenant).get_settings()
    return tuple(found[name] for name in NAMES)


def test_a_change_reaches_the_realm_after_the_commit_and_is_audited(tenant: Tenant) -> None:
    assert in_realm(tenant) == (1800, 36000)
    change(tenant, 15, 120)
    entry = AuditEntry.objects.filter(target=f"tenant:{tenant.slug}").latest("at")
    assert entry.before == {"session_idle_minutes": 30, "session_max_minutes": 600}
    assert entry.after == {"session_idle_minutes": 15, "session_max_minutes": 120}
    assert in_realm(tenant) == (1800, 36000)
    deliver_pending()
    assert in_realm(tenant) == (900, 7200)
    assert RealmPart().inspect(tenant) == []


def test_it_is_told_again_until_keycloak_has_heard(tenant: Tenant) -> None:
    with keycloak_at("http://127.0.0.1:9"):
        change(tenant, 20)
        deliver_pending()
    assert in_realm(tenant) == (1800, 36000)
    OutboxMessage.objects.update(next_attempt_at=timezone.now())
    deliver_pending()
    assert in_realm(tenant) == (1200, 36000)
    tell_realm_of_settings({"tenant": tenant.slug, "changed": ["session_idle_minutes"]})
    assert in_realm(tenant) == (1200, 36000)


def test_other_changes_do_not_ask_keycloak(tenant: Tenant) -> None:
    with keycloak_at("http://127.0.0.1:9"):
        tell_realm_of_settings({"tenant": tenant.slug, "changed": ["contact_email"]})
        with pytest.raises(TransientError):
            tell_realm_of_settings({"tenant": tenant.slug, "changed": ["session_max_minutes"]})


def test_what_was_changed_in_the_realm_is_found_and_set_again(tenant: Tenant) -> None:
    change(tenant, 15, 120)
    deliver_pending()
    realm_client(tenant).update_settings({"ssoSessionIdleTimeout": 99, "displayName": tenant.name})
    part = RealmPart()
    findings = part.inspect(tenant)
    assert [finding.what for finding in findings] == ["setting ssoSessionIdleTimeout"]
    part.repair(tenant, findings)
    assert in_realm(tenant) == (900, 7200)


def test_limits_of_its_own_do_not_make_a_tenant_look_behind(tenant: Tenant) -> None:
    before = RealmPart().present_digest()
    change(tenant, 15, 120)
    assert RealmPart().present_digest() == before


@pytest.mark.parametrize("state", [TenantState.FAILED, TenantState.DELETED])
def test_a_realm_that_is_not_there_is_told_nothing(tenant: Tenant, state: TenantState) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(state=state)
    try:
        with keycloak_at("http://127.0.0.1:9"):
            tell_realm_of_settings({"tenant": tenant.slug, "changed": ["session_idle_minutes"]})
            tell_realm_of_settings({"tenant": "nobody", "changed": ["session_idle_minutes"]})
    finally:
        Tenant.objects.filter(pk=tenant.pk).update(state=TenantState.ACTIVE)


def test_a_tenant_in_the_making_is_told_when_it_is_made(tenant: Tenant) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(state=TenantState.PROVISIONING)
    try:
        with pytest.raises(TransientError):
            tell_realm_of_settings({"tenant": tenant.slug, "changed": ["session_idle_minutes"]})
    finally:
        Tenant.objects.filter(pk=tenant.pk).update(state=TenantState.ACTIVE)


@pytest.mark.parametrize(
    ("idle", "longest", "field"),
    [
        (4, None, "session_idle_minutes"),
        (721, 1440, "session_idle_minutes"),
        (None, 29, "session_max_minutes"),
        (None, 1441, "session_max_minutes"),
        (601, None, "session_idle_minutes"),
        (120, 60, "session_idle_minutes"),
    ],
)
def test_what_makes_no_sense_is_refused(
    tenant: Tenant, idle: int | None, longest: int | None, field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        change(tenant, idle, longest)
    assert list(caught.value.fields) == [field]
    tenant.refresh_from_db()
    assert (tenant.session_idle_minutes, tenant.session_max_minutes) == (30, 600)


def test_a_realm_of_the_version_before_learns_where_plexica_listens(tenant: Tenant) -> None:
    realm = realm_client(tenant)
    client = realm.find_client(WORKSPACE_CLIENT)
    assert client
    names = ("backchannel.logout.url", "backchannel.logout.session.required")
    wanted = {name: client["attributes"][name] for name in names}
    realm.update_client({
        "id": client["id"], "clientId": WORKSPACE_CLIENT, "attributes": dict.fromkeys(names, ""),
    })  # fmt: skip
    part = RealmPart()
    assert [finding.what for finding in part.inspect(tenant)] == [f"client {WORKSPACE_CLIENT}"]
    part.upgrade(tenant)
    assert part.inspect(tenant) == []
    mended = realm.find_client(WORKSPACE_CLIENT)
    assert mended
    assert wanted.items() <= mended["attributes"].items()


def test_the_console_learns_it_when_it_is_prepared_again() -> None:
    master = master_client("default")
    found = master.call("GET", "/plexica/clients", params={"clientId": CONSOLE_CLIENT}).body[0]
    address = found["attributes"]["backchannel.logout.url"]
    master.call(
        "PUT",
        f"/plexica/clients/{found['id']}",
        body=found | {"attributes": {**found["attributes"], "backchannel.logout.url": ""}},
    )
    call_command("prepare_keycloak", verbosity=0)
    again = master.call("GET", "/plexica/clients", params={"clientId": CONSOLE_CLIENT}).body[0]
    assert again["attributes"]["backchannel.logout.url"] == address
