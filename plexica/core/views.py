"""Views that Django calls by name."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from plexica.core.limits import API_PREFIX
from plexica.core.problems import problem_response


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
