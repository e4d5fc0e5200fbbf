"""Limits of what comes in that Django does not set itself."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from plexica.core.problems import problem_response

API_PREFIX = "/api/"


class HeadLimitMiddleware:
    """Refuses an address or headers that are too long, before anything looks at them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer 414 or 431, or go on."""
        target = len(request.path_info) + len(request.META.get("QUERY_STRING", ""))
        if target > settings.PLEXICA_MAX_URL_BYTES:
            return problem_response(
                status=414,
                code="address-too-long",
                detail=f"An address may have {settings.PLEXICA_MAX_URL_BYTES} bytes at most.",
            )
        headers = request.headers
        size = sum(len(name) + len(value) for name, value in headers.items())
        if len(headers) > settings.PLEXICA_MAX_HEADERS or size > settings.PLEXICA_MAX_HEADER_BYTES:
            return problem_response(
                status=431,
                code="headers-too-large",
                detail=f"A request may have {settings.PLEXICA_MAX_HEADERS} headers at most, of"
                f" {settings.PLEXICA_MAX_HEADER_BYTES} bytes in all.",
            )
        return self.get_response(request)


class BodyLimitMiddleware:
    """Refuses an API body that is too large before anything reads it.

    Django REST framework's parser reads past `DATA_UPLOAD_MAX_MEMORY_SIZE`, so the API has a limit
    of its own. A body without a length (chunked) is refused too: its end could not be known.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer 413 or 411, or go on."""
        if request.path_info.startswith(API_PREFIX):
            length = request.META.get("CONTENT_LENGTH") or "0"
            if request.META.get("HTTP_TRANSFER_ENCODING"):
                return problem_response(
                    status=411, code="length-required", detail="Send a Content-Length."
                )
            limit = _limit_of(request.path_info)
            if not length.isdecimal() or int(length) > limit:
                return problem_response(
                    status=413,
                    code="body-too-large",
                    detail=f"A request body may have {limit} bytes at most.",
                )
        return self.get_response(request)


def _limit_of(path: str) -> int:
    below = settings.PLEXICA_MAX_API_BYTES_BELOW.items()
    return int(
        settings.PLEXICA_MAX_API_FILE_BYTES.get(path)
        or next((limit for prefix, limit in below if path.startswith(prefix)), 0)
        or settings.PLEXICA_MAX_API_BODY_BYTES
    )
