"""What `bench._pages` does once Django is set up."""

import re
import statistics
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from importlib import import_module
from typing import Any

import requests
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver

from bench.pages import FLOOR
from plexica.core.actor import SYSTEM
from plexica.core.scope import platform_scope
from plexica.identity.models import User
from plexica.rbac.models import Role
from plexica.rbac.services import assign_role
from plexica.rbac.system_roles import OWNER, SUPER_ADMIN
from tenants.models import Tenant
from tenants.scopes import tenant_scope

TIMEOUT_SECONDS = 30
WARM_UP = 3
_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(frozen=True, slots=True)
class Site:
    """One host, with somebody who is logged in there.

    Attributes:
        host: Its name and port.
        urlconf: Its addresses.
        client: Their browser within this process, which counts queries.
        values: What stands in the place of parameters.
    """

    host: str
    urlconf: str
    client: Client
    values: dict[str, str]

    def paths(self) -> Iterator[str]:
        """Find every address for which all parameters are known."""
        for route in _routes(import_module(self.urlconf).urlpatterns, "/"):
            names = set(_PARAMETER.findall(route))
            if names <= set(self.values) and not route.startswith(("/api/", "/oidc/")):
                yield _PARAMETER.sub(lambda found: self.values[found[1]], route)


def measure(*, rounds: int, people: int) -> dict[str, dict[str, float]]:
    """Ask for every page, and for the floor.

    Args:
        rounds: How often each is asked for.
        people: How many people the tenant has.
    """
    floor = _time(requests.Session(), FLOOR, host=_host(), rounds=rounds)
    found: dict[str, dict[str, float]] = {FLOOR: floor}
    for site in (_console(), _workspace(people)):
        session = requests.Session()
        session.headers["Cookie"] = f"session={site.client.cookies['session'].value}"
        for path in site.paths():
            queries = _count_queries(site, path)
            if queries is not None:
                name = f"{site.host.partition(':')[0]}{path}"
                found[name] = {
                    **_time(session, path, host=site.host, rounds=rounds),
                    "queries": queries,
                }
    return found


def _time(session: requests.Session, path: str, *, host: str, rounds: int) -> dict[str, float]:
    seconds, size = [], 0
    for number in range(WARM_UP + rounds):
        # The name leads nowhere outside of browsers.
        answer = session.get(
            f"http://127.0.0.1:{settings.PLEXICA_PORT}{path}",
            headers={"Host": host},
            timeout=TIMEOUT_SECONDS,
            allow_redirects=False,
            stream=True,
        )
        elapsed = answer.elapsed.total_seconds()
        size = len(answer.raw.read())
        if answer.status_code != HTTPStatus.OK:
            raise RuntimeError(f"{host}{path}: {answer.status_code}")
        if number >= WARM_UP:
            seconds.append(elapsed)
    cuts = statistics.quantiles(seconds, n=20)
    return {
        "p50_ms": round(statistics.median(seconds) * 1000, 1),
        "p95_ms": round(cuts[-1] * 1000, 1),
        "bytes": size,
    }


def _count_queries(site: Site, path: str) -> int | None:
    """Count the queries of a page that has been shown before; None if it is no page."""
    for _each in range(2):
        with platform_scope(), CaptureQueriesContext(connection) as captured:
            answer: Any = site.client.get(path)
    is_page = answer.status_code == HTTPStatus.OK and not answer.streaming
    is_page = is_page and b"<html" in answer.content[:200]
    return len(captured) if is_page else None


def _console() -> Site:
    with platform_scope():
        run = Tenant.objects.get(slug="acme").runs.latest("created_at")
        user = _user("Stella")
        assign_role(holder=user, role=SUPER_ADMIN, actor=SYSTEM)
        values = {"slug": "acme", "run_id": str(run.pk), "user_id": str(user.pk)}
        return Site(_host(), "plexica.urls_console", _browser(user, _host()), values)


def _workspace(people: int) -> Site:
    with platform_scope():
        tenant = Tenant.objects.get(slug="acme")
    with tenant_scope(tenant):
        for number in range(people):
            assign_role(holder=_user(f"Person {number}"), role="member", actor=SYSTEM)
        user = _user("Ada")
        assign_role(holder=user, role=OWNER, actor=SYSTEM)
        values = {"user_id": str(user.pk), "key": Role.objects.get(key=OWNER).key}
        host = f"acme.{_host()}"
        return Site(host, "plexica.urls_workspace", _browser(user, host), values)


def _browser(user: User, host: str) -> Client:
    client = Client(headers={"host": host})
    client.force_login(user)
    return client


def _user(name: str) -> User:
    subject = uuid.uuid4().hex
    return User.objects.create(
        issuer="http://bench", subject=subject, first_name=name, email=f"{subject}@acme.example"
    )


def _host() -> str:
    return f"{settings.PLEXICA_BASE_DOMAIN}{settings.PLEXICA_PORT_SUFFIX}"


def _routes(patterns: Sequence[URLPattern | URLResolver], before: str) -> Iterator[str]:
    for each in patterns:
        route = before + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from _routes(each.url_patterns, route)
        else:
            yield route
