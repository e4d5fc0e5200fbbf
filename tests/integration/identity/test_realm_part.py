"""A realm compared with what it should be and mended, in the real Keycloak."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import Settings

from plexica.identity.access import Access
from plexica.identity.keycloak.master import MasterClient
from plexica.identity.keycloak.realm import RealmClient, realm_client
from plexica.identity.providers import MANAGEMENT_SECRET, WORKSPACE_CLIENT, WORKSPACE_SECRET
from plexica.identity.realm_part import RealmPart
from plexica.identity.realm_power import power_over
from tenants.models import Tenant, TenantSecret
from tenants.parts import Difference
from tenants.secrets import delete_secrets, get_secret, set_secret
from tenants.states import TenantState
from tests.integration.identity.realms import PROGRAM_SECRET, ask_token, names

pytestmark = pytest.mark.usefixtures("_realm_stays_whole")

PART = RealmPart()


def change_client(realm: RealmClient, client_id: str, **values: Any) -> None:
    client = realm.find_client(client_id)
    assert client
    realm.update_client({"id": client["id"], "clientId": client_id, **values})


def delete_client(realm: RealmClient, client_id: str) -> None:
    client = realm.find_client(client_id)
    assert client
    realm.call("DELETE", f"/{realm.realm}/clients/{client['id']}")


def break_mapper(realm: RealmClient) -> None:
    client = realm.find_client(WORKSPACE_CLIENT)
    assert client
    mapper = {
        "name": "sneaky", "protocol": "openid-connect",
        "protocolMapper": "oidc-hardcoded-role-mapper", "config": {"role": "tenant-owner"},
    }  # fmt: skip
    change_client(realm, WORKSPACE_CLIENT, protocolMappers=[*client["protocolMappers"][:1], mapper])


def break_profile(realm: RealmClient) -> None:
    profile = realm.get_user_profile()
    for attribute in profile["attributes"]:
        if attribute["name"] == "lastName":
            attribute["required"] = {"roles": ["user"]}
    if "department" not in {attribute["name"] for attribute in profile["attributes"]}:
        profile["attributes"].append({"name": "department", "permissions": {"view": ["admin"]}})
    realm.update_user_profile(profile)


def break_attributes(realm: RealmClient) -> None:
    attributes = realm.get_settings()["attributes"]
    realm.update_settings({"attributes": attributes | {"adminEventsExpiration": "7", "ours": "1"}})


DAMAGES: dict[str, tuple[Callable[[RealmClient], None], set[str]]] = {
    "settings": (
        lambda realm: realm.update_settings(
            {"bruteForceProtected": False, "accessTokenLifespan": 86400, "loginTheme": "keycloak"}
        ),
        {"setting bruteForceProtected", "setting accessTokenLifespan"},
    ),
    "attributes": (break_attributes, {"setting adminEventsExpiration"}),
    "languages": (
        lambda realm: realm.update_settings({"supportedLocales": ["de"], "defaultLocale": "de"}),
        {"setting supportedLocales", "setting defaultLocale"},
    ),
    "mail": (
        lambda realm: realm.update_settings(
            {"smtpServer": {"host": "evil.example", "from": "a@b.example", "password": "x"}}
        ),
        {"setting smtpServer"},
    ),
    "redirects": (
        lambda realm: change_client(
            realm, WORKSPACE_CLIENT, redirectUris=["*"], webOrigins=["*"],
            attributes={"pkce.code.challenge.method": "", "post.logout.redirect.uris": "+"},
        ),
        {"client plexica-workspace"},
    ),
    "flows": (
        lambda realm: change_client(
            realm, WORKSPACE_CLIENT, directAccessGrantsEnabled=True, implicitFlowEnabled=True
        ),
        {"client plexica-workspace"},
    ),
    "secret": (
        lambda realm: change_client(realm, WORKSPACE_CLIENT, secret="known to others"),
        {"client plexica-workspace"},
    ),
    "disabled": (
        lambda realm: change_client(realm, WORKSPACE_CLIENT, enabled=False),
        {"client plexica-workspace"},
    ),
    "deleted": (
        lambda realm: delete_client(realm, WORKSPACE_CLIENT), {"client plexica-workspace"},
    ),
    "mappers": (break_mapper, {"client plexica-workspace"}),
    "management": (
        lambda realm: change_client(realm, "plexica-management", standardFlowEnabled=True,
                                    redirectUris=["http://evil.example/*"]),
        {"client plexica-management"},
    ),
    "profile": (break_profile, {"user profile"}),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("remedy", ["repair", "upgrade"])
def test_what_differs_is_found_and_mended(tenant: Tenant, damage: str, remedy: str) -> None:
    act, expected = DAMAGES[damage]
    realm = realm_client(tenant)
    act(realm)
    found = PART.inspect(tenant)
    assert names(found) == expected
    assert all(finding.can_repair for finding in found)
    secrets = [
        get_secret(tenant=tenant, name=name) for name in (MANAGEMENT_SECRET, WORKSPACE_SECRET)
    ]
    assert not any(secret in repr(found) for secret in (*secrets, "known to others"))
    if remedy == "upgrade":
        PART.upgrade(tenant)
    else:
        PART.repair(tenant, found)
    assert PART.inspect(tenant) == []
    secret = get_secret(tenant=tenant, name=WORKSPACE_SECRET)
    client = realm.find_client(WORKSPACE_CLIENT)
    assert client
    assert client["secret"] == secret


def test_only_what_was_asked_for_is_mended(tenant: Tenant) -> None:
    realm = realm_client(tenant)
    change_client(realm, WORKSPACE_CLIENT, redirectUris=["*"])
    realm.update_settings({"failureFactor": 1000})
    found = PART.inspect(tenant)
    PART.repair(tenant, [each for each in found if each.what.startswith("client")])
    assert names(PART.inspect(tenant)) == {"setting failureFactor"}
    PART.repair(tenant, found)


def test_what_is_the_tenants_own_is_kept(tenant: Tenant) -> None:
    realm = realm_client(tenant)
    before = realm.find_client("robot")
    realm.call("POST", f"/{tenant.realm}/roles", body={"name": "accountant"})
    realm.update_settings({"loginTheme": "keycloak", "accountTheme": "keycloak.v3"})
    break_attributes(realm)
    break_profile(realm)
    PART.upgrade(tenant)
    PART.upgrade(tenant)
    found = realm.get_settings()
    assert (found["loginTheme"], found["accountTheme"]) == ("keycloak", "keycloak.v3")
    assert found["attributes"]["ours"] == "1"
    assert "department" in {each["name"] for each in realm.get_user_profile()["attributes"]}
    assert realm.find_client("robot") == before
    assert realm.call("GET", f"/{tenant.realm}/roles/accountant").body["name"] == "accountant"
    realm.call("DELETE", f"/{tenant.realm}/roles/accountant")


def test_new_mail_server_and_new_name_come_with_an_upgrade(
    tenant: Tenant, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    update, sent = RealmClient.update_settings, []

    def spy(realm: RealmClient, representation: dict[str, Any]) -> None:
        sent.append(representation["smtpServer"].get("password"))
        update(realm, representation)

    monkeypatch.setattr(RealmClient, "update_settings", spy)
    digest = PART.present_digest()
    assert Tenant.objects.get(pk=tenant.pk).realm_digest == digest
    settings.EMAIL_HOST = "127.0.0.2"
    assert PART.present_digest() != digest
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "plexica", "hush-hush"
    with_password = PART.present_digest()
    tenant.name = "Renamed"
    found = PART.inspect(tenant)
    assert names(found) == {"setting smtpServer", "setting displayName"}
    PART.upgrade(tenant)
    assert PART.inspect(tenant) == []
    assert realm_client(tenant).get_settings()["smtpServer"]["host"] == "127.0.0.2"
    settings.EMAIL_HOST_PASSWORD = "another-password"
    assert PART.present_digest() != with_password
    assert PART.inspect(tenant) == [], "Nobody can read the password back."
    assert "another-password" not in sent
    PART.upgrade(tenant)
    assert sent[-1] == "another-password"
    settings.EMAIL_HOST, settings.EMAIL_HOST_USER = "127.0.0.1", ""
    settings.EMAIL_HOST_PASSWORD = ""
    PART.upgrade(tenant)
    assert PART.present_digest() == digest


def test_suspended_tenant_is_closed_and_an_active_one_open(tenant: Tenant) -> None:
    Access().do(tenant)
    found = PART.inspect(tenant)
    assert {"access of client plexica-workspace", "access of client robot"} <= names(found)
    tenant.state = TenantState.SUSPENDED
    assert PART.inspect(tenant) == []
    realm = realm_client(tenant)
    change_client(realm, "robot", enabled=True)
    delete_client(realm, WORKSPACE_CLIENT)
    found = PART.inspect(tenant)
    assert names(found) == {"access of client robot", "client plexica-workspace"}
    PART.repair(tenant, found)
    assert PART.inspect(tenant) == []
    assert ask_token(tenant, "robot", PROGRAM_SECRET).status_code == 401
    tenant.state = TenantState.ACTIVE
    PART.repair(tenant, PART.inspect(tenant))
    assert ask_token(tenant, "robot", PROGRAM_SECRET).status_code == 200


@pytest.mark.parametrize("remedy", ["repair", "upgrade"])
@pytest.mark.parametrize(
    "damage",
    ["secret lost", "secret garbled", "wrong secret", "disabled", "deleted", "no rights", "realm"],
)
def test_account_that_does_not_work_is_mended_from_outside(
    tenant: Tenant, master: MasterClient, damage: str, remedy: str
) -> None:
    realm = realm_client(tenant)
    # Something that cannot be seen until the account works again.
    realm.update_settings({"failureFactor": 1000})
    if damage == "secret lost":
        delete_secrets(tenant=tenant, names=[MANAGEMENT_SECRET])
    elif damage == "secret garbled":
        TenantSecret.objects.filter(tenant=tenant, name=MANAGEMENT_SECRET).update(ciphertext="x")
    elif damage == "wrong secret":
        set_secret(tenant=tenant, name=MANAGEMENT_SECRET, value=uuid.uuid4().hex)
    else:
        with power_over(tenant) as outside:
            if damage == "disabled":
                change_client(outside, "plexica-management", enabled=False)
            elif damage == "deleted":
                delete_client(outside, "plexica-management")
            elif damage == "no rights":
                client = outside.find_client("plexica-management")
                assert client
                outside.change_account_roles(
                    client["id"], of="realm-management", take=["manage-realm", "manage-users"]
                )
            else:
                outside.update_settings({"enabled": False})
    (found,) = PART.inspect(tenant)
    assert found.can_repair
    assert "once this is mended" in found.detail
    if remedy == "repair":
        PART.repair(tenant, [found])
    else:
        PART.upgrade(tenant)
    assert PART.inspect(tenant) == []
    assert master.count_powers(tenant.realm) == 0


def test_rights_of_the_account_are_exactly_those(tenant: Tenant) -> None:
    with power_over(tenant) as outside:
        client = outside.find_client("plexica-management")
        assert client
        outside.change_account_roles(
            client["id"], of="realm-management", give=["realm-admin"], take=["view-events"]
        )
        outside.change_account_roles(client["id"], of="", give=["offline_access"])
    found = PART.inspect(tenant)
    assert names(found) == {
        "role realm-management/realm-admin of plexica-management",
        "role realm-management/view-events of plexica-management",
        "role offline_access of plexica-management",
    }
    PART.repair(tenant, found)


def test_lost_secret_of_the_workspace_is_made_anew(tenant: Tenant) -> None:
    before = get_secret(tenant=tenant, name=WORKSPACE_SECRET)
    delete_secrets(tenant=tenant, names=[WORKSPACE_SECRET])
    found = PART.inspect(tenant)
    assert [(each.difference, each.what) for each in found] == [
        (Difference.MISSING, "secret realm.workspace_client")
    ]
    PART.repair(tenant, found)
    assert get_secret(tenant=tenant, name=WORKSPACE_SECRET) != before
