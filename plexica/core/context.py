"""What goes along when work leaves its thread or this process: the scope, and the request's id.

A new thread of Python's own starts with an empty context, in which no data is to be had. These
threads start with a copy of the context of whoever begins them.
"""

import re
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor  # noqa: TID251 (the one place)
from contextvars import copy_context
from functools import partial
from threading import Thread  # noqa: TID251 (the same)
from typing import ParamSpec, TypeVar

import structlog

from plexica.core.scope import current_scope_or_none

REQUEST_HEADER = "X-Request-ID"
TENANT_HEADER = "X-Plexica-Tenant"
# The id may be one that the caller of the request has chosen.
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")

P = ParamSpec("P")
T = TypeVar("T")


class ContextThreadPool(ThreadPoolExecutor):
    """A thread pool, each of whose calls runs in a copy of the context that it was submitted in."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have a function called by one of the threads."""
        return super().submit(partial(copy_context().run, fn, *args, **kwargs))


def start_thread(target: Callable[[], None], *, name: str, is_daemon: bool = False) -> Thread:
    """Start a thread in a copy of the present context.

    Args:
        target: What it does. It must close its database connection if it uses one.
        name: What logs call it.
        is_daemon: Whether the process may end without it.
    """
    thread = Thread(target=copy_context().run, args=(target,), name=name, daemon=is_daemon)
    thread.start()
    return thread


def outgoing_headers() -> dict[str, str]:
    """Return what tells a server that is called on whose behalf: the tenant, and the request's id.

    They are for its logs, so that a line there is found from a line here. They prove nothing.
    """
    headers = {}
    scope = current_scope_or_none()
    if scope is not None:
        headers[TENANT_HEADER] = scope.tenant_slug or "platform"
    if request_id := current_request_id():
        headers[REQUEST_HEADER] = request_id
    return headers


def current_request_id() -> str:
    """Return the id of the request that what runs now belongs to; empty where there is none."""
    found = structlog.contextvars.get_contextvars().get("request_id")
    return found if isinstance(found, str) and is_request_id(found) else ""


def is_request_id(text: str) -> bool:
    """Return whether a text has the form of a request's id."""
    return _REQUEST_ID.fullmatch(text) is not None
