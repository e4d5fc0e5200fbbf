"""How much a browser may send to a page; the API has `plexica.core.limits`."""

from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_noop

from plexica.core.error_pages import error_page
from plexica.core.errors import PlexicaError
from plexica.core.limits import API_PREFIX


class PageTooLarge(PlexicaError):
    """What a browser sends is larger than any form of ours."""

    code = "body-too-large"
    title = gettext_noop("What you sent is too large. Choose smaller files, and try again.")
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class PageLimitMiddleware:
    """Refuses what is larger than any form, before Django reads it and keeps its files on disk."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer 413, or go on."""
        length = request.META.get("CONTENT_LENGTH") or "0"
        path = request.path_info
        if path.startswith(API_PREFIX) or not length.isdecimal() or int(length) <= _limit(path):
            return self.get_response(request)
        return error_page(request, PageTooLarge())


def _limit(path: str) -> int:
    for place, limit in settings.PLEXICA_MAX_PAGE_FILE_BYTES.items():
        if path.startswith(place):
            return int(limit)
    return int(settings.PLEXICA_MAX_PAGE_BODY_BYTES)
