from uuid import UUID

from django.conf import settings

from tenants.api.addresses import run_address, runs_address, tenant_address
from tenants.models import ProvisioningRun, Tenant

RUN = UUID("0b9d1f3e-6f0c-4f6e-9d53-0d3e1f4a7c11")


def test_addresses_are_whole_and_the_consoles() -> None:
    base = f"{settings.PLEXICA_CONSOLE_URL}/api/tenants/acme"
    run = ProvisioningRun(id=RUN, tenant=Tenant(slug="acme"))
    assert tenant_address("acme") == base
    assert runs_address("acme") == f"{base}/runs"
    assert run_address(run) == f"{base}/runs/{RUN}"
