"""What a guard answers to somebody who is not logged in."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.cache import add_never_cache_headers, patch_vary_headers

from plexica.identity.next_page import login_address, wanted_path


def login_needed(request: HttpRequest) -> HttpResponse:
    """Return what tells a browser to log in.

    A page is redirected. HTMX cannot follow a redirect to another host, so its requests get 401
    with `HX-Redirect`, which makes it load the login as a page.
    """
    address = login_address(wanted_path(request))
    response: HttpResponse
    if request.headers.get("HX-Request") == "true":
        response = HttpResponse(status=401, headers={"HX-Redirect": address})
    else:
        response = HttpResponseRedirect(address)
    patch_vary_headers(response, ["HX-Request", "Cookie"])
    add_never_cache_headers(response)
    return response
