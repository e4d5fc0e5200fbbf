"""The tenants that are served, and doing something in each of them by the clock."""

from collections.abc import Callable

import structlog
from django.db.models import QuerySet

from plexica.core.scope import platform_scope
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tenants.states import TenantState

logger = structlog.get_logger(__name__)


def served_tenants() -> QuerySet[Tenant]:
    """Return the tenants whose workspaces are open; read it in the platform's scope."""
    served: QuerySet[Tenant] = Tenant.objects.filter(state=TenantState.ACTIVE)
    return served


def in_each_served(act: Callable[[Tenant], int], *, doing: str) -> int:
    """Do something in the scope of each tenant that is served, one after the other.

    A tenant in which it fails keeps nothing from the others; it is logged.

    Args:
        act: What to do; it returns how much it has done.
        doing: What the log calls that.

    Returns:
        How much was done in all of them.
    """
    with platform_scope():
        tenants = list(served_tenants())
    done = 0
    for tenant in tenants:
        try:
            with tenant_scope(tenant):
                done += act(tenant)
        except Exception:
            logger.exception("failed_in_tenant", doing=doing, slug=tenant.slug)
    return done
