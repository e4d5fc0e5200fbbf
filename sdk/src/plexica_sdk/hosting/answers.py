"""Answers of the SDK itself: problems for programs, a sentence for people."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from plexica_sdk.hosting.context import current_or_none

PROBLEM = "application/problem+json"
_FOR_PEOPLE = {"page", "fragment", "widget"}


def problem(status: int, detail: str) -> JsonResponse:
    """Return an error for a program (RFC 9457).

    Args:
        status: Its HTTP status.
        detail: What is wrong, in words.
    """
    body = {"type": "about:blank", "status": status, "detail": detail}
    return JsonResponse(body, status=status, content_type=PROBLEM)


def refusal(status: int, detail: str) -> HttpResponse:
    """Return an error in the form that the present request asks for: a page's, or a program's.

    Args:
        status: Its HTTP status.
        detail: What is wrong, in words.
    """
    context = current_or_none()
    if context and context.via in _FOR_PEOPLE:
        return HttpResponse(format_html("<p>{}</p>", detail), status=status)
    return problem(status, detail)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what Django does not accept."""
    del request, exception
    return refusal(400, _("This request is not one that can be answered."))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what somebody may not do."""
    del request
    return refusal(403, str(exception) or _("You may not do this."))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what is not there. Which addresses there are is nobody's business."""
    del request, exception
    return refusal(404, _("There is nothing here."))


def failed(request: HttpRequest) -> HttpResponse:
    """Answer where the plugin made a mistake; the log says which."""
    del request
    return refusal(500, _("The plugin made a mistake."))
