"""The child of `bench metrics`: a request that does nothing, counted and not."""

import json
import statistics
import sys
from collections.abc import Callable
from time import perf_counter
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import django

if TYPE_CHECKING:
    from plexica.core.postgresql.base import DatabaseWrapper

Act = Callable[[], object]


def main() -> None:
    """Measure, and print the figures as JSON."""
    size = json.loads(sys.argv[1])
    django.setup()
    counted, uncounted = _requests(size["statements"], size["checks"])
    times: dict[str, list[float]] = {"counted": [], "uncounted": []}
    for _ in range(size["requests"]):
        # In turns, so that what else the machine does falls on both alike.
        times["counted"].append(_timed(counted))
        times["uncounted"].append(_timed(uncounted))
    found: dict[str, Any] = {name: _figures(each) for name, each in times.items()}
    found["added_p50_us"] = round(found["counted"]["p50_us"] - found["uncounted"]["p50_us"], 1)
    print(json.dumps(found))


def _requests(statements: int, checks: int) -> tuple[Act, Act]:
    from django.db import connections  # noqa: PLC0415 (Django is set up now)
    from django.http import HttpRequest, HttpResponse  # noqa: PLC0415

    from plexica.core.observe.requests import MetricsMiddleware  # noqa: PLC0415
    from plexica.rbac.metrics import IN_PROCESS  # noqa: PLC0415

    database = cast("DatabaseWrapper", connections["default"])
    (count,) = database.execute_wrappers
    request, response = HttpRequest(), HttpResponse()
    request.method, request.urlconf = "GET", "plexica.urls_workspace"
    request.resolver_match = cast("Any", SimpleNamespace(view_name="workspace:dashboard"))

    def send(*_: object) -> None:
        """Be a statement."""

    def view(_request: HttpRequest) -> HttpResponse:
        for _ in range(statements):
            count(send, "", None, False, {})
        for _ in range(checks):
            IN_PROCESS.inc()
        return response

    def bare(_request: HttpRequest) -> HttpResponse:
        for _ in range(statements):
            send("", None, False, {})
        for _ in range(checks):
            pass
        return response

    middleware = MetricsMiddleware(view)
    return lambda: middleware(request), lambda: bare(request)


def _timed(act: Act) -> float:
    began = perf_counter()
    act()
    return (perf_counter() - began) * 1_000_000


def _figures(times: list[float]) -> dict[str, float]:
    return {
        "p50_us": round(statistics.median(times), 1),
        "p95_us": round(statistics.quantiles(times, n=20)[-1], 1),
    }


if __name__ == "__main__":
    main()
