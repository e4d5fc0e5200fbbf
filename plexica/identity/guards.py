"""What a guard answers to somebody who is not logged in, and the guard of what is one's own."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils.cache import add_never_cache_headers, patch_vary_headers

from plexica.identity.models import User
from plexica.identity.next_page import is_from_script, login_address, wanted_path

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]

# What a guard asks for: a permission's key, this for nothing but a login, or that for a permission
# which is known when the request is.
GUARD_ATTRIBUTE = "plexica_guard"
LOGIN = "login"
FOUND = "found"


def logged_in(view: View[P]) -> View[P]:
    """Let everybody see a view who is logged in: it shows and changes what is their own."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not isinstance(request.user, User) or not request.user.is_active:
            return login_needed(request)
        return view(request, *args, **kwargs)

    setattr(guarded, GUARD_ATTRIBUTE, LOGIN)
    return guarded


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
