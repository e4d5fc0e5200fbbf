"""What makes a workspace's pages its own: open to everybody, as the pages before the login are."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from plexica.core.errors import NotFound
from plexica.storage.theme_pictures import read_theme_picture
from tenants.requests import tenant_of
from tenants.theme import style_sheet_of

# The name tells what is in it: under one name there is never anything else.
# The realm's login page, at another host, shows it too.
KEPT_FOR_GOOD = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


@require_GET
def theme_style(request: HttpRequest, digest: str) -> HttpResponse:
    """Answer the style sheet of the tenant's colour, by its present name only."""
    colour = tenant_of(request).theme_colour
    sheet = style_sheet_of(colour) if colour else None
    if sheet is None or sheet.name != f"{digest}.css":
        raise NotFound
    return HttpResponse(
        sheet.content, content_type="text/css; charset=utf-8", headers=KEPT_FOR_GOOD
    )


@require_GET
def theme_picture(request: HttpRequest, digest: str, ending: str) -> HttpResponse:
    """Answer the tenant's logo or icon, by its present name only."""
    content, content_type = read_theme_picture(tenant=tenant_of(request), name=f"{digest}.{ending}")
    return HttpResponse(content, content_type=content_type, headers=KEPT_FOR_GOOD)
