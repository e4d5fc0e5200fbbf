"""Where a person goes on after a login: a page of this host, and no other."""

from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest
from django.urls import reverse
from django.utils.encoding import iri_to_uri
from django.utils.http import url_has_allowed_host_and_scheme

MAX_CHARACTERS = 2000
HOME = "/"


def safe_next_path(target: str | None) -> str:
    """Return a path of this host, or the home page for anything else.

    Args:
        target: What a browser sent, such as `/settings/?tab=mail`.
    """
    if not target or len(target) > MAX_CHARACTERS or not target.startswith("/"):
        return HOME
    # It is kept in a cookie, in which letters beyond ASCII would take six times the room.
    address = iri_to_uri(target)
    if len(address) > MAX_CHARACTERS:
        return HOME
    # Browsers read a backslash as a slash, skip control characters, and read a host after "//".
    if target.startswith("//") or "\\" in target or not target.isprintable():
        return HOME
    if not url_has_allowed_host_and_scheme(target, allowed_hosts=None):
        return HOME
    # A login that ends where a login begins would go round for ever.
    return HOME if target.startswith(reverse("oidc_authentication_init")) else address


def is_from_script(request: HttpRequest) -> bool:
    """Return whether a script of a page asks, and not the person by going somewhere.

    Browsers say so themselves (`Sec-Fetch-Mode`); libraries have said it before them.
    """
    headers = request.headers
    return (
        headers.get("HX-Request") == "true"
        or headers.get("X-Requested-With") == "XMLHttpRequest"
        or headers.get("Sec-Fetch-Mode", "navigate") != "navigate"
    )


def wanted_path(request: HttpRequest) -> str:
    """Return the page that a person sees or asks for, to come back to after a login.

    What a script asks for is no page, so HTMX's header, or else the referrer, tells which page it
    is on; a form that was sent is shown again instead of being sent again.
    """
    if request.headers.get("HX-Request") == "true":
        return _path_here(request, request.headers.get("HX-Current-URL", ""))
    if request.method in {"GET", "HEAD"} and not is_from_script(request):
        return safe_next_path(request.get_full_path())
    return _path_here(request, request.headers.get("Referer", ""))


def login_address(next_path: str) -> str:
    """Return the address that begins a login and then goes on to a path of this host."""
    return f"{reverse('oidc_authentication_init')}?{urlencode({'next': next_path})}"


def _path_here(request: HttpRequest, address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        return HOME
    if parts.netloc != request.get_host():
        return HOME
    return safe_next_path(f"{parts.path}?{parts.query}" if parts.query else parts.path)
