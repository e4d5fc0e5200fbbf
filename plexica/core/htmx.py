"""One view, two answers: the whole page, or the part of it that HTMX asks for."""

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers, patch_vary_headers

if TYPE_CHECKING:
    from django_htmx.middleware import HtmxDetails


def wants_fragment(request: HttpRequest) -> bool:
    """Return whether HTMX asks for a part of the page.

    HTMX marks its request for a page of the history like any other of its requests, and needs the
    whole page then.
    """
    details: HtmxDetails = request.htmx  # type: ignore[attr-defined] # HtmxMiddleware sets it
    return bool(details) and not details.boosted and not details.history_restore_request


def render_page(
    request: HttpRequest,
    template: str,
    context: dict[str, Any] | None = None,
    *,
    fragment: str = "",
    status: int = 200,
) -> HttpResponse:
    """Render a page, or its fragment when HTMX asks.

    No cache keeps either: they show what one person may see, and the two differ under one address.

    Args:
        request: The request.
        template: The whole page.
        context: What both show.
        fragment: The part that HTMX puts in place; empty when there is only the page.
        status: The HTTP status code.
    """
    chosen = fragment if fragment and wants_fragment(request) else template
    response = render(request, chosen, context, status=status)
    patch_vary_headers(response, ["HX-Request", "HX-History-Restore-Request"])
    add_never_cache_headers(response)
    return response
