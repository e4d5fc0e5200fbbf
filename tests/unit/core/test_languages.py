"""Which language and which time zone are chosen, and that they last for one request."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import RequestFactory
from django.utils import timezone, translation

from plexica.core.languages import (
    LanguageMiddleware,
    OwnLanguageMiddleware,
    browser_language,
    known_language,
    known_time_zone,
    prefer,
)


@dataclass
class Chooser:
    """What a tenant or a person has chosen."""

    locale: str = ""
    time_zone: str = ""


def answered(
    accept: str = "",
    *,
    tenant: Chooser | None = None,
    user: Chooser | None = None,
    path: str = "/",
    make: Callable[[], HttpResponseBase] = HttpResponse,
) -> tuple[str | None, str, HttpResponseBase]:
    """Return language and time zone inside a request, and its answer."""
    seen: list[tuple[str | None, str]] = []
    request = RequestFactory().get(path, headers={"Accept-Language": accept} if accept else {})
    request.user = user or Chooser()  # type: ignore[assignment] # stands for a user

    def view(_request: HttpRequest) -> HttpResponseBase:
        seen.append((translation.get_language(), timezone.get_current_timezone_name()))
        return make()

    def in_tenant(request: HttpRequest) -> HttpResponseBase:
        if tenant:
            prefer(request, locale=tenant.locale, time_zone=tenant.time_zone)
        return OwnLanguageMiddleware(view)(request)

    response = LanguageMiddleware(in_tenant)(request)
    return *seen[0], response


@pytest.mark.parametrize(
    ("code", "language"),
    [
        ("it", "it"),
        ("it-IT", "it"),
        ("it_CH", "it"),
        ("IT", "it"),
        ("en-GB", "en"),
        ("de", None),
        ("", None),
        ("itt", None),
        ("../../etc/passwd", None),
        ("x" * 10_000, None),
        ("it\0", None),
    ],
)
def test_a_code_means_a_language_of_ours_or_none(code: str, language: str | None) -> None:
    assert known_language(code) == language


@pytest.mark.parametrize(
    "name", ["", "Europe", "Europe/Atlantis", "../etc/passwd", "/etc/localtime", "x" * 300]
)
def test_only_time_zones_that_there_are_are_known(name: str) -> None:
    assert known_time_zone(name) is None
    assert str(known_time_zone("Europe/Rome")) == "Europe/Rome"


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("it", "it"),
        ("it-IT,it;q=0.9,en;q=0.8", "it"),
        ("de-DE,de;q=0.9,it;q=0.5,en;q=0.1", "it"),
        ("en;q=0.5,it;q=0.7", "it"),
        ("*,it;q=0.1", "en"),
        ("de", "en"),
        ("", "en"),
        ("it;q=0", "en"),
        ("it;q=nonsense,,;;", "en"),
    ],
)
def test_the_browser_is_given_what_it_likes_best(accept: str, language: str) -> None:
    request = RequestFactory().get("/", headers={"Accept-Language": accept})
    assert browser_language(request) == language


ITALIAN, ENGLISH = Chooser("it", "Europe/Rome"), Chooser("en", "America/New_York")
UNKNOWN = Chooser("xx-nowhere", "Mars/Olympus")


@pytest.mark.parametrize(
    ("accept", "tenant", "user", "expected"),
    [
        ("it", None, None, ("it", "UTC")),
        ("en", ITALIAN, None, ("it", "Europe/Rome")),
        ("it", ITALIAN, ENGLISH, ("en", "America/New_York")),
        ("en", ENGLISH, ITALIAN, ("it", "Europe/Rome")),
        ("en", None, ITALIAN, ("it", "Europe/Rome")),
        ("en", ITALIAN, Chooser("", "Asia/Tokyo"), ("it", "Asia/Tokyo")),
        ("it", UNKNOWN, UNKNOWN, ("it", "UTC")),
        ("en", ITALIAN, UNKNOWN, ("it", "Europe/Rome")),
    ],
)
def test_ones_own_choice_comes_before_the_tenants_and_that_before_the_browsers(
    accept: str, tenant: Chooser | None, user: Chooser | None, expected: tuple[str, str]
) -> None:
    language, time_zone, response = answered(accept, tenant=tenant, user=user)
    assert (language, time_zone) == expected
    assert response.headers["Content-Language"] == expected[0]
    assert response.headers["Vary"] == "Accept-Language"


def test_programs_are_answered_in_english_and_utc() -> None:
    language, time_zone, response = answered(
        "it", tenant=ITALIAN, user=ITALIAN, path="/api/users", make=lambda: JsonResponse({})
    )
    assert (language, time_zone) == ("en", "UTC")
    assert "Content-Language" not in response.headers
    assert "Vary" not in response.headers


def test_what_holds_no_words_is_one_answer_for_all() -> None:
    _, _, response = answered("it", make=lambda: HttpResponse(b"", content_type="image/png"))
    assert "Content-Language" not in response.headers
    assert "Vary" not in response.headers


def test_a_choice_ends_with_its_request() -> None:
    before = translation.get_language(), timezone.get_current_timezone_name()
    answered(user=ITALIAN)
    assert (translation.get_language(), timezone.get_current_timezone_name()) == before
    assert answered()[:2] == ("en", "UTC")


def test_a_body_that_is_made_while_it_is_sent_is_in_the_same_language() -> None:
    def body() -> Iterator[str]:
        for _ in range(2):
            yield f"{translation.get_language()} {timezone.get_current_timezone_name()}"

    _, _, response = answered(user=ITALIAN, make=lambda: StreamingHttpResponse(body()))
    assert isinstance(response, StreamingHttpResponse)
    for chunk in response:
        assert chunk == b"it Europe/Rome"
        assert translation.get_language() == "en"
