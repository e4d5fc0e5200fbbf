"""What every answer tells browsers, whichever part of Plexica has given it."""

from collections.abc import Callable
from types import MappingProxyType

from django.http import HttpRequest, HttpResponse

# Where an answer says nothing itself. Pages have a policy of their own (`plexica.core.csp`); files,
# programs' answers and errors need nothing of a browser.
DEFAULTS = MappingProxyType(
    {
        "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "accelerometer=(), autoplay=(), camera=(), display-capture=(),"
        " encrypted-media=(), fullscreen=(self), geolocation=(), gyroscope=(), magnetometer=(),"
        " microphone=(), midi=(), payment=(), publickey-credentials-get=(), screen-wake-lock=(),"
        " usb=(), xr-spatial-tracking=()",
        "X-Frame-Options": "DENY",
    }
)


class SecurityHeadersMiddleware:
    """Adds the headers that an answer lacks; it stands before all others, static files too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Go on, and add to the answer."""
        response = self.get_response(request)
        for name, value in DEFAULTS.items():
            response.headers.setdefault(name, value)
        return response
