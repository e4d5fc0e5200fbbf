"""The list of tenants, asked for through the whole application."""

import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from statistics import quantiles
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from plexica.core.actor import SYSTEM
from plexica.core.scope import platform_scope
from plexica.identity.models import User
from plexica.rbac.services import assign_role, ensure_system_roles
from plexica.rbac.system_roles import SUPER_ADMIN
from tenants.models import Tenant
from tenants.parts import configured_parts
from tenants.selectors import list_tenants

LIST = "/tenants/"
EXPORT = "/tenants.csv"
HTMX = {"HX-Request": "true"}
PAGE_ROWS = 25
_BATCH_ROWS = 1000
# Of a hundred tenants so many are not active, and so many are behind on an upgrade.
_NOT_ACTIVE = {1: "SUSPENDED", 2: "FAILED", 3: "DELETED", 4: "DELETING"}
_BEHIND = 10
PAGES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "first page": ({}, {}),
    "first page, table alone": ({}, HTMX),
    "last page": ({"page": "400"}, {}),
    "search by name": ({"q": "company 99"}, HTMX),
    "search by owner": ({"q": "owner-777"}, HTMX),
    "search for what is not there": ({"q": "no such tenant"}, HTMX),
    "state": ({"state": "SUSPENDED"}, HTMX),
    "behind": ({"version": "behind"}, HTMX),
    "created in a month": ({"since": "2025-01-01", "until": "2025-01-31"}, HTMX),
    "sorted by name": ({"sort": "name"}, HTMX),
    "sorted by owner": ({"sort": "-owner_email"}, HTMX),
    "sorted by change": ({"sort": "-updated_at"}, HTMX),
    "hundred rows, all columns": (
        {
            "size": "100",
            "columns": ["name", "slug", "state", "owner", "contact", "version", "created",
                        "activated", "updated", "realm", "bucket"],  # type: ignore[dict-item]
        },
        {},
    ),
}  # fmt: skip


def measure(*, tenants: int, requests: int) -> dict[str, Any]:
    """Return the figures of each page and of the file."""
    with platform_scope():
        _fill(tenants)
        client = _log_in()
        pages = {
            "floor: bare view, the same queries": _figures(_floor, requests),
            **{
                name: _figures(lambda q=query, h=headers: _get(client, LIST, q, h), requests)  # type: ignore[misc]
                for name, (query, headers) in PAGES.items()
            },
        }
        return {"pages": pages, "csv": _time_file(client, tenants)}


def _fill(tenants: int) -> None:
    now = timezone.now()
    present = {part.digest_field: part.present_digest() for part in configured_parts().values()}
    Tenant.objects.bulk_create(
        (
            Tenant(
                slug=f"company-{number}",
                name=f"Company {number} of {'NSEW'[number % 4]}",
                owner_email=f"owner-{number}@example.com",
                schema_name=f"t_company_{number}",
                realm=f"company-{number}",
                bucket=f"company-{number}",
                state=_NOT_ACTIVE.get(number % 100, "ACTIVE"),
                created_at=now - timedelta(hours=number * 2),
                **(present | ({"schema_digest": "0" * 64} if number % _BEHIND == 0 else {})),
            )
            for number in range(tenants)
        ),
        batch_size=_BATCH_ROWS,
    )


def _log_in() -> Client:
    ensure_system_roles()
    user = User.objects.create(issuer="https://id.example", subject=str(uuid.uuid4()))
    assign_role(holder=user, role=SUPER_ADMIN, actor=SYSTEM)
    client = Client(headers={"host": settings.PLEXICA_BASE_DOMAIN})
    client.force_login(user)
    return client


def _get(client: Client, path: str, query: dict[str, str], headers: dict[str, str]) -> None:
    answer = client.get(path, query, headers=headers)
    if answer.status_code != 200:  # noqa: PLR2004 (what HTTP calls well)
        raise RuntimeError(f"{path} {query}: {answer.status_code}")


def _floor() -> None:
    def view(_request: HttpRequest) -> HttpResponse:
        rows = list_tenants()
        lines = [f"{rows.count()}", *(f"{row.slug} {row.name}" for row in rows[:PAGE_ROWS])]
        return HttpResponse("\n".join(lines))

    view(RequestFactory().get("/"))


def _figures(ask: Callable[[], None], requests: int) -> dict[str, float]:
    ask()
    with CaptureQueriesContext(connection) as captured:
        ask()
    # Now, as the next request empties the log.
    queries = len(captured)
    taken = []
    for _number in range(requests):
        started = time.perf_counter()
        ask()
        taken.append((time.perf_counter() - started) * 1000)
    hundredths = quantiles(taken, n=100, method="inclusive")
    return {
        "p50_ms": round(hundredths[49], 1),
        "p95_ms": round(hundredths[94], 1),
        "queries": queries,
    }


def _time_file(client: Client, tenants: int) -> dict[str, float]:
    started = time.perf_counter()
    answer = client.get(EXPORT)
    parts = iter(answer.streaming_content)  # type: ignore[attr-defined] # it is a stream
    size = len(next(parts))
    first = time.perf_counter() - started
    lines = 1
    for part in parts:
        size += len(part)
        lines += part.count(b"\n")
    if lines != tenants + 1:
        raise RuntimeError(f"{lines} lines for {tenants} tenants.")
    seconds = time.perf_counter() - started
    return {
        "first_ms": round(first * 1000, 1),
        "seconds": round(seconds, 2),
        "bytes": size,
    }
