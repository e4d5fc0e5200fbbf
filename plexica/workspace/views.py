"""The workspace's pages. Each view parses, makes one call, and renders."""

import structlog
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from plexica.audit.selectors import list_entries
from plexica.core.errors import OutwardError
from plexica.core.htmx import render_page
from plexica.identity.selectors import count_people
from plexica.rbac.guards import require
from plexica.storage.selectors import Usage, get_usage
from tenants.models import Tenant

ENTRIES_SHOWN = 10

logger = structlog.get_logger(__name__)


@require_GET
@require("core:dashboard:view")
def dashboard(request: HttpRequest) -> HttpResponse:
    """Show the tenant's own data: its people, its bucket, what happened last."""
    tenant: Tenant = request.tenant  # type: ignore[attr-defined] # TenantMiddleware sets it
    return render_page(
        request,
        "workspace/dashboard.html",
        {
            "people_count": count_people(),
            "usage": _usage_if_known(tenant),
            "entries": list_entries()[:ENTRIES_SHOWN],
        },
    )


def _usage_if_known(tenant: Tenant) -> Usage | None:
    """Return what the bucket holds; a storage that is down must not take the page with it."""
    try:
        return get_usage(tenant=tenant)
    except OutwardError as error:
        logger.warning("usage_unknown", reason=str(error))
        return None
