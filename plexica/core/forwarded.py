"""Headers by which a proxy says what it was asked, believed from our own proxies only."""

from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import Any

from django.conf import settings

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_PREFIX = "HTTP_X_FORWARDED_"
_STANDARD = "HTTP_FORWARDED"  # RFC 7239


def only_from_proxies(application: Application) -> Application:
    """Return a WSGI application that does not see what others claim in the name of a proxy.

    Plugins and Keycloak reach the web server without the proxy, and could say that a request had
    come from anywhere. Without `PLEXICA_PROXY_NETWORKS` nothing is taken away.
    """

    def guarded(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not _is_proxy(environ.get("REMOTE_ADDR", "")):
            for name in [name for name in environ if name.startswith(_PREFIX)]:
                del environ[name]
            environ.pop(_STANDARD, None)
        return application(environ, start_response)

    return guarded


def _is_proxy(address: str) -> bool:
    networks = settings.PLEXICA_PROXY_NETWORKS
    if not networks:
        return True
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in networks)
