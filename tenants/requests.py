"""The tenant of a request, as the middleware has found it."""

from typing import cast

from django.http import HttpRequest
from rest_framework.request import Request

from tenants.models import Tenant


def tenant_or_none(request: HttpRequest | Request) -> Tenant | None:
    """Return the tenant whose workspace a request is for; None for the platform's own host."""
    return cast("Tenant | None", request.tenant)  # type: ignore[union-attr] # TenantMiddleware


def tenant_of(request: HttpRequest | Request) -> Tenant:
    """Return the tenant whose workspace a request is for.

    Raises:
        RuntimeError: It is for the platform's own host.
    """
    tenant = tenant_or_none(request)
    if tenant is None:
        raise RuntimeError("This address belongs to a workspace.")
    return tenant
