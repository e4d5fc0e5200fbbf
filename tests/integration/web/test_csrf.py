"""Forms of other origins: refused at every address that takes a POST, on both kinds of hosts."""

import re
from collections.abc import Iterator
from http import HTTPStatus
from importlib import import_module
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import URLPattern, URLResolver

from plexica.audit.models import AuditEntry
from plexica.core.actor import SYSTEM
from plexica.identity.models import User
from plexica.rbac.models import Role
from plexica.rbac.services import assign_role
from tenants.models import Tenant
from tenants.scopes import tenant_scope

# Who is called by programs, with a token and without a cookie, or only leads on; and the form of
# the console that begins a visit, whose origin is looked at there (tests of support).
EXEMPT = {"BackchannelLogoutView", "redirect_to_canonical", "support_enter"}
_CONVERTERS = {"uuid": str(uuid4()), "slug": "acme", "str": "acme", "int": "1", "path": "x/y"}
# What stands for a group of a route that is a regular expression.
_GROUPS = {"action": "suspend", "digest": "0" * 32, "ending": "png"}


def addresses(patterns: list[Any], prefix: str = "/") -> Iterator[tuple[str, Any]]:
    """Yield each address with what answers there; one value stands for all others."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, prefix + str(pattern.pattern))
        elif isinstance(pattern, URLPattern):
            yield prefix + filled(str(pattern.pattern)), pattern.callback


def filled(route: str) -> str:
    if route.startswith("^"):
        path = re.sub(r"\(\?P<(\w+)>[^()]*\)", lambda found: _GROUPS[found[1]], route)
        return path.removeprefix("^").removesuffix("$").replace("\\", "")
    return re.sub(r"<(?:(\w+):)?\w+>", lambda found: _CONVERTERS[found[1] or "str"], route)


def name_of(callback: Any) -> str:
    found = getattr(callback, "view_class", getattr(callback, "cls", callback))
    return str(found.__name__)


def is_of_api(callback: Any) -> bool:
    return hasattr(callback, "cls")


def foreign(host: str) -> list[str]:
    """Return the origins that are not a host's, however near to it."""
    return [
        "http://globex.localhost",
        f"http://evil.{host}",
        f"http://{host}.evil.example",
        f"http://{host}:1",
        f"https://{host}",
        "http://127.0.0.1",
        "http://evil.example",
        "null",
        "",
        *(["http://localhost"] if host != "localhost" else ["http://acme.localhost"]),
    ]


@pytest.fixture(params=["console", "workspace"])
def site(request: pytest.FixtureRequest, acme: Tenant) -> Iterator[tuple[str, str, Client]]:
    """A host, its addresses, and somebody who may do everything there."""
    if request.param == "console":
        user = User.objects.create(issuer="http://test", subject=uuid4().hex)
        assign_role(holder=user, role="super-admin", actor=SYSTEM)
        client = Client(headers={"Host": "localhost"}, enforce_csrf_checks=True)
        client.force_login(user)
        yield "localhost", settings.PUBLIC_SCHEMA_URLCONF, client
        return
    with tenant_scope(acme):
        user = User.objects.create(issuer="http://test", subject=uuid4().hex)
        assign_role(holder=user, role="owner", actor=SYSTEM)
        client = Client(headers={"Host": "acme.localhost"}, enforce_csrf_checks=True)
        client.force_login(user)
    yield "acme.localhost", settings.ROOT_URLCONF, client
    with tenant_scope(acme):
        user.role_assignments.all().delete()
        user.delete()


def state(acme: Tenant) -> tuple[Any, ...]:
    found = [Session.objects.count(), AuditEntry.objects.count()]
    with tenant_scope(acme):
        return (
            *found,
            Session.objects.count(),
            AuditEntry.objects.count(),
            sorted(Role.objects.values_list("key", "name")),
        )


def test_a_form_of_another_origin_is_refused_everywhere(
    site: tuple[str, str, Client], acme: Tenant
) -> None:
    host, urlconf, client = site
    client.get("/oidc/logged-out/")
    client.get("/tenants/" if host == "localhost" else "/")
    token = client.cookies["csrf"].value
    before = state(acme)
    seen = 0
    for address, callback in addresses(import_module(urlconf).urlpatterns):
        if is_of_api(callback) or name_of(callback) in EXEMPT:
            continue
        seen += 1
        for origin in foreign(host):
            # Even with the token and its cookie, which a sibling may have set.
            answer = client.post(
                address, {"name": "Forged"}, headers={"Origin": origin, "X-CSRFToken": token}
            )
            assert answer.status_code == HTTPStatus.FORBIDDEN, (address, origin)
            assert "no longer valid" in answer.content.decode(), (address, origin)
        for sent in ({}, {"X-CSRFToken": uuid4().hex}):
            answer = client.post(address, {"name": "Forged"}, headers=sent)
            assert answer.status_code == HTTPStatus.FORBIDDEN, (address, sent)
    assert seen > 10
    assert state(acme) == before


def test_a_form_of_the_hosts_own_passes(site: tuple[str, str, Client]) -> None:
    host, _urlconf, client = site
    client.get("/tenants/" if host == "localhost" else "/")
    answer = client.post(
        "/oidc/logout/",
        headers={"Origin": f"http://{host}", "X-CSRFToken": client.cookies["csrf"].value},
    )
    assert answer.status_code == HTTPStatus.FOUND


def test_a_cookie_opens_no_api(site: tuple[str, str, Client]) -> None:
    """So that its addresses, which know no such token, need none."""
    host, urlconf, client = site
    seen = 0
    for address, callback in addresses(import_module(urlconf).urlpatterns):
        if not is_of_api(callback) or name_of(callback) in {"SchemaView", "DocsView"}:
            continue
        seen += 1
        for method in ("get", "post", "patch", "put", "delete"):
            answer = getattr(client, method)(
                address, content_type="application/json", headers={"Origin": f"http://{host}"}
            )
            assert answer.status_code in {
                HTTPStatus.UNAUTHORIZED, HTTPStatus.METHOD_NOT_ALLOWED,
            }, (address, method)  # fmt: skip
    assert seen
