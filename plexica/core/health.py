"""Health: what this process depends on, whether it answers, and how quickly.

An app registers a check for each server that it talks to. The answers carry names, states and
latencies only: no address, no error text, no secret.
"""

import socket
import ssl
import time
from collections.abc import Callable
from concurrent.futures import wait
from dataclasses import dataclass

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from plexica.core.context import ContextThreadPool
from plexica.core.scope import platform_scope

Check = Callable[[], None]

CHECK_DEADLINE_SECONDS = 4.0
_MAX_PARALLEL_CHECKS = 8
_MAIL_SECONDS = 2.0
_GREETING_BYTES = 512

logger = structlog.get_logger(__name__)
_checks: dict[str, Check] = {}
# Those without which people can go on; `/health` does not ask them.
_lesser: set[str] = set()
_executor = ContextThreadPool(max_workers=_MAX_PARALLEL_CHECKS, thread_name_prefix="health")


@dataclass(frozen=True, slots=True)
class Health:
    """One dependency's state.

    Attributes:
        name: The dependency.
        is_up: Whether it answered as it should.
        latency_ms: How long the answer took, in milliseconds.
    """

    name: str
    is_up: bool
    latency_ms: float


def register_check(name: str, check: Check, *, is_vital: bool = True) -> None:
    """Add a dependency.

    Args:
        name: What it is called.
        check: Returns when it is up, raises when not, and bounds its own time.
        is_vital: Whether Plexica counts as down without it.
    """
    _checks[name] = check
    if not is_vital:
        _lesser.add(name)


def check_database() -> None:
    """Ask PostgreSQL for nothing, as the platform's role."""
    with platform_scope():
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        finally:
            connection.close()


def check_redis() -> None:
    """Ask Redis for a key."""
    cache.get("health")


def check_mail() -> None:
    """Open a connection to the mail server, and see it greet."""
    with socket.create_connection(
        (settings.EMAIL_HOST, settings.EMAIL_PORT), timeout=_MAIL_SECONDS
    ) as plain:
        connected = (
            ssl.create_default_context().wrap_socket(plain, server_hostname=settings.EMAIL_HOST)
            if settings.EMAIL_USE_SSL
            else plain
        )
        connected.settimeout(_MAIL_SECONDS)
        if not connected.recv(_GREETING_BYTES).startswith(b"220"):
            raise ConnectionError("It does not greet as a mail server does.")


register_check("database", check_database)
register_check("redis", check_redis)
register_check("mail", check_mail, is_vital=False)


def measure(name: str, check: Check) -> Health:
    """Run one check and time it."""
    started = time.monotonic()
    try:
        check()
    except Exception:
        logger.warning("dependency_down", dependency=name, exc_info=True)
        is_up = False
    else:
        is_up = True
    return Health(name, is_up, round((time.monotonic() - started) * 1000, 1))


def measure_all() -> list[Health]:
    """Run the vital checks side by side; one that does not come back in time counts as down."""
    return _measure([name for name in _checks if name not in _lesser])


def measure_each() -> list[Health]:
    """Run all checks side by side, those that people can do without, too."""
    return _measure(list(_checks))


def _measure(names: list[str]) -> list[Health]:
    futures = {name: _executor.submit(measure, name, _checks[name]) for name in names}
    wait(futures.values(), timeout=CHECK_DEADLINE_SECONDS)
    return [
        future.result()
        if future.done()
        else Health(name, is_up=False, latency_ms=CHECK_DEADLINE_SECONDS * 1000)
        for name, future in futures.items()
    ]


class HealthMiddleware:
    """Answers the health addresses before anything looks at the host name."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._routes = {
            "/health": _health,
            "/health/live": _live,
            "/health/ready": _ready,
        }

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, or go on."""
        view = self._routes.get(request.path_info.rstrip("/") or "/")
        if view is None:
            return self.get_response(request)
        if request.method not in {"GET", "HEAD"}:
            return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
        response = view()
        response["Cache-Control"] = "no-store"
        return response


def _health() -> HttpResponse:
    results = measure_all()
    down = [result.name for result in results if not result.is_up]
    return JsonResponse(
        {
            "status": "down" if down else "up",
            "down": down,
            "dependencies": {
                result.name: {
                    "status": "up" if result.is_up else "down",
                    "latency_ms": result.latency_ms,
                }
                for result in results
            },
        },
        status=503 if down else 200,
    )


def _live() -> HttpResponse:
    return JsonResponse({"status": "up"})


def _ready() -> HttpResponse:
    result = measure("database", check_database)
    return JsonResponse(
        {"status": "up" if result.is_up else "down"}, status=200 if result.is_up else 503
    )
