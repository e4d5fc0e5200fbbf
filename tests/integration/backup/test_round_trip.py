"""A tenant goes into an archive and comes back: here under another slug, beside itself."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plexica.backup.restoring import Outcome
from plexica.identity.keycloak.realm import realm_client
from plexica.identity.models import User
from plexica.identity.providers import tenant_provider
from plexica.rbac.models import Group
from plexica.storage.clients import get_client
from plugins.models import Installation
from plugins.secrets import secret_settings
from tenants.models import Tenant
from tenants.parts import configured_parts
from tenants.scopes import tenant_scope
from tests.integration.backup.conftest import Key, Whole, backed_up, opened, rows_of

Restore = Callable[..., Outcome]


def objects_of(tenant: Tenant) -> dict[str, tuple[bytes, str, dict[str, str]]]:
    client = get_client(tenant.s3)
    found = {}
    for each in client.list_objects_v2(Bucket=tenant.bucket)["Contents"]:
        answer = client.get_object(Bucket=tenant.bucket, Key=each["Key"])
        found[each["Key"]] = (answer["Body"].read(), answer["ContentType"], answer["Metadata"])
    return found


def people_of(tenant: Tenant) -> list[dict[str, Any]]:
    with tenant_scope(tenant):
        return list(User.objects.order_by("date_joined").values())


def test_a_tenant_comes_back_under_another_slug_and_can_be_used(
    whole: Whole, key: Key, tmp_path: Path, restore: Restore
) -> None:
    path = backed_up(whole.tenant, tmp_path / "archives", key.public)
    outcome = restore(opened(path, key), f"{whole.tenant.slug}-2", mails=True)
    assert outcome.is_done, outcome.error
    back = Tenant.objects.get(slug=f"{whole.tenant.slug}-2")
    assert back.is_active
    assert back.pk != whole.tenant.pk
    assert back.locale == "it"
    assert back.created_at == whole.tenant.created_at

    # Rows: the same but for whom the realm knows them as.
    before, after = people_of(whole.tenant), people_of(back)
    assert len(before) == len(after)
    known = {person["id"] for page in [_people(back)] for person in page}
    for one, other in zip(before, after, strict=True):
        if one["issuer"].startswith("https://elsewhere"):
            assert one == other
            continue
        assert other["issuer"] == tenant_provider(back).issuer
        assert other["subject"] in known
        assert other["subject"] != one["subject"]
        assert {**one, "issuer": "", "subject": ""} == {**other, "issuer": "", "subject": ""}
    with tenant_scope(back):
        group = Group.objects.get(name="Sales")
        bo = User.objects.get(email="bo@acme.example")
    realm = realm_client(back)
    found = realm.call("GET", f"/{back.realm}/group-by-path/sales").body
    assert str(group.realm_group_id) == found["id"]
    assert [each["path"] for each in _groups(back, bo.subject)] == ["/sales"]
    assert realm.get_settings()["webAuthnPolicyRpEntityName"] == "Acme"

    assert objects_of(whole.tenant) == objects_of(back)

    installation = Installation.objects.select_related("tenant", "plugin").get(tenant=back)
    assert installation.pk != whole.installation.pk
    assert installation.settings == {"greeting": "Salve"}
    assert secret_settings(installation=installation) == {"token": "a secret"}
    for table in ("notes", "replies", "loud"):
        assert rows_of(installation, table) == rows_of(whole.installation, table)

    # Nothing of it differs from what every tenant should be.
    findings = [each for part in configured_parts().values() for each in part.inspect(back)]
    assert findings == []


@pytest.mark.prove
def test_an_archive_without_a_key_holds_nothing_that_opens_anything(
    whole: Whole, tmp_path: Path, restore: Restore
) -> None:
    archive = opened(backed_up(whole.tenant, tmp_path / "archives"))
    document = archive.manifest["tenants"][0]
    assert not document["has_secrets"]
    texts = []
    for section in document["sections"].values():
        with archive.section(section) as members:
            texts += [member.content() for member in members if member.name.endswith(".json")]
    everything = b"".join(texts)
    assert b"a secret" not in everything
    assert b"secretData" not in everything
    assert b'"secret"' not in everything
    outcome = restore(archive, f"{whole.tenant.slug}-3")
    assert outcome.is_done, outcome.error
    back = Tenant.objects.get(slug=f"{whole.tenant.slug}-3")
    installation = Installation.objects.get(tenant=back)
    assert secret_settings(installation=installation) == {}


@pytest.mark.prove
def test_a_restoration_that_fails_leaves_nothing(
    whole: Whole, tmp_path: Path, restore: Restore, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = opened(backed_up(whole.tenant, tmp_path))
    monkeypatch.setattr("plexica.backup.steps.explain_differences", lambda *_: ["something"])
    slug = f"{whole.tenant.slug}-5"
    outcome = restore(archive, slug)
    assert not outcome.is_done
    assert "something" in outcome.error
    assert not Tenant.objects.filter(slug=slug).exists()
    assert not Installation.objects.filter(tenant__slug=slug).exists()
    for part in configured_parts().values():
        assert not [each for each in part.find_orphans() if slug.replace("-", "_") in each.what]


def _people(tenant: Tenant) -> list[dict[str, Any]]:
    realm = realm_client(tenant)
    found: list[dict[str, Any]] = realm.call("GET", f"/{tenant.realm}/users?max=100").body
    return found


def _groups(tenant: Tenant, subject: str) -> list[dict[str, Any]]:
    realm = realm_client(tenant)
    found: list[dict[str, Any]] = realm.call("GET", f"/{tenant.realm}/users/{subject}/groups").body
    return found
