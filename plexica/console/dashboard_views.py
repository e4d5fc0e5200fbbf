"""The console's first page."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from plexica.console.dashboard import make_overview
from plexica.console.forms import DashboardForm
from plexica.console.health_selectors import platform_health
from plexica.console.words import SERVER_WORDS
from plexica.core.htmx import render_page
from plexica.identity.actors import viewer_of
from plexica.rbac.guards import require
from tenants.overview import Period


@require_GET
@require("core:tenants:view")
def dashboard(request: HttpRequest) -> HttpResponse:
    """Show how the platform's tenants are. The servers are asked by a part of the page."""
    form = DashboardForm(request.GET)
    period = Period(form.cleaned_data["period"] or Period.DAYS) if form.is_valid() else Period.DAYS
    return render_page(
        request,
        "console/dashboard.html",
        {
            "form": form,
            "period": period,
            "overview": make_overview(viewer=viewer_of(request), period=period),
        },
        status=200 if form.is_valid() else 400,
    )


@require_GET
@require("core:health:view")
def dashboard_health(request: HttpRequest) -> HttpResponse:
    """Ask each server, and say which answers: the part that the first page need not wait for."""
    servers = [
        (str(SERVER_WORDS.get(each.name, each.name)), each) for each in platform_health().servers
    ]
    return render_page(
        request,
        "console/dashboard_health.html",
        {"servers": servers, "down": [label for label, each in servers if not each.is_up]},
        fragment="console/_dashboard_health.html",
    )
