"""In which language and time zone somebody is spoken to (ADR 17).

Their own choice counts most, then the tenant's, then the browser's. Whoever learns of one asks for
it with `prefer`, the weakest first; it holds until the request ends. Programs are always answered
in English and in UTC.
"""

from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from typing import cast
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.translation.trans_real import parse_accept_lang_header

from plexica.core.limits import API_PREFIX

ENGLISH = "en"
_MAX_KEPT = 256
# What holds words, and so is another answer in another language.
_WORDED = ("text/html", "text/csv")

GetResponse = Callable[[HttpRequest], HttpResponseBase]


@lru_cache(maxsize=_MAX_KEPT)
def known_language(code: str) -> str | None:
    """Return the language of ours that a code such as `it`, `it-IT` or `it_CH` asks for, if any."""
    try:
        return translation.get_supported_language_variant(code.replace("_", "-").lower())
    except LookupError:
        return None


def known_time_zone(name: str) -> ZoneInfo | None:
    """Return a time zone by its IANA name, such as `Europe/Rome`, or None if there is none."""
    return ZoneInfo(name) if name in time_zone_names() else None


@cache
def time_zone_names() -> frozenset[str]:
    """Return the names of all time zones that there are."""
    return frozenset(available_timezones())


def browser_language(request: HttpRequest) -> str:
    """Return the language of ours that a browser likes best, or else English."""
    for code, quality in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
        if code == "*":
            break
        language = known_language(code)
        if language and quality > 0:
            return language
    return ENGLISH


def prefer(request: HttpRequest, *, locale: str, time_zone: str) -> None:
    """Go on in a language and a time zone; what is empty or not known leaves what was chosen.

    Args:
        request: What is answered now; a program's is left in English and UTC.
        locale: A language's code, as somebody chose it.
        time_zone: A time zone's name, the same.
    """
    if _is_of_programs(request):
        return
    if language := known_language(locale):
        translation.activate(language)
    if zone := known_time_zone(time_zone):
        timezone.activate(zone)


class LanguageMiddleware:
    """Begins each request with the browser's language and UTC, and ends what was chosen with it.

    It stands before all that answers with words, so that also what fails early has a language.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer in the language that is chosen, and say which that is."""
        language = ENGLISH if _is_of_programs(request) else browser_language(request)
        with (
            translation.override(language),
            timezone.override(timezone.get_default_timezone()),
        ):
            response = self.get_response(request)
            if not _is_of_programs(request):
                _name_language(response)
            if isinstance(response, StreamingHttpResponse) and not response.is_async:
                # Its body is made after this middleware has returned.
                response.streaming_content = _spoken(
                    cast("Iterator[bytes]", response.streaming_content),
                    translation.get_language(),
                    timezone.get_current_timezone_name(),
                )
            return response


class OwnLanguageMiddleware:
    """Goes on in the language and time zone that the person chose; it stands after the login's."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Go on."""
        if not _is_of_programs(request):
            user = request.user
            prefer(
                request,
                locale=getattr(user, "locale", ""),
                time_zone=getattr(user, "time_zone", ""),
            )
        return self.get_response(request)


def _is_of_programs(request: HttpRequest) -> bool:
    return request.path_info.startswith(API_PREFIX)


def _name_language(response: HttpResponseBase) -> None:
    # An answer that names its language already is the same for everybody.
    kind = response.headers.get("Content-Type", "")
    if kind.startswith(_WORDED) and "Content-Language" not in response.headers:
        response.headers["Content-Language"] = translation.get_language() or settings.LANGUAGE_CODE
        patch_vary_headers(response, ["Accept-Language"])


def _spoken(body: Iterator[bytes], language: str | None, time_zone: str) -> Iterator[bytes]:
    while True:
        with translation.override(language), timezone.override(time_zone):
            try:
                chunk = next(body)
            except StopIteration:
                return
        yield chunk
