import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from plexica.core.page_limits import PageLimitMiddleware

MEGABYTE = 1024 * 1024


def answer(path: str, length: str) -> HttpResponse:
    def reached(request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=204)

    request = RequestFactory().generic("POST", path)
    request.META["CONTENT_LENGTH"] = length
    return PageLimitMiddleware(reached)(request)


@pytest.mark.parametrize(
    ("path", "length", "status"),
    [
        ("/settings/theme/", "", 204),
        ("/settings/theme/", str(4 * MEGABYTE), 204),
        ("/settings/theme/", str(4 * MEGABYTE + 1), 413),
        ("/", str(10**12), 413),
        ("/files/", str(4 * MEGABYTE + 1), 204),
        ("/files/", str(129 * MEGABYTE), 413),
        ("/api/anything", str(10**12), 204),
    ],
)
def test_only_what_a_form_can_be_gets_through(path: str, length: str, status: int) -> None:
    assert answer(path, length).status_code == status


def test_the_refusal_is_a_page_with_words() -> None:
    assert "What you sent is too large" in answer("/", str(10**12)).content.decode()
