"""The workspace's dashboard. Each view parses, makes one call, and renders."""

from datetime import timedelta

import structlog
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from plexica.core.errors import OutwardError
from plexica.core.htmx import render_page, wants_fragment
from plexica.identity.actors import actor_of, viewer_of
from plexica.identity.selectors import count_people_lately
from plexica.rbac.engine import snapshot_of
from plexica.rbac.guards import require
from plexica.storage.selectors import recall_usage, refresh_usage
from plexica.workspace.checklist import list_steps, may_see_checklist
from plexica.workspace.dashboard import activity_chart, cards_of_others, recent_entries
from plugins.gateway.ui import list_plugin_widgets
from tenants.requests import tenant_of
from tenants.services import dismiss_checklist

RECENT_DAYS = 7

logger = structlog.get_logger(__name__)


@require_GET
@require("core:dashboard:view")
def dashboard(request: HttpRequest) -> HttpResponse:
    """Show the tenant's own data: its people, its bucket, what happened last.

    The page waits for no other server: what the bucket holds, if nobody knows, is asked for by the
    browser once the page is there.
    """
    tenant, viewer = tenant_of(request), viewer_of(request)
    usage, usage_problem = recall_usage(tenant=tenant), False
    if usage is None and request.GET.get("usage") == "count":
        try:
            usage = refresh_usage(tenant=tenant)
        except OutwardError as error:
            logger.warning("usage_unknown", reason=str(error))
            usage_problem = True
    context = {"usage": usage, "usage_problem": usage_problem}
    if wants_fragment(request):
        return render_page(request, "workspace/_usage.html", context)
    return render_page(
        request,
        "workspace/dashboard.html",
        context
        | {
            "people": count_people_lately(since=timezone.now() - timedelta(days=RECENT_DAYS)),
            "entries": list(recent_entries(viewer=viewer)),
            "chart": activity_chart(viewer=viewer),
            "cards": cards_of_others(viewer=viewer),
            # The browser asks for what is in them: no plugin makes the page wait.
            "widgets": list_plugin_widgets(snapshot_of(viewer)),
            "steps": list_steps(tenant=tenant)
            if may_see_checklist(viewer=viewer, tenant=tenant)
            else [],
        },
    )


@require_POST
@require("core:settings:manage")
def checklist_dismiss(request: HttpRequest) -> HttpResponse:
    """Put the list of the first steps away, for all owners."""
    dismiss_checklist(tenant=tenant_of(request), actor=actor_of(request))
    messages.success(request, _("The list of first steps is put away."))
    return redirect("workspace:dashboard")
