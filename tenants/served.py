"""The tenants that are served, and doing something in each of them by the clock."""

import time
from collections.abc import Callable

import structlog
from django.db.models import QuerySet

from plexica.core.scope import platform_scope
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tenants.states import TenantState

PASS_SECONDS = 60.0

logger = structlog.get_logger(__name__)


def served_tenants() -> QuerySet[Tenant]:
    """Return the tenants whose workspaces are open; read it in the platform's scope."""
    served: QuerySet[Tenant] = Tenant.objects.filter(state=TenantState.ACTIVE)
    return served


def in_each_served(act: Callable[[Tenant], int], *, doing: str) -> int:
    """Do something in the scope of each tenant that is served, one after the other.

    A tenant in which it fails keeps nothing from the others; it is logged. A pass that takes too
    long is broken off, so that passes do not pile up behind a server that is away; each begins
    with other tenants, so that none waits behind the same ones for ever.

    Args:
        act: What to do; it returns how much it has done.
        doing: What the log calls that.

    Returns:
        How much was done in all of them.
    """
    with platform_scope():
        tenants = list(served_tenants().order_by("?"))
    done = 0
    ends_at = time.monotonic() + PASS_SECONDS
    for tenant in tenants:
        try:
            with tenant_scope(tenant):
                done += act(tenant)
        except Exception:
            logger.exception("failed_in_tenant", doing=doing, slug=tenant.slug)
        if time.monotonic() > ends_at:
            logger.warning("pass_broken_off", doing=doing)
            break
    return done
