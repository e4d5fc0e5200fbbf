"""Every answer carries the headers that browsers keep to, whichever part of Plexica gives it."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as project_settings
from django.test import Client
from pytest_django import Settings

from plexica.core import health
from tenants.models import Tenant
from tests.integration.tenancy.addresses import addresses
from tests.pages.people import at_console, at_workspace, forget_people

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
REFERRERS = {"same-origin", "no-referrer"}


def problems_of(answer: Any) -> list[str]:
    """Return what is wrong with the headers of an answer."""
    headers = answer.headers
    wrong = [name for name, value in ALWAYS.items() if headers.get(name) != value]
    if headers.get("Referrer-Policy") not in REFERRERS:
        wrong.append("Referrer-Policy")
    if "camera=()" not in headers.get("Permissions-Policy", ""):
        wrong.append("Permissions-Policy")
    if headers.get("Cross-Origin-Resource-Policy") not in {"same-origin", "cross-origin"}:
        wrong.append("Cross-Origin-Resource-Policy")
    policy = headers.get("Content-Security-Policy", "")
    if "default-src 'none'" not in policy or "unsafe-" in policy or " * " in f"{policy} ":
        wrong.append(f"Content-Security-Policy: {policy}")
    if "sandbox" not in policy and "frame-ancestors 'none'" not in policy:
        wrong.append(f"frame-ancestors: {policy}")
    if answer.streaming:
        b"".join(answer.streaming_content)
    return wrong


@pytest.fixture(scope="module")
def clients(acme: Tenant) -> Iterator[dict[str, Client]]:
    found = {
        "plexica.urls_workspace": at_workspace(acme, "owner"),
        "plexica.urls_console": at_console("super-admin"),
    }
    for client in found.values():
        client.raise_request_exception = False
    yield found
    forget_people(acme)


@pytest.mark.parametrize("urlconf", ["plexica.urls_workspace", "plexica.urls_console"])
def test_every_address_answers_with_all_headers(clients: dict[str, Client], urlconf: str) -> None:
    wrong, statuses = {}, set()
    for address in addresses(urlconf):
        answer = clients[urlconf].get(address.path)
        statuses.add(answer.status_code)
        if found := problems_of(answer):
            wrong[address.path] = found
    assert not wrong
    # Pages, redirections, and refusals of each kind were among them.
    assert {200, 302, 404, 405} <= statuses


@pytest.mark.parametrize(
    ("host", "path", "status"),
    [
        ("acme.localhost", "/static/img/logo.svg", 200),
        ("acme.localhost", "/static/nothing.css", 404),
        ("acme.localhost", "/health/live", 200),
        ("acme.localhost", "/nowhere/", 404),
        ("acme.localhost", "/api/nowhere", 404),
        ("nobody.localhost", "/", 404),
        ("acme.localhost", "/api/me", 401),
        ("127.0.0.1", "/api/host/v1/installation", 401),
        ("acme.localhost", f"/?q={'x' * 9000}", 414),
        ("not a host", "/", 404),
    ],
)
def test_files_errors_and_programs_answers_have_them_too(
    acme: Tenant, host: str, path: str, status: int
) -> None:
    answer = Client(raise_request_exception=False).get(path, headers={"host": host})
    assert answer.status_code == status
    assert not problems_of(answer)


def test_pages_of_people_are_kept_nowhere(clients: dict[str, Client]) -> None:
    for urlconf, path in (
        ("plexica.urls_workspace", "/users/"),
        ("plexica.urls_console", "/audit/"),
    ):
        answer = clients[urlconf].get(path)
        assert answer.status_code == 200
        assert "no-store" in answer["Cache-Control"]


def test_nothing_is_told_of_a_trace(clients: dict[str, Client]) -> None:
    for urlconf, path in (
        ("plexica.urls_workspace", "/users/"),
        ("plexica.urls_workspace", "/api/me"),
    ):
        answer = clients[urlconf].generic("TRACE", path, headers={"x-secret": "told"})
        assert answer.status_code in {401, 405}
        assert b"told" not in answer.content


def test_an_error_that_nobody_foresaw_has_them(
    acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr(health, "_live", fail)
    answer = Client(raise_request_exception=False).get("/health/live")
    assert answer.status_code == 500
    assert not problems_of(answer)


def test_over_tls_browsers_are_told_to_stay_there(acme: Tenant, settings: Settings) -> None:
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    client = Client(headers={"host": "acme.localhost"})
    for path in ("/health/live", "/nowhere/", "/static/img/logo.svg", "/api/me", "/"):
        told = client.get(path, secure=True)["Strict-Transport-Security"]
        assert told == "max-age=31536000; includeSubDomains"


def test_a_header_that_is_missing_is_noticed(acme: Tenant, settings: Settings) -> None:
    ours = "plexica.core.security_headers.SecurityHeadersMiddleware"
    settings.MIDDLEWARE = [name for name in project_settings.MIDDLEWARE if name != ours]
    answer = Client(headers={"host": "acme.localhost"}).get("/health/live")
    assert "Permissions-Policy" in problems_of(answer)
