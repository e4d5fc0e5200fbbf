"""The page that says how the platform is, live."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from plexica.backup.selectors import backup_health
from plexica.console.forms import HealthForm
from plexica.console.health_selectors import count_realms, platform_health
from plexica.console.words import SERVER_WORDS
from plexica.core.htmx import render_page, wants_fragment
from plexica.rbac.guards import require


@require_GET
@require("core:health:view")
def health_status(request: HttpRequest) -> HttpResponse:
    """Show the page at once; servers are asked by its fragment, or on request without scripts."""
    form = HealthForm(request.GET)
    is_asked = wants_fragment(request) or (form.is_valid() and form.cleaned_data["now"])
    health = platform_health() if is_asked else None
    servers = health.servers if health else []
    return render_page(
        request,
        "console/health_status.html",
        {
            "health": health,
            "servers": [(SERVER_WORDS.get(each.name, each.name), each) for each in servers],
            "down": [SERVER_WORDS.get(each.name, each.name) for each in servers if not each.is_up],
            "realms": count_realms(),
            "backups": backup_health(),
        },
        fragment="console/_health_status.html",
        status=200 if form.is_valid() else 400,
    )
