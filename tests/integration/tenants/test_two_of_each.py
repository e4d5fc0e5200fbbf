"""Two real Keycloaks and two real S3 services: tenants live in both, whole, apart and removable."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from pytest_django import Settings

from deploy.local import control
from deploy.local.instance import Instance
from plexica.core.actor import SYSTEM
from plexica.identity.keycloak.master import master_client
from plexica.identity.providers import tenant_provider
from plexica.settings.servers import read_keycloaks, read_s3
from plexica.storage.clients import get_client
from tenants.models import Tenant
from tenants.placement import count_on_keycloaks, count_on_s3
from tenants.provisioning.engine import run_provisioning
from tenants.services import create_tenant
from tests.integration.conftest import remove

SLUGS = ("twin-1", "twin-2", "twin-3", "twin-4")

pytestmark = [pytest.mark.prove, pytest.mark.timeout(900)]


@pytest.fixture
def second(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Servers that belong to nobody else, and what the provisioner is told of them."""
    instance = Instance.for_tests(tmp_path / "second")
    try:
        yield control.start_servers(instance)
    finally:
        control.reset(instance)


@pytest.fixture
def _two_of_each(
    second: dict[str, str], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Settings as an operator writes them."""
    values = {"PLEXICA_MORE_KEYCLOAKS": "second", "PLEXICA_MORE_S3": "second"}
    for name in ("URL", "ADMIN_CLIENT_ID", "ADMIN_CLIENT_SECRET"):
        values[f"KEYCLOAK_SECOND_{name}"] = second[f"KEYCLOAK_{name}"]
    values["KEYCLOAK_SECOND_INTERNAL_URL"] = second["PLEXICA_KEYCLOAK_INTERNAL_URL"]
    for name in ("ENDPOINT_URL", "ACCESS_KEY", "SECRET_KEY"):
        values[f"S3_SECOND_{name}"] = second[f"S3_{name}"]
    taken, buckets = count_on_keycloaks()["default"], count_on_s3()["default"]
    # Room for two more of each at the first, and as much at the second.
    values |= {
        "PLEXICA_REALM_CEILING": str(taken + 2),
        "PLEXICA_BUCKET_CEILING": str(buckets + 2),
        "KEYCLOAK_SECOND_CEILING": "2",
        "S3_SECOND_CEILING": "2",
    }
    for name, value in values.items():
        monkeypatch.setitem(os.environ, name, value)
    settings.KEYCLOAK_SERVERS, settings.S3_SERVERS = read_keycloaks(), read_s3()
    yield
    for tenant in Tenant.objects.filter(slug__in=SLUGS):
        remove(tenant)


@pytest.mark.usefixtures("_two_of_each")
def test_tenants_live_on_both_and_are_removed_from_both() -> None:
    tenants = [_make(slug) for slug in SLUGS]
    assert sorted(tenant.keycloak for tenant in tenants) == ["default"] * 2 + ["second"] * 2
    assert sorted(tenant.s3 for tenant in tenants) == ["default"] * 2 + ["second"] * 2
    for tenant in tenants:
        other = {"default": "second", "second": "default"}
        assert master_client(tenant.keycloak).exists(tenant.realm)
        assert not master_client(other[tenant.keycloak]).exists(tenant.realm)
        assert tenant.bucket in _buckets(tenant.s3)
        assert tenant.bucket not in _buckets(other[tenant.s3])
        # People are led to the Keycloak that their realm is in, and tokens come from there.
        provider = tenant_provider(tenant)
        described = requests.get(
            f"{provider.internal_url}/.well-known/openid-configuration", timeout=10
        ).json()
        assert described["issuer"] == provider.issuer
    for tenant in tenants:
        remove(tenant)
        assert not master_client(tenant.keycloak).exists(tenant.realm)
        assert tenant.bucket not in _buckets(tenant.s3)


def _make(slug: str) -> Tenant:
    run = create_tenant(slug=slug, name=slug, owner_email="ada@example.com", actor=SYSTEM)
    run_provisioning(run.id)
    tenant = Tenant.objects.get(slug=slug)
    assert tenant.is_active, [step.error_message for step in run.steps.all()]
    return tenant


def _buckets(server: str) -> set[str]:
    return {bucket["Name"] for bucket in get_client(server).list_buckets()["Buckets"]}
