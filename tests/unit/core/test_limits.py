import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from plexica.core.limits import BodyLimitMiddleware, HeadLimitMiddleware

LIMIT = 64 * 1024


def _status(path: str, **headers: str) -> int:
    def reached(request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=204)

    request = RequestFactory().generic("POST", path)
    request.META.update(headers)
    return BodyLimitMiddleware(reached)(request).status_code


@pytest.mark.parametrize(
    ("length", "status"),
    [("", 204), ("0", 204), (str(LIMIT), 204), (str(LIMIT + 1), 413)]
    + [(text, 413) for text in ("-1", "1e3", "²", "٣ ", "0x10", "x")],
)
def test_only_a_body_within_the_limit_gets_through(length: str, status: int) -> None:
    assert _status("/api/tenants", CONTENT_LENGTH=length) == status


def test_a_body_of_unknown_length_is_refused() -> None:
    assert _status("/api/tenants", HTTP_TRANSFER_ENCODING="chunked") == 411


def test_pages_have_djangos_own_limits() -> None:
    assert _status("/tenants/new/", CONTENT_LENGTH=str(LIMIT * 2)) == 204


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/tenants/", {}, 204),
        (f"/tenants/?q={'x' * 8000}", {}, 204),
        (f"/tenants/?q={'x' * 8200}", {}, 414),
        (f"/{'x' * 8200}/", {}, 414),
        ("/tenants/", {"HTTP_COOKIE": "x" * 32_000}, 204),
        ("/tenants/", {"HTTP_COOKIE": "x" * 33_000}, 431),
        ("/tenants/", {f"HTTP_X_{number}": "x" for number in range(98)}, 204),
        ("/tenants/", {f"HTTP_X_{number}": "x" for number in range(101)}, 431),
    ],
)
def test_addresses_and_headers_have_a_limit(
    path: str, headers: dict[str, str], status: int
) -> None:
    def reached(request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=204)

    request = RequestFactory().get(path)
    request.META.update(headers)
    answer = HeadLimitMiddleware(reached)(request)
    assert answer.status_code == status
    if status != 204:
        assert answer["Content-Type"] == "application/problem+json"
