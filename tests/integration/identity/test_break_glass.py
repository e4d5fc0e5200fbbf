"""Ways in for when the ordinary ones are gone, with the real Keycloak."""

import re
import uuid
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from plexica.audit.models import AuditEntry
from plexica.celery import app
from plexica.core.actor import Actor
from plexica.core.errors import InvalidInput, NotFound, PermanentError, TransientError
from plexica.core.scope import platform_scope
from plexica.identity.break_glass import (
    close_realm,
    close_realms_due,
    grant_super_admin,
    open_realm,
)
from plexica.identity.keycloak.errors import KeycloakForbidden
from plexica.identity.keycloak.master import MasterClient
from plexica.identity.realm_power import power_over
from tenants.models import RealmAccess, Tenant
from tests.conftest import Servers
from tests.integration.identity.browser import Browser, KeycloakSession, host_of
from tests.integration.identity.realms import new_tenant, tenant_with_realm

OPERATOR = Actor(kind="system", id="os:tess@machine", name="tess (commands)")


@pytest.fixture(scope="module")
def realm(platform: Servers) -> Iterator[Tenant]:
    with platform_scope(), tenant_with_realm() as made:
        yield made


@pytest.fixture
def tenant(realm: Tenant, master: MasterClient) -> Iterator[Tenant]:
    yield realm
    master.give_power_away(realm.realm)
    RealmAccess.objects.filter(tenant=realm).delete()


@pytest.fixture
def address(master: MasterClient) -> Iterator[str]:
    email = f"x{uuid.uuid4().hex[:8]}@example.com"
    yield email
    for person in master.call("GET", "/plexica/users", params={"email": email}).body:
        master.call("DELETE", f"/plexica/users/{person['id']}")


def audited(target: str) -> list[tuple[str, str]]:
    entries = AuditEntry.objects.filter(target=target, action__contains="_").order_by("at")
    return [(entry.action, entry.actor_id) for entry in entries]


def test_power_over_a_realm_is_given_and_ends_by_itself(
    tenant: Tenant, master: MasterClient
) -> None:
    until = open_realm(
        tenant=tenant, reason="Ticket 7", actor=OPERATOR, duration=timedelta(minutes=5)
    )
    assert master.get_realm(tenant.realm)["displayName"] == tenant.name
    assert timedelta(minutes=4) < until - timezone.now() <= timedelta(minutes=5)
    close_realms_due()
    assert master.count_powers(tenant.realm), "It is not over yet."
    RealmAccess.objects.filter(tenant=tenant).update(expires_at=timezone.now())
    close_realms_due()
    assert master.count_powers(tenant.realm) == 0
    with pytest.raises(KeycloakForbidden):
        master.get_realm(tenant.realm)
    assert not RealmAccess.objects.filter(tenant=tenant).exists()
    assert audited(f"tenant:{tenant.slug}") == [
        ("realm_access.requested", OPERATOR.id),
        ("realm_access.opened", OPERATOR.id),
        ("realm_access.closed", "system"),
    ]
    opened = AuditEntry.objects.get(target=f"tenant:{tenant.slug}", action="realm_access.opened")
    assert opened.after
    assert opened.after["reason"] == "Ticket 7"


def test_clock_closes_realms_where_the_secret_of_master_is() -> None:
    task = settings.CELERY_BEAT_SCHEDULE["close-realms"]["task"]
    app.loader.import_default_modules()
    assert task in app.tasks
    assert app.amqp.router.route({}, task)["queue"].name == "provisioning"


def test_closed_by_hand_and_opened_again(tenant: Tenant, master: MasterClient) -> None:
    for _ in range(2):
        open_realm(tenant=tenant, reason="Look", actor=OPERATOR)
        open_realm(tenant=tenant, reason="Look again", actor=OPERATOR)
        assert RealmAccess.objects.get(tenant=tenant).reason == "Look again"
        close_realm(tenant=tenant, actor=OPERATOR)
        assert master.count_powers(tenant.realm) == 0
        with pytest.raises(NotFound):
            close_realm(tenant=tenant, actor=OPERATOR)


def test_repair_from_outside_leaves_an_operator_their_power(
    tenant: Tenant, master: MasterClient
) -> None:
    open_realm(tenant=tenant, reason="Look", actor=OPERATOR)
    with power_over(tenant) as realm:
        assert realm.get_settings()["realm"] == tenant.realm
    assert master.count_powers(tenant.realm)
    close_realm(tenant=tenant, actor=OPERATOR)
    with power_over(tenant) as realm:
        assert realm.get_settings()["realm"] == tenant.realm
    assert master.count_powers(tenant.realm) == 0


def test_power_is_written_down_before_it_is_given(
    tenant: Tenant, master: MasterClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_power = MasterClient.take_power

    def take_and_fail(client: MasterClient, name: str) -> None:
        take_power(client, name)
        raise TransientError("The answer was lost.")

    with monkeypatch.context() as patch:
        patch.setattr(MasterClient, "take_power", take_and_fail)
        with pytest.raises(TransientError):
            open_realm(tenant=tenant, reason="Look", actor=OPERATOR)
    assert master.count_powers(tenant.realm)
    assert audited(f"tenant:{tenant.slug}")[-1] == ("realm_access.requested", OPERATOR.id)
    RealmAccess.objects.filter(tenant=tenant).update(expires_at=timezone.now())
    close_realms_due()
    assert master.count_powers(tenant.realm) == 0


def test_one_that_cannot_be_closed_does_not_stop_the_others(
    tenant: Tenant, master: MasterClient, settings: Settings
) -> None:
    unreachable = new_tenant(keycloak="elsewhere")
    server = settings.KEYCLOAK_SERVERS["default"]
    from dataclasses import replace  # noqa: PLC0415 (only here)

    settings.KEYCLOAK_SERVERS = {
        "default": server, "elsewhere": replace(server, internal_url="http://127.0.0.1:9"),
    }  # fmt: skip
    try:
        RealmAccess.objects.create(
            tenant=unreachable, opened_by="x", reason="y",
            expires_at=timezone.now() - timedelta(hours=1),
        )  # fmt: skip
        open_realm(tenant=tenant, reason="Look", actor=OPERATOR)
        RealmAccess.objects.filter(tenant=tenant).update(expires_at=timezone.now())
        close_realms_due()
        assert master.count_powers(tenant.realm) == 0
        assert RealmAccess.objects.filter(tenant=unreachable).exists(), "It is tried again."
    finally:
        unreachable.delete()


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
def test_nothing_is_given_without_a_reason(
    tenant: Tenant, master: MasterClient, reason: str
) -> None:
    with pytest.raises(InvalidInput):
        open_realm(tenant=tenant, reason=reason, actor=OPERATOR)
    with pytest.raises(InvalidInput):
        grant_super_admin(email="eve@example.com", reason=reason, actor=OPERATOR)
    assert master.count_powers(tenant.realm) == 0
    assert not master.call("GET", "/plexica/users", params={"email": "eve@example.com"}).body


@pytest.mark.parametrize("minutes", [0, -5, 481])
def test_time_is_bounded(tenant: Tenant, minutes: int) -> None:
    with pytest.raises(InvalidInput):
        open_realm(
            tenant=tenant, reason="Look", actor=OPERATOR, duration=timedelta(minutes=minutes)
        )


def test_realm_that_plexica_did_not_make_is_not_opened(platform: Servers) -> None:
    other = new_tenant()
    try:
        with pytest.raises(PermanentError):
            open_realm(tenant=other, reason="Look", actor=OPERATOR)
    finally:
        other.delete()


def test_commands_give_and_take_the_power(tenant: Tenant, master: MasterClient) -> None:
    said = StringIO()
    call_command("break_glass", "realm", tenant.slug, "--reason", "Ticket 8", stdout=said)
    assert master.count_powers(tenant.realm)
    assert tenant.realm in said.getvalue()
    call_command("break_glass", "close-realm", tenant.slug, stdout=said)
    assert master.count_powers(tenant.realm) == 0
    action, actor = audited(f"tenant:{tenant.slug}")[-1]
    assert action == "realm_access.closed"
    assert actor.startswith("os:")
    for arguments in (
        ["close-realm", tenant.slug], ["realm", "no-such", "--reason", "x"],
        ["realm", tenant.slug, "--reason", " "], ["realm", tenant.slug],
        ["super-admin", "nobody", "--reason", "x"], [],
    ):  # fmt: skip
        with pytest.raises(CommandError):
            call_command("break_glass", *arguments, stdout=said)


def log_in(email: str, password: str) -> tuple[str, str]:
    """Return the page after a login to the console, and the address it is at."""
    browser = Browser(host_of(settings.PLEXICA_CONSOLE_URL))
    session: KeycloakSession = browser.keycloak
    page = session.get(browser.begin(), timeout=30)
    form = re.search(r'<form[^>]*action="([^"]+)"', page.text)
    assert form
    import html  # noqa: PLC0415 (only here)

    answer = session.post(
        html.unescape(form.group(1)),
        data={"username": email, "password": password, "credentialId": ""},
        timeout=30, allow_redirects=False,
    )  # fmt: skip
    where = answer.headers.get("Location", "")
    return (session.get(where, timeout=30).text if "/realms/" in where else answer.text), where


def test_new_super_admin_logs_in_with_a_password_that_is_good_once(
    address: str, master: MasterClient
) -> None:
    said = StringIO()
    call_command(
        "break_glass", "super-admin", address.upper(), "--reason", "Locked out", stdout=said
    )
    found = re.search(r"asks for another: (\S+)", said.getvalue())
    assert found
    password = found.group(1)
    page, where = log_in(address, password)
    assert "UPDATE_PASSWORD" in where
    assert "password-new" in page
    (person,) = master.call("GET", "/plexica/users", params={"email": address}).body
    admins = master.call("GET", "/plexica/roles/super-admin/users").body
    assert person["id"] in {admin["id"] for admin in admins}
    entries = AuditEntry.objects.filter(target=f"super_admin:{address}").order_by("at")
    assert [entry.action for entry in entries] == ["super_admin.requested", "super_admin.granted"]
    assert all(entry.after["reason"] == "Locked out" for entry in entries if entry.after)
    assert all(entry.after for entry in entries)
    assert password not in repr([(entry.before, entry.after) for entry in entries])


def test_person_who_is_there_keeps_their_password_unless_asked(
    address: str, master: MasterClient
) -> None:
    made = master.call(
        "POST", "/plexica/users",
        body={"username": address, "email": address, "enabled": False,
              "credentials": [{"type": "password", "value": "their own password"}]},
    )  # fmt: skip
    appointed = grant_super_admin(email=address, reason="Promoted", actor=OPERATOR)
    assert (appointed.is_new, appointed.password) == (False, None)
    assert host_of(log_in(address, "their own password")[1]) == host_of(
        settings.PLEXICA_CONSOLE_URL
    )
    roles = master.call("GET", f"/plexica/users/{made.created_id}/role-mappings/realm").body
    assert "super-admin" in {role["name"] for role in roles}
    again = grant_super_admin(email=address, reason="Forgot it", actor=OPERATOR, new_password=True)
    assert again.password
    assert "UPDATE_PASSWORD" in log_in(address, again.password)[1]
    assert again.password not in repr(again)
