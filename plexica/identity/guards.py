"""What a guard answers to somebody who is not logged in."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.cache import add_never_cache_headers, patch_vary_headers

from plexica.identity.next_page import is_from_script, login_address, wanted_path


def login_needed(request: HttpRequest) -> HttpResponse:
    """Return what tells a browser to log in.

    A page is redirected. Scripts cannot follow a redirect to another host, so their requests get
    401 with `HX-Redirect`, which makes HTMX load the login as a page, and tells others where it is.
    """
    address = login_address(wanted_path(request))
    response: HttpResponse
    if is_from_script(request):
        response = HttpResponse(status=401, headers={"HX-Redirect": address})
    else:
        response = HttpResponseRedirect(address)
    patch_vary_headers(response, ["HX-Request", "Sec-Fetch-Mode", "Cookie"])
    add_never_cache_headers(response)
    return response
