"""Refusals and failures as pages, for the views that people use; the API has `core.problems`."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import select_template
from django.utils.translation import get_language, gettext

from plexica.core.errors import OutwardError, PermissionRefused, PlexicaError, ServiceUnavailable
from plexica.core.languages import ENGLISH
from plexica.core.limits import API_PREFIX
from plexica.core.problems import headers_of, problem_response


def error_page(request: HttpRequest, error: PlexicaError) -> HttpResponse:
    """Return an error as a page with the words that it carries.

    Args:
        request: The request that met it.
        error: What was met; its code chooses the page, or else its status.
    """
    names = (error.code.replace("-", "_"), error.status, 400)
    page = select_template([f"errors/{name}.html" for name in names])
    return HttpResponse(
        page.render({"error": error}, request), status=error.status, headers=headers_of(error)
    )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what Django itself could not accept (`handler400`); its own words stay inside."""
    del exception
    return answer_error(request, PlexicaError())


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer somebody who is known and may not (`handler403`)."""
    return answer_error(request, PermissionRefused(str(exception)))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 (Django's signature)
    """Say that a form was too old or came from elsewhere, and what to do."""
    return render(request, "errors/403_csrf.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 (Django's signature)
    """Answer an address that leads nowhere: a page for people, a problem for programs."""
    if request.path_info.startswith(API_PREFIX):
        return problem_response(
            status=404, code="not-found", detail="There is nothing at this address."
        )
    return render(request, "errors/404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer after an error that nobody foresaw, without any of its text."""
    if request.path_info.startswith(API_PREFIX):
        return problem_response(
            status=500,
            code="internal-error",
            detail="The request failed on our side; it is logged under its request id.",
        )
    return render(request, "errors/500.html", status=500)


def answer_error(request: HttpRequest, error: PlexicaError) -> HttpResponse:
    """Return an error as what its address answers with: a problem of the API, or a page."""
    if request.path_info.startswith(API_PREFIX):
        return problem_response(
            status=error.status,
            code=error.code,
            detail=error.detail,
            headers=headers_of(error),
            **error.members,
        )
    return error_page(request, error)


def words_of_failure(failure: OutwardError) -> str:
    """Return what a server's failure says, or its kind where only English has words for it."""
    words = str(failure)
    translated = gettext(words)
    is_in_it = translated != words or (get_language() or ENGLISH).startswith(ENGLISH)
    return translated if is_in_it else gettext(ServiceUnavailable.title)


class ErrorPageMiddleware:
    """Lets a view raise our errors and be done: this makes pages of them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Go on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer with a page, or leave an error that nobody foresaw to Django."""
        if isinstance(exception, OutwardError):
            exception = ServiceUnavailable(words_of_failure(exception))
        if isinstance(exception, PlexicaError):
            return answer_error(request, exception)
        return None
