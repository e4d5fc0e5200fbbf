"""What of a tenant its realm follows: name, colour and logo, told, compared and repaired."""

import html
from collections.abc import Iterator

import pytest
import requests
from django.conf import settings

from plexica.core.actor import SYSTEM
from plexica.events.models import OutboxMessage
from plexica.events.services import deliver_pending
from plexica.identity.keycloak.realm import realm_client
from plexica.identity.providers import CALLBACK_PATH, WORKSPACE_CLIENT
from plexica.identity.realm_look import STYLE_ATTRIBUTE
from plexica.identity.realm_part import RealmPart
from tenants.models import Tenant
from tenants.services import update_tenant, update_theme
from tenants.theme import PICTURES_PREFIX

LOGO = f"{PICTURES_PREFIX}{'0' * 32}.webp"


@pytest.fixture(autouse=True)
def _nothing_waits() -> Iterator[None]:
    while deliver_pending():
        pass
    yield
    OutboxMessage.objects.filter(delivered_at=None).delete()


def test_the_realm_follows_a_new_name(tenant: Tenant) -> None:
    update_tenant(tenant=tenant, actor=SYSTEM, name="Dumbell & Sons")
    deliver_pending()
    found = realm_client(tenant).get_settings()
    assert found["displayName"] == "Dumbell & Sons"
    assert found["smtpServer"]["fromDisplayName"] == "Dumbell & Sons"
    assert RealmPart().inspect(tenant) == []


def test_the_realm_follows_colour_and_logo_and_forgets_them_again(tenant: Tenant) -> None:
    realm = realm_client(tenant)
    there = realm.get_settings()["attributes"]
    realm.update_settings({"attributes": {**there, "theirs": "stays"}})
    update_theme(tenant=tenant, actor=SYSTEM, theme_colour="#0f766e", logo=LOGO)
    deliver_pending()
    found = realm.get_settings()
    assert found["attributes"][STYLE_ATTRIBUTE] == (
        f"{tenant.workspace_url}{tenant.theme.style_sheet}"
    )
    assert found["attributes"]["theirs"] == "stays"
    assert f"{tenant.workspace_url}/theme/{'0' * 32}.webp" in found["displayNameHtml"]
    assert RealmPart().inspect(tenant) == []

    update_theme(tenant=tenant, actor=SYSTEM, theme_colour="", logo="")
    deliver_pending()
    found = realm.get_settings()
    assert not found["attributes"].get(STYLE_ATTRIBUTE)
    assert not found.get("displayNameHtml")
    assert RealmPart().inspect(tenant) == []


def test_a_look_that_was_changed_in_the_realm_is_found_and_set_again(tenant: Tenant) -> None:
    update_theme(tenant=tenant, actor=SYSTEM, theme_colour="#7c2d12")
    deliver_pending()
    realm = realm_client(tenant)
    there = realm.get_settings()["attributes"]
    realm.update_settings(
        {"displayNameHtml": "<b>Evil</b>", "attributes": {**there, STYLE_ATTRIBUTE: "http://evil"}}
    )
    part = RealmPart()
    findings = part.inspect(tenant)
    assert sorted(finding.what for finding in findings) == [
        "setting displayNameHtml",
        f"setting {STYLE_ATTRIBUTE}",
    ]
    part.repair(tenant, findings)
    assert part.inspect(tenant) == []


def test_a_look_of_its_own_does_not_make_a_tenant_look_behind(tenant: Tenant) -> None:
    before = RealmPart().present_digest()
    update_theme(tenant=tenant, actor=SYSTEM, theme_colour="#14532d")
    assert RealmPart().present_digest() == before


def test_the_login_page_shows_name_logo_and_colour(tenant: Tenant) -> None:
    update_tenant(tenant=tenant, actor=SYSTEM, name="Acme <& Sons>")
    update_theme(tenant=tenant, actor=SYSTEM, theme_colour="#0f766e", logo=LOGO)
    deliver_pending()
    page = html.unescape(login_page(tenant))
    assert (
        f'<link rel="stylesheet" href="{tenant.workspace_url}{tenant.theme.style_sheet}">' in page
    )
    header = page[page.index('id="kc-header-wrapper"') :][:600]
    assert f'src="{tenant.workspace_url}{tenant.theme.logo}"' in header
    assert "Acme <& Sons>" in header

    update_theme(tenant=tenant, actor=SYSTEM, theme_colour="", logo="")
    deliver_pending()
    page = html.unescape(login_page(tenant))
    assert "/theme/" not in page
    assert "Acme <& Sons>" in page


def login_page(tenant: Tenant) -> str:
    answer = requests.get(
        f"{settings.KEYCLOAK_SERVERS['default'].public_url}/realms/{tenant.realm}"
        "/protocol/openid-connect/auth",
        params={
            "client_id": WORKSPACE_CLIENT, "response_type": "code", "scope": "openid",
            "redirect_uri": f"{tenant.workspace_url}{CALLBACK_PATH}", "state": "x", "nonce": "x",
            "code_challenge": "x" * 43, "code_challenge_method": "S256",
        },
        timeout=30,
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    return answer.text
