"""The realm step against the real Keycloak: done, repeated, cut off, taken back."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import requests
from django.conf import settings
from pytest_django import Settings

from plexica.core.errors import PermanentError, TransientError
from plexica.identity.keycloak.errors import KeycloakForbidden, KeycloakUnauthorized
from plexica.identity.keycloak.master import MasterClient
from plexica.identity.keycloak.realm import realm_client
from plexica.identity.keycloak.tokens import drop_tokens_of_realm, get_token
from plexica.identity.providers import MANAGEMENT_SECRET, WORKSPACE_SECRET
from plexica.identity.provisioning import Realm
from plexica.identity.realm_representation import realm_digest, tenant_realm
from tenants.models import Tenant, TenantSecret
from tenants.secrets import delete_secrets, ensure_secret
from tests.integration.identity.realms import new_tenant

STEP = Realm()


@pytest.fixture
def tenant() -> Iterator[Tenant]:
    made = new_tenant()
    yield made
    STEP.undo(made)
    made.delete()


def forget_tokens(tenant: Tenant) -> None:
    drop_tokens_of_realm(
        base_url=settings.KEYCLOAK_SERVERS["default"].internal_url, realm=tenant.realm
    )


def nothing_is_left(tenant: Tenant, master: MasterClient) -> bool:
    clients = [f"{tenant.realm}-realm", f"plexica-spare-{tenant.realm}"]
    found = [
        master.call("GET", "/master/clients", params={"clientId": name}).body for name in clients
    ]
    return (
        not master.exists(tenant.realm)
        and found == [[], []]
        and not TenantSecret.objects.filter(tenant=tenant).exists()
    )


def test_realm_is_as_it_should_be(tenant: Tenant) -> None:
    STEP.do(tenant)
    realm = realm_client(tenant)
    found = realm.get_settings()
    assert found["displayName"] == tenant.name
    assert found["attributes"]["plexica.tenant"] == str(tenant.id)
    assert found["bruteForceProtected"]
    assert not found["registrationAllowed"]
    assert found["loginWithEmailAllowed"]
    assert found["eventsEnabled"]
    assert found["adminEventsEnabled"]
    lifetimes = ("accessTokenLifespan", "ssoSessionIdleTimeout", "ssoSessionMaxLifespan")
    assert [found[name] for name in lifetimes] == [300, 1800, 36000]
    assert found["smtpServer"]["host"] == settings.EMAIL_HOST
    client = realm.find_client("plexica-workspace")
    assert client is not None
    assert set(client["redirectUris"]) == {
        f"{tenant.workspace_url}/oidc/callback/", f"{tenant.workspace_url}/",
    }  # fmt: skip
    assert client["attributes"]["pkce.code.challenge.method"] == "S256"
    assert not client["directAccessGrantsEnabled"]
    assert not client["publicClient"]


def test_login_without_pkce_is_refused(tenant: Tenant) -> None:
    STEP.do(tenant)
    server = settings.KEYCLOAK_SERVERS["default"]
    answer = requests.get(
        f"{server.public_url}/realms/{tenant.realm}/protocol/openid-connect/auth",
        params={
            "client_id": "plexica-workspace", "response_type": "code", "scope": "openid",
            "redirect_uri": f"{tenant.workspace_url}/oidc/callback/",
        },
        timeout=30, allow_redirects=False,
    )  # fmt: skip
    assert "error=invalid_request" in answer.headers["Location"]


def test_administrator_of_master_keeps_no_power(tenant: Tenant, master: MasterClient) -> None:
    STEP.do(tenant)
    assert master.count_powers(tenant.realm) == 0
    with pytest.raises(KeycloakForbidden):
        master.get_realm(tenant.realm)


def test_account_of_a_realm_reaches_no_other_and_rises_no_higher(
    tenant: Tenant, master: MasterClient
) -> None:
    STEP.do(tenant)
    realm = realm_client(tenant)
    for other in ("master", "plexica"):
        with pytest.raises(KeycloakForbidden):
            realm.call("GET", f"/{other}/users")
    management = realm.find_client("realm-management")
    assert management is not None
    role = realm.call("GET", f"/{tenant.realm}/clients/{management['id']}/roles/realm-admin").body
    ours = realm.find_client("plexica-management")
    assert ours is not None
    user = realm.call("GET", f"/{tenant.realm}/clients/{ours['id']}/service-account-user").body
    with pytest.raises(KeycloakForbidden):
        realm.call(
            "POST",
            f"/{tenant.realm}/users/{user['id']}/role-mappings/clients/{management['id']}",
            body=[role],
        )


def test_digest_tells_whether_there_is_a_realm(tenant: Tenant) -> None:
    STEP.do(tenant)
    assert Tenant.objects.get(pk=tenant.pk).realm_digest == realm_digest()
    STEP.undo(tenant)
    assert Tenant.objects.get(pk=tenant.pk).realm_digest == ""


def test_done_again_changes_nothing(tenant: Tenant) -> None:
    STEP.do(tenant)
    before = realm_client(tenant).get_settings()["id"]
    STEP.do(tenant)
    assert realm_client(tenant).get_settings()["id"] == before


def test_lost_answer_is_taken_up(tenant: Tenant, master: MasterClient) -> None:
    master.create_realm(
        tenant_realm(
            tenant,
            workspace_secret=ensure_secret(tenant=tenant, name="realm.workspace_client"),
            management_secret=ensure_secret(tenant=tenant, name="realm.management_client"),
            login_theme=None,
        )
    )
    STEP.do(tenant)
    assert master.count_powers(tenant.realm) == 0


@pytest.mark.parametrize("next_act", ["do", "undo"])
def test_cut_off_before_power_is_given_away(
    tenant: Tenant, master: MasterClient, monkeypatch: pytest.MonkeyPatch, next_act: str
) -> None:
    def fail(_master: MasterClient, _realm: str) -> None:
        raise TransientError("cut off")

    with monkeypatch.context() as patch:
        patch.setattr(MasterClient, "give_power_away", fail)
        with pytest.raises(TransientError):
            STEP.do(tenant)
    getattr(STEP, next_act)(tenant)
    if next_act == "do":
        assert master.count_powers(tenant.realm) == 0
    else:
        assert nothing_is_left(tenant, master)


def test_undone_after_never_done_and_twice(tenant: Tenant, master: MasterClient) -> None:
    STEP.undo(tenant)
    STEP.do(tenant)
    STEP.undo(tenant)
    assert nothing_is_left(tenant, master)
    STEP.undo(tenant)
    assert nothing_is_left(tenant, master)


def test_done_again_after_undone(tenant: Tenant) -> None:
    STEP.do(tenant)
    STEP.undo(tenant)
    STEP.do(tenant)
    assert realm_client(tenant).get_settings()["realm"] == tenant.realm


@pytest.mark.parametrize("has_power", [True, False])
def test_realm_of_somebody_else_is_left_alone(
    tenant: Tenant, master: MasterClient, *, has_power: bool
) -> None:
    master.create_realm({"realm": tenant.realm, "enabled": True, "displayName": "Foreign"})
    if not has_power:
        master.give_power_away(tenant.realm)
    with pytest.raises(PermanentError, match="somebody else"):
        STEP.do(tenant)
    STEP.undo(tenant)
    assert master.exists(tenant.realm)
    assert (master.count_powers(tenant.realm) > 0) is has_power
    if not has_power:
        master.take_power(tenant.realm)
    master.delete_realm(tenant.realm)


@pytest.mark.parametrize("next_act", ["do", "undo"])
def test_realm_whose_secrets_are_lost(tenant: Tenant, master: MasterClient, next_act: str) -> None:
    STEP.do(tenant)
    delete_secrets(tenant=tenant, names=(MANAGEMENT_SECRET, WORKSPACE_SECRET))
    getattr(STEP, next_act)(tenant)
    if next_act == "do":
        assert realm_client(tenant).get_settings()["realm"] == tenant.realm
    else:
        assert nothing_is_left(tenant, master)


@pytest.mark.parametrize("damage", ["client", "realm"])
def test_realm_whose_account_does_not_work_is_undone(
    tenant: Tenant, master: MasterClient, damage: str
) -> None:
    STEP.do(tenant)
    realm = realm_client(tenant)
    if damage == "client":
        client = realm.find_client("plexica-management")
        assert client is not None
        realm.update_client(client | {"enabled": False})
    else:
        realm.call("PUT", f"/{tenant.realm}", body={"enabled": False})
    forget_tokens(tenant)
    STEP.undo(tenant)
    assert nothing_is_left(tenant, master)


def test_wrong_secret_is_told_from_a_server_that_is_down(
    tenant: Tenant, settings: Settings
) -> None:
    STEP.do(tenant)
    account = realm_client(tenant).account
    with pytest.raises(KeycloakUnauthorized):
        get_token(replace(account, client_secret="wrong"))
    server = settings.KEYCLOAK_SERVERS["default"]
    settings.KEYCLOAK_SERVERS = {"default": replace(server, internal_url="http://127.0.0.1:9")}
    for act in (STEP.do, STEP.undo):
        with pytest.raises(TransientError):
            act(tenant)
    settings.KEYCLOAK_SERVERS = {"default": server}


def test_errors_tell_no_secrets(tenant: Tenant) -> None:
    account = replace(realm_client_of_nothing(tenant), client_secret="very secret")
    assert "very secret" not in repr(account)
    with pytest.raises(PermanentError) as error:
        get_token(account)
    assert "very secret" not in f"{error.value!r} {error.value.__cause__!r}"


def realm_client_of_nothing(tenant: Tenant) -> object:
    ensure_secret(tenant=tenant, name="realm.management_client")
    return realm_client(tenant).account
