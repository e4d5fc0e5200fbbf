"""Guards for views, as decorators."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils.cache import add_never_cache_headers, patch_vary_headers

from plexica.identity.next_page import login_address, wanted_path

P = ParamSpec("P")


def login_required(
    view: Callable[Concatenate[HttpRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Let only logged-in people see a view; others log in first and come back to it."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if request.user.is_authenticated:
            return view(request, *args, **kwargs)
        return login_needed(request)

    return guarded


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
