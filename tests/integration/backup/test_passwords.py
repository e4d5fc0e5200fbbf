"""Where Keycloak's database can be exported, people come back with their passwords."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plexica.backup.realms.export import exported
from plexica.backup.restoring import Outcome
from plexica.identity.models import User
from plugins.models import Installation
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.integration.backup.conftest import Key, Whole, backed_up, opened, removed, rows_of
from tests.integration.backup.test_round_trip import objects_of, people_of
from tests.integration.identity.browser import Browser, host_of

# What differs between two realms that are the same: when and by whom something was numbered.
OF_THE_SERVER = {"id", "containerId", "client.secret.creation.time", "secret", "keycloakVersion"}
# What Keycloak writes where an imported representation says nothing, and keys that are made anew.
FILLED_IN = {"post.logout.redirect.uris", "userinfo.token.claim"}
KEYS = "org.keycloak.keys.KeyProvider"


def bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: bare(each)
            for name, each in value.items()
            if name not in OF_THE_SERVER | FILLED_IN | {KEYS}
        }
    if isinstance(value, list):
        return sorted(map(bare, value), key=str)
    return value


def whole_realm(realm: str) -> tuple[Any, dict[str, Any]]:
    with exported(realm) as (found, pages):
        people = {person["username"]: person for page in pages for person in page}
    return bare(found), people


@pytest.mark.prove
@pytest.mark.timeout(1200)
def test_a_tenant_that_was_lost_comes_back_with_passwords_and_ids(
    whole: Whole,
    key: Key,
    with_passwords: None,
    tmp_path: Path,
    restore: Callable[..., Outcome],
) -> None:
    tenant = whole.tenant
    realm, people = whole_realm(tenant.realm)
    rows, objects = people_of(tenant), objects_of(tenant)
    notes = rows_of(whole.installation, "notes")
    path = backed_up(tenant, tmp_path, key.public)
    removed(Tenant.objects.get(pk=tenant.pk))
    assert not Tenant.objects.filter(pk=tenant.pk).exists()

    archive = opened(path, key)
    assert archive.manifest["tenants"][0]["has_passwords"]
    outcome = restore(archive)
    assert outcome.is_done, outcome.error

    back = Tenant.objects.get(slug=tenant.slug)
    assert back.pk == tenant.pk
    assert people_of(back) == rows
    assert objects_of(back) == objects
    installation = Installation.objects.select_related("tenant", "plugin").get(tenant=back)
    assert installation.pk == whole.installation.pk
    assert rows_of(installation, "notes") == notes
    realm_after, people_after = whole_realm(back.realm)
    # Keycloak writes the defaults of an imported realm down, where one that was made says nothing.
    for name in {*realm_after["attributes"]} - {*realm["attributes"]}:
        assert realm_after["attributes"].pop(name) in {"0", "false"}, name
    assert realm_after == realm
    # With hashes, salts and dates of the passwords, byte by byte.
    own = "service-account-plexica-management"
    assert {**people_after, own: None} == {**people, own: None}
    with tenant_scope(back):
        assert User.objects.filter(subject=whole.bo).exists()
    browser = Browser(host_of(back.workspace_url))
    assert browser.log_in("bo@acme.example").status_code == 302
    assert browser.client.get("/").status_code == 200
