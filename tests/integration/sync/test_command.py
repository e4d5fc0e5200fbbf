"""`manage.py user sync`: everybody is read, whatever events say."""

import json
import uuid
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from plexica.identity.keycloak.errors import KeycloakNotFound
from plexica.identity.keycloak.following import find_person
from plexica.identity.keycloak.realm import RealmClient
from plexica.identity.models import User
from plexica.identity.sync.cycle import platform_source
from plexica.settings.servers import KeycloakServer
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.integration.sync.conftest import Keycloak


def sync(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Run the command as a shell would, and return its exit code and what it printed."""
    capsys.readouterr()
    code = 0
    try:
        call_command("user", "sync", *words)
    except SystemExit as end:
        code = int(end.code or 0)
    return code, capsys.readouterr().out


def report(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    code, out = sync(capsys, *words, "--json")
    assert code == 0, out
    return json.loads(out)


def realm_of(document: Any, name: str) -> Any:
    return next(row for row in document["realms"] if row["realm"] == name)


def test_everything_that_differs_is_brought_in_line(
    keycloak: Keycloak, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plexica.identity.keycloak.following.PEOPLE_PAGE", 2)
    slug = keycloak.tenant.slug
    subjects = [keycloak.add_person(f"P{number}") for number in range(5)]
    keycloak.follow()
    issuer = keycloak.known(subjects[0]).issuer
    keycloak.add_person("New")
    with tenant_scope(keycloak.tenant):
        User.objects.filter(subject=subjects[0]).update(first_name="Wrong", is_active=False)
        ghost = User.objects.create(issuer=issuer, subject=str(uuid.uuid4()), email="g@x.example")
        stranger = User.objects.create(issuer="http://elsewhere", subject=str(uuid.uuid4()))
    row = realm_of(report(capsys, slug, "--dry-run"), slug)
    assert (row["made"], row["changed"], keycloak.known(subjects[0]).first_name) == (1, 2, "Wrong")
    row = realm_of(report(capsys, slug), slug)
    # Pat, the owner, is there besides.
    assert (row["people"], row["made"], row["changed"]) == (7, 1, 2)
    assert keycloak.known(subjects[0]).first_name == "P0"
    assert keycloak.known(subjects[0]).is_active
    assert keycloak.known(ghost.subject).removed_at
    with tenant_scope(keycloak.tenant):
        stranger.refresh_from_db()
        assert stranger.is_active
        stranger.delete()
        ghost.delete()
    # One that is known again, as after a restored backup.
    with tenant_scope(keycloak.tenant):
        User.objects.filter(subject=subjects[1]).update(removed_at=timezone.now(), is_active=False)
    row = realm_of(report(capsys, slug), slug)
    assert (row["made"], row["changed"]) == (0, 1)
    again = keycloak.known(subjects[1])
    assert (again.is_active, again.removed_at) == (True, None)
    assert keycloak.actions(again)[-1] == "Keycloak: user.restored"
    row = realm_of(report(capsys, slug), slug)
    assert (row["made"], row["changed"]) == (0, 0)
    code, out = sync(capsys, slug)
    assert (code, out.startswith(f"{slug}: 7 people, 0 new, 0 changed")) == (0, True)


def test_all_are_read_and_one_that_fails_is_told(
    keycloak: Keycloak, globex: Tenant, capsys: pytest.CaptureFixture[str]
) -> None:
    Tenant.objects.filter(pk=globex.pk).update(realm="nowhere-at-all")
    try:
        code, out = sync(capsys, "--all", "--json")
    finally:
        Tenant.objects.filter(pk=globex.pk).update(realm=globex.realm)
    document = json.loads(out)
    assert (code, document["is_complete"]) == (1, False)
    assert realm_of(document, "globex")["error"]
    assert not realm_of(document, keycloak.tenant.slug)["error"]
    assert not realm_of(document, "the platform")["error"]


@pytest.mark.parametrize(
    ("words", "code"),
    [((), 2), (("acme", "--all"), 2), (("no-such-tenant",), 3)],
)
def test_what_makes_no_sense_is_refused(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: int
) -> None:
    assert sync(capsys, *words)[0] == code


def test_the_platforms_realm_needs_an_account(
    capsys: pytest.CaptureFixture[str], settings: Settings
) -> None:
    server = settings.KEYCLOAK_SERVERS["default"]
    settings.KEYCLOAK_SERVERS = {
        "default": KeycloakServer(public_url=server.public_url, internal_url=server.internal_url)
    }
    assert sync(capsys, "--platform")[0] == 4


def test_a_suspended_tenant_can_be_read(
    keycloak: Keycloak, capsys: pytest.CaptureFixture[str]
) -> None:
    tenants = Tenant.objects.filter(pk=keycloak.tenant.pk)
    tenants.update(state="FAILED")
    try:
        assert sync(capsys, keycloak.tenant.slug)[0] == 4
        tenants.update(state="SUSPENDED")
        assert sync(capsys, keycloak.tenant.slug)[0] == 0
    finally:
        tenants.update(state="ACTIVE")


def test_a_realm_that_is_gone_takes_nobody_along(keycloak: Keycloak) -> None:
    """A realm that does not know somebody is another thing than a realm that is not there."""
    source = platform_source()
    lost = RealmClient(source.realm.account, realm="nowhere-at-all")
    assert find_person(keycloak.realm, str(uuid.uuid4())) is None
    with pytest.raises(KeycloakNotFound):
        find_person(lost, str(uuid.uuid4()))
