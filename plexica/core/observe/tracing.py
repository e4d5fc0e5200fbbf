"""Traces: spans around requests, statements, tasks and calls of backends (ADR 24).

While they are off, which they are unless the settings name a collector, nothing here does
anything, and what makes and sends spans is not loaded.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import structlog
from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from structlog.typing import EventDict, WrappedLogger

from plexica.core.observe.requests import METHODS, route_of, site_of
from plexica.core.scope import current_scope_or_none

if TYPE_CHECKING:
    from plexica.core.observe.spans import Spans

# Its name in the W3C's Trace Context, and in messages of tasks.
TRACE_HEADER = "traceparent"
_SERVER_ERROR = 500

_spans: "Spans | None" = None
_NOTHING: AbstractContextManager[None] = nullcontext()


class Role(StrEnum):
    """On which side of a call a span is."""

    SERVER = "server"
    CLIENT = "client"
    CONSUMER = "consumer"
    INTERNAL = "internal"


def start_tracing(program: str) -> None:
    """Have this process send spans, if the settings name a collector.

    Args:
        program: Which program the process is of.
    """
    global _spans  # noqa: PLW0603 (set once, at start)
    if settings.PLEXICA_TRACE_ENDPOINT and _spans is None:
        from plexica.core.observe.spans import Spans  # noqa: PLC0415 (costs memory and time)

        _spans = Spans(program)


def stop_tracing() -> None:
    """Send what is left, and no more."""
    global _spans  # noqa: PLW0603 (the same)
    if _spans is not None:
        _spans.end()
        _spans = None


def span(
    name: str, role: Role = Role.INTERNAL, /, *, parent: str | None = None, **facts: str
) -> AbstractContextManager[None]:
    """Return a block's span; it begins within the present one.

    Args:
        name: What it is called; one of few names.
        role: On which side of a call it is.
        parent: The `traceparent` that it continues instead; empty: it begins a trace.
        facts: What it tells, by the names in `plexica.core.observe.spans`, without `plexica.`.
    """
    return _NOTHING if _spans is None else _spans.span(name, role, parent, facts)


def statement_span(text: object) -> AbstractContextManager[None]:
    """Return the span of a statement, of which only the first word is told."""
    if _spans is None or not _spans.is_recording():
        return _NOTHING
    words = text.split(None, 1) if isinstance(text, str) else []
    operation = words[0].upper() if words and words[0].isalpha() else "SQL"
    return _spans.span(operation, Role.CLIENT, None, {"statement": operation})


def note(**facts: str) -> None:
    """Tell more in the present span."""
    if _spans is not None:
        _spans.note(facts)


def carried() -> str:
    """Return the `traceparent` of the present span; empty while there is none."""
    return "" if _spans is None else _spans.carried()


def trace_headers() -> dict[str, str]:
    """Return what tells a server that is called to which trace the call belongs."""
    found = carried()
    return {TRACE_HEADER: found} if found else {}


def add_trace(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Add the trace's id to a line of the log."""
    if _spans is not None and (found := _spans.trace_id()):
        event.setdefault("trace_id", found)
    return event


class TraceMiddleware:
    """Begins a trace with each request, whatever the request says of one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        if not settings.PLEXICA_TRACE_ENDPOINT:
            raise MiddlewareNotUsed
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer within a span."""
        method = request.method if request.method in METHODS else "other"
        with span(method, Role.SERVER, parent=""):
            response = self._get_response(request)
            route, status = route_of(request), response.status_code
            note(method=method, route=route, site=site_of(request), status=str(status))
            if _spans is not None:
                _spans.rename(f"{method} {route}", has_failed=status >= _SERVER_ERROR)
        return response


def note_request() -> None:
    """Tell in the present span which request it is of, and of which tenant, as the log has it."""
    if _spans is not None:
        scope = current_scope_or_none()
        tenant = {"tenant": scope.tenant_slug or "platform"} if scope else {}
        _spans.note(bound() | tenant)


def bound() -> dict[str, str]:
    """Return what the log knows of the request or the task at hand."""
    known: Mapping[str, Any] = structlog.contextvars.get_contextvars()
    return {name: str(known[name]) for name in ("request_id", "task_id") if known.get(name)}


@contextmanager
def belonging_to(
    request_id: str | None, parent: str | None, name: str, **facts: str
) -> Iterator[None]:
    """Run a block as part of a request that may be over: in its trace, with its id in the log.

    Args:
        request_id: The request's id, if there was one.
        parent: Its `traceparent`, if it was traced.
        name: What the block's span is called.
        facts: What it tells; see `span`.
    """
    binding = {"request_id": request_id} if request_id else {}
    with (
        structlog.contextvars.bound_contextvars(**binding),
        span(name, Role.CONSUMER, parent=parent or None, **facts),
    ):
        yield
