"""Errors of the API as problem details for HTTP APIs (RFC 9457)."""

from collections.abc import Mapping
from http import HTTPStatus
from math import ceil
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, JsonResponse
from rest_framework import exceptions
from rest_framework.views import set_rollback

from plexica.core.errors import (
    InvalidInput,
    NotFound,
    OutwardError,
    PermissionRefused,
    PlexicaError,
    ServiceUnavailable,
)
from plexica.core.rate_limits import TooManyTries

CONTENT_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:plexica:problem:"
RETRY_AFTER_SECONDS = 5

logger = structlog.get_logger(__name__)

# The codes of Django REST framework's own errors; what is not here is `invalid-request`.
_FRAMEWORK_CODES: dict[type[exceptions.APIException], str] = {
    exceptions.AuthenticationFailed: "not-authenticated",
    exceptions.NotAuthenticated: "not-authenticated",
    exceptions.PermissionDenied: "permission-refused",
    exceptions.NotFound: "not-found",
    exceptions.MethodNotAllowed: "method-not-allowed",
    exceptions.NotAcceptable: "not-acceptable",
    exceptions.UnsupportedMediaType: "unsupported-media-type",
    exceptions.ParseError: "malformed-body",
    exceptions.Throttled: "too-many-requests",
}


def problem(
    *,
    status: int,
    code: str,
    detail: str,
    title: str = "",
    fields: dict[str, list[str]] | None = None,
    **extensions: Any,
) -> dict[str, Any]:
    """Return the members of a problem (RFC 9457, section 3.1).

    Args:
        status: The HTTP status code.
        code: The stable part of `type`.
        detail: What happened this time, and what to do.
        title: What kind of problem it is; the status code's phrase by default.
        fields: What is wrong with which field.
        extensions: Further members.
    """
    body: dict[str, Any] = {
        "type": f"{TYPE_PREFIX}{code}",
        "title": title or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if fields:
        body["errors"] = [
            {"field": name, "detail": message}
            for name, messages in fields.items()
            for message in messages
        ]
    if request_id := structlog.contextvars.get_contextvars().get("request_id"):
        body["request_id"] = request_id
    return body | extensions


def problem_response(
    *,
    status: int,
    code: str,
    detail: str,
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> JsonResponse:
    """Return a problem as a response, which no cache keeps.

    It is a plain Django response, so that no renderer of REST framework, chosen by what the caller
    would have accepted, makes anything else of it.

    Args:
        status: The HTTP status code.
        code: The stable part of `type`.
        detail: What happened this time, and what to do.
        headers: Further headers.
        members: Further members; see `problem`.
    """
    return JsonResponse(
        problem(status=status, code=code, detail=detail, **members),
        status=status,
        content_type=CONTENT_TYPE,
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def headers_of(error: PlexicaError) -> dict[str, str]:
    """Return the headers that go with an error, as a problem and as a page."""
    if isinstance(error, ServiceUnavailable):
        return {"Retry-After": str(RETRY_AFTER_SECONDS)}
    if isinstance(error, TooManyTries):
        return {"Retry-After": str(error.retry_after)}
    return {}


def exception_handler(error: Exception, context: dict[str, Any]) -> JsonResponse:
    """Turn what an API view raised into a problem (REST framework's `EXCEPTION_HANDLER`).

    An error that nobody foresaw is logged whole and answered with no more than that it happened.
    """
    error = _as_ours(error)
    set_rollback()
    if isinstance(error, PlexicaError):
        return problem_response(
            status=error.status,
            code=error.code,
            title=error.title,
            detail=error.detail,
            fields=error.fields,
            headers=headers_of(error),
            **error.members,
        )
    if isinstance(error, exceptions.ValidationError):
        return problem_response(
            status=400,
            code="invalid-input",
            title="Some values are not acceptable",
            detail="See errors for what is wrong with which field.",
            fields=_flatten(error.detail),
        )
    if isinstance(error, exceptions.APIException):
        return _framework_problem(error)
    view = context.get("view")
    logger.error("api_failed", view=type(view).__name__, exc_info=error)
    return problem_response(
        status=500,
        code="internal-error",
        detail="The request failed on our side; it is logged under its request id.",
    )


def _as_ours(error: Exception) -> Exception:
    """Return the error of ours that says the same as one of Django's, or else the error itself."""
    if isinstance(error, Http404):
        return NotFound()
    if isinstance(error, PermissionDenied):
        return PermissionRefused()
    if isinstance(error, SuspiciousOperation):
        # Its words name Django's settings.
        return InvalidInput("The request is not acceptable.")
    if isinstance(error, OperationalError | InterfaceError):
        logger.error("database_unavailable", exc_info=error)
        return ServiceUnavailable("The database does not answer. Try again soon.")
    if isinstance(error, OutwardError):
        logger.warning("server_unavailable", exc_info=error)
        return ServiceUnavailable(str(error))
    return error


def _framework_problem(error: exceptions.APIException) -> JsonResponse:
    headers: dict[str, str] = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(ceil(wait))
    return problem_response(
        status=error.status_code,
        code=_FRAMEWORK_CODES.get(type(error), "invalid-request"),
        detail=_first_message(error.detail),
        headers=headers,
    )


def _first_message(detail: Any) -> str:
    while isinstance(detail, list | dict) and detail:
        detail = next(iter(detail.values())) if isinstance(detail, dict) else detail[0]
    return str(detail)


def _flatten(detail: Any, prefix: str = "") -> dict[str, list[str]]:
    if isinstance(detail, dict):
        found: dict[str, list[str]] = {}
        for name, inner in detail.items():
            key = "" if name == "non_field_errors" else str(name)
            found |= _flatten(inner, f"{prefix}.{key}" if prefix and key else prefix or key)
        return found
    if isinstance(detail, list):
        if all(not isinstance(item, dict | list) for item in detail):
            return {prefix: [str(item) for item in detail]}
        found = {}
        for position, item in enumerate(detail):
            found |= _flatten(item, f"{prefix}[{position}]")
        return found
    return {prefix: [str(detail)]}
