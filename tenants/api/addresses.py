"""The API's addresses, whole and public, for `Location` headers and links."""

from django.conf import settings
from django.urls import reverse

from tenants.models import ProvisioningRun


def tenant_address(slug: str) -> str:
    """Return the address of a tenant."""
    return _address("api:tenant", slug=slug)


def runs_address(slug: str) -> str:
    """Return the address of a tenant's runs."""
    return _address("api:runs", slug=slug)


def run_address(run: ProvisioningRun) -> str:
    """Return the address of a run."""
    return _address("api:run", slug=run.tenant.slug, run_id=run.id)


def _address(name: str, **parts: object) -> str:
    path = reverse(name, urlconf=settings.PUBLIC_SCHEMA_URLCONF, kwargs=parts)
    return f"{settings.PLEXICA_CONSOLE_URL}{path}"
