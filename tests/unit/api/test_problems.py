import json
from typing import Any

import pytest
import structlog
from django.core.exceptions import PermissionDenied, SuspiciousOperation, TooManyFieldsSent
from django.db import InterfaceError, OperationalError
from django.http import Http404
from rest_framework import exceptions

from plexica.core.errors import Conflict, InvalidInput, TransientError
from plexica.core.problems import exception_handler, problem

SECRET = "postgres://plexica:hunter2@10.0.0.1/plexica"


@pytest.fixture(autouse=True)
def _no_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no database here, so no transaction to mark."""
    monkeypatch.setattr("plexica.core.problems.set_rollback", lambda: None)


def answer(error: Exception) -> tuple[Any, dict[str, Any]]:
    response = exception_handler(error, {})
    return response, json.loads(response.content)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Http404(SECRET), 404, "not-found"),
        (PermissionDenied(SECRET), 403, "permission-refused"),
        (SuspiciousOperation(SECRET), 400, "invalid-input"),
        (TooManyFieldsSent(SECRET), 400, "invalid-input"),
        (OperationalError(SECRET), 503, "service-unavailable"),
        (InterfaceError(SECRET), 503, "service-unavailable"),
        (RuntimeError(SECRET), 500, "internal-error"),
        (KeyError(SECRET), 500, "internal-error"),
        (TransientError("Keycloak does not answer."), 503, "service-unavailable"),
        (exceptions.NotFound(), 404, "not-found"),
        (exceptions.ParseError("Bad."), 400, "malformed-body"),
        (exceptions.MethodNotAllowed("PUT"), 405, "method-not-allowed"),
        (exceptions.UnsupportedMediaType("text/plain"), 415, "unsupported-media-type"),
        (exceptions.NotAcceptable(), 406, "not-acceptable"),
        (exceptions.Throttled(wait=1.2), 429, "too-many-requests"),
        (Conflict("No."), 409, "conflict"),
    ],
)
def test_every_error_is_a_problem_and_keeps_its_secrets(
    error: Exception, status: int, code: str
) -> None:
    response, body = answer(error)
    assert response.status_code == body["status"] == status
    assert body["type"] == f"urn:plexica:problem:{code}"
    assert body["title"]
    assert body["detail"]
    assert response["Content-Type"] == "application/problem+json"
    assert response["Cache-Control"] == "no-store"
    assert "hunter2" not in response.content.decode()
    assert "Traceback" not in response.content.decode()


def test_says_when_to_come_back() -> None:
    assert answer(exceptions.Throttled(wait=1.2))[0]["Retry-After"] == "2"
    assert int(answer(OperationalError())[0]["Retry-After"]) > 0


def test_challenges_who_has_no_token() -> None:
    error = exceptions.NotAuthenticated()
    error.auth_header = "Bearer"  # type: ignore[attr-defined] # as REST framework does
    assert answer(error)[0]["WWW-Authenticate"] == "Bearer"


def test_names_each_field_with_each_message() -> None:
    _response, body = answer(InvalidInput("See.", fields={"name": ["Too long.", "Odd."]}))
    assert body["errors"] == [
        {"field": "name", "detail": "Too long."},
        {"field": "name", "detail": "Odd."},
    ]


def test_flattens_what_serializers_say() -> None:
    error = exceptions.ValidationError(
        {"tags": {0: ["Bad."]}, "non_field_errors": ["Whole."], "inner": [{}, {"x": ["Deep."]}]}
    )
    fields = {entry["field"]: entry["detail"] for entry in answer(error)[1]["errors"]}
    assert fields == {"tags.0": "Bad.", "": "Whole.", "inner[1].x": "Deep."}


def test_carries_the_request_id() -> None:
    with structlog.contextvars.bound_contextvars(request_id="abc"):
        assert problem(status=400, code="x", detail="y")["request_id"] == "abc"
    assert "request_id" not in problem(status=400, code="x", detail="y")
