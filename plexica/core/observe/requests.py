"""Counts and times requests: nothing is asked of any server, and little is done in each."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.db import connections
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from prometheus_client import Counter, Histogram

from plexica.core.observe.metrics import (
    REQUEST_SECONDS,
    REQUESTS,
    REQUESTS_NOW,
    STATEMENT_SECONDS,
    STATEMENTS,
    STATEMENTS_A_REQUEST,
)

if TYPE_CHECKING:
    from plexica.core.postgresql.base import DatabaseWrapper

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SITES = {
    "plexica.urls_console": "console",
    "plexica.urls_workspace": "workspace",
    "plexica.urls_internal": "internal",
}
# The host led nowhere, or nobody had to look at it.
_NO_SITE = "none"


@dataclass(frozen=True, slots=True)
class _Meters:
    requests: Counter
    seconds: Histogram
    statements: Counter
    statement_seconds: Counter
    statements_a_request: Histogram


# By site, route, method and status: as many as there are routes, however many requests.
_meters: dict[tuple[str, str, str, int], _Meters] = {}


class MetricsMiddleware:
    """Counts each request under its route; the outermost, so that it sees every answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, and note how that went."""
        database = cast("DatabaseWrapper", connections["default"])
        statements, waited = database.statements, database.statement_seconds
        began = perf_counter()
        REQUESTS_NOW.inc()
        try:
            response = self._get_response(request)
        finally:
            REQUESTS_NOW.dec()
        meters = _meters_of(request, response.status_code)
        meters.seconds.observe(perf_counter() - began)
        meters.requests.inc()
        statements = database.statements - statements
        meters.statements_a_request.observe(statements)
        if statements:
            meters.statements.inc(statements)
            meters.statement_seconds.inc(database.statement_seconds - waited)
        return response


def route_of(request: HttpRequest) -> str:
    """Return the name of the route that a request was answered by: one of ours, never its path."""
    match = request.resolver_match
    if match is not None:
        return match.view_name or match.route
    path = request.path_info
    if path.startswith(settings.STATIC_URL):
        return "static"
    return "health" if path.startswith("/health") else "unresolved"


def site_of(request: HttpRequest) -> str:
    """Return which site a request was for: console, workspace, internal or none."""
    return _SITES.get(getattr(request, "urlconf", ""), _NO_SITE)


def _meters_of(request: HttpRequest, status: int) -> _Meters:
    method = request.method if request.method in METHODS else "other"
    key = (site_of(request), route_of(request), method, status // 100)
    found = _meters.get(key)
    if found is None:
        site, route, method, _ = key
        found = _meters[key] = _Meters(
            REQUESTS.labels(site, route, method, f"{status // 100}xx"),
            REQUEST_SECONDS.labels(site, route, method),
            STATEMENTS.labels(site, route),
            STATEMENT_SECONDS.labels(site, route),
            STATEMENTS_A_REQUEST.labels(site),
        )
    return found
