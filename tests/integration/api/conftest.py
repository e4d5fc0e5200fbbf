"""A real client of the real API: a token from Keycloak, requests through the whole middleware.

What stands in: the steps of provisioning are replaced by ones that call no server
(`tests.integration.tenants.steps`), as the API knows nothing of what they do; and Django's test
client calls the application in this process.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextvars import copy_context
from threading import Thread
from typing import Any

import pytest
import requests
from django.conf import LazySettings, settings
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from plexica.identity.providers import API_CLIENT, platform_provider
from tenants.models import Tenant
from tenants.provisioning.engine import run_provisioning
from tests.conftest import Servers
from tests.integration.tenants import steps

# All slugs of these tests begin so, and what is left of them is removed after each.
PREFIX = "api-"
TENANTS = "/api/tenants"


class Api:
    """Calls the API as one caller."""

    def __init__(self, token: str | None) -> None:
        self._client = Client(SERVER_NAME="localhost", raise_request_exception=False)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, path: str = TENANTS, /, **query: Any) -> HttpResponse:
        return self._client.get(path, query, headers=self._headers)

    def post(self, body: Any, path: str = TENANTS, /, **headers: str) -> HttpResponse:
        return self.send("POST", path, json.dumps(body), **headers)

    def patch(self, path: str, body: Any, /, **headers: str) -> HttpResponse:
        return self.send("PATCH", path, json.dumps(body), **headers)

    def send(
        self,
        method: str,
        path: str,
        body: bytes | str = b"",
        content_type: str = "application/json",
        **headers: str,
    ) -> HttpResponse:
        """Send anything; `idempotency_key="k"` becomes the header `Idempotency-Key: k`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._client.generic(
            method, path, body, content_type, headers={**self._headers, **named}
        )


def fetch_token(client_id: str, client_secret: str) -> str:
    """Get an access token as programs do, by client credentials."""
    answer = requests.post(
        platform_provider().token_endpoint,
        data={"grant_type": "client_credentials"},
        auth=(client_id, client_secret),
        timeout=10,
    )
    answer.raise_for_status()
    return str(answer.json()["access_token"])


@pytest.fixture(scope="module")
def token(platform: Servers) -> str:
    return fetch_token(API_CLIENT, platform.environment["PLEXICA_API_CLIENT_SECRET"])


@pytest.fixture
def api(token: str) -> Api:
    return Api(token)


@pytest.fixture
def stranger() -> Api:
    """A caller without a token."""
    return Api(None)


@pytest.fixture(autouse=True)
def _quick_steps(
    settings: LazySettings,
    _platform_scope: None,
) -> Iterator[None]:
    settings.TENANT_STEPS = steps.configuration()
    steps.reset()
    yield
    Tenant.objects.filter(slug__startswith=PREFIX).delete()


@pytest.fixture
def provision() -> Iterator[Callable[..., None]]:
    """Run the runs of a slug in the background, as the worker does, once they are there."""
    threads: list[Thread] = []

    def work(slug: str) -> None:
        try:
            while not (tenant := Tenant.objects.filter(slug=slug).first()):
                time.sleep(0.01)
            for run in tenant.runs.all():
                run_provisioning(run.id)
        finally:
            connection.close()

    def begin(slug: str) -> None:
        threads.append(Thread(target=copy_context().run, args=(work, slug)))
        threads[-1].start()

    yield begin
    for thread in threads:
        thread.join(timeout=30)


def path_of(address: str) -> str:
    """Return the path of one of our own addresses, with its query."""
    assert address.startswith(settings.PLEXICA_CONSOLE_URL)
    return address.removeprefix(settings.PLEXICA_CONSOLE_URL)


def new_tenant(suffix: str, /, **values: Any) -> dict[str, Any]:
    """Return a body that is acceptable."""
    return {
        "slug": f"{PREFIX}{suffix}",
        "name": "An Example",
        "owner_email": "ada@example.com",
        **values,
    }
