"""Plexica's own processes on the real servers, real browsers, and the cast with their tenants."""

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from django.db import connection
from django.db.models import QuerySet
from django.db.models.functions import Now
from playwright.sync_api import Browser, sync_playwright

from deploy.local import control
from deploy.local.instance import Instance
from deploy.local.node import node_binary
from plexica.core.scope import platform_scope
from tenants.models import ProvisioningRun, Tenant
from tenants.states import UNFINISHED_RUN_STATES
from tests.conftest import Servers
from tests.e2e.api import Api, fetch_token
from tests.e2e.people import Person
from tests.e2e.runtimes import plugins_in_containers
from tests.environment import ROOT
from tests.integration.conftest import remove
from tests.integration.plugins.container.engines import ENGINES, running_engine

_PROCESSES = ("plugins", "beat", "web", "worker", "provisioner")
# How long a run of a test that failed may go on, and how often that is looked at.
_RUN_SECONDS = 60.0
_LOOK_SECONDS = 0.2
_FAILED = pytest.StashKey[bool]()
_FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class App:
    """The running platform, as its credentials describe it."""

    instance: Instance
    console_url: str
    admin_username: str
    admin_password: str
    token_url: str
    api_client_id: str
    api_client_secret: str
    keycloak_url: str
    database_url: str
    s3_endpoint_url: str
    mail_url: str

    def workspace_url(self, slug: str) -> str:
        """Return the address that browsers have for a tenant's workspace."""
        return self.console_url.replace("//", f"//{slug}.")

    def stop(self, part: str) -> None:
        """Stop a server or a process."""
        control.stop_part(self.instance, part)

    def start(self, part: str) -> None:
        """Start a server or a process, and wait until it answers."""
        control.start_part(self.instance, part)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Remember which tests failed, for their screenshots."""
    report: Any = yield
    if report.when == "call" and report.failed:
        item.stash[_FAILED] = True
    return report


@pytest.fixture(scope="package")
def app(platform: Servers) -> Iterator[App]:
    """Start Plexica's own processes, once for all end-to-end tests."""
    instance = platform.instance
    for process in _PROCESSES:
        control.stop_part(instance, process)
    _remove_all()
    yield App(instance=instance, **control.start_app(instance))
    for process in _PROCESSES:
        control.stop_part(instance, process)


@pytest.fixture
def no_tenants(app: App) -> Iterator[None]:
    """A platform without tenants, before and after."""
    _remove_all()
    yield
    _remove_all()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Start the system's Chromium, once for all end-to-end tests."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "The end-to-end tests need Chromium; `make fetch` says how to have it."
    with pytest.MonkeyPatch.context() as patch:
        # Playwright's own Node needs a library that not every system has.
        patch.setenv("PLAYWRIGHT_NODEJS_PATH", str(node_binary()))
        # Playwright's event loop runs in this thread; Django would refuse its ORM beside it.
        patch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=_FLAGS)
            yield browser
            browser.close()


@pytest.fixture
def person(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Callable[..., Person]]:
    """Have people come with browsers of their own; none of those may complain of anything."""
    people: list[Person] = []

    def come(**options: Any) -> Person:
        people.append(Person(browser, **options))
        return people[-1]

    yield come
    has_failed = request.node.stash.get(_FAILED, False)
    for number, somebody in enumerate(people):
        if has_failed:
            name = re.sub(r"[^\w-]+", "_", request.node.name)
            somebody.screenshots(str(ROOT / "screenshots" / f"{name}-{number}"))
        somebody.context.close()
    assert has_failed or [problem for each in people for problem in each.problems] == []


@pytest.fixture
def admin(app: App, person: Callable[..., Person]) -> Person:
    """The super admin, logged in to the console."""
    somebody = person()
    log_in_admin(app, somebody)
    return somebody


def log_in_admin(app: App, somebody: Person) -> None:
    """Log the super admin in to the console."""
    somebody.page.goto(app.console_url)
    somebody.log_in(app.admin_username, app.admin_password)
    somebody.page.wait_for_url(f"{app.console_url}/")


@pytest.fixture
def api(app: App) -> Api:
    """The API, with a program's token."""
    token = fetch_token(app.token_url, app.api_client_id, app.api_client_secret)
    return Api(app.console_url, token)


@pytest.fixture(
    params=["process", *(pytest.param(name, marks=pytest.mark.prove) for name in ENGINES)]
)
def plugin_runtime(app: App, request: pytest.FixtureRequest) -> Iterator[str]:
    """What the agent runs plugins by: processes, or containers of an engine."""
    if request.param == "process":
        yield "process"
        return
    with running_engine(request.param) as engine, plugins_in_containers(app.instance, engine):
        yield "container"


@pytest.fixture
def tidy(app: App) -> Iterator[list[str]]:
    """Name the slugs that a test takes, for what is made of them to be removed."""
    slugs: list[str] = []
    yield slugs
    _remove_all(*slugs)


@pytest.fixture(scope="module")
def acme(app: App) -> Iterator[Tenant]:
    """Ada's tenant, made by the running platform."""
    yield from _tenant(app, "acme", "ada@acme.example")


@pytest.fixture(scope="module")
def globex(app: App) -> Iterator[Tenant]:
    """Cy's tenant; Cy is the intruder."""
    yield from _tenant(app, "globex", "cy@globex.example")


def _tenant(app: App, slug: str, owner_email: str) -> Iterator[Tenant]:
    token = fetch_token(app.token_url, app.api_client_id, app.api_client_secret)
    body = {"slug": slug, "name": slug.title(), "owner_email": owner_email}
    answer = Api(app.console_url, token).create(body, Prefer="wait=30")
    assert answer.status_code == requests.codes.created, answer.text
    with platform_scope():
        yield Tenant.objects.get(slug=slug)
    _remove_all(slug)


def _remove_all(*slugs: str) -> None:
    """Remove tenants with all that is theirs, or every tenant, once nobody works on them."""

    def remove_one(tenant: Tenant) -> None:
        try:
            remove(tenant)
        finally:
            connection.close()

    with platform_scope():
        tenants = Tenant.objects.filter(slug__in=slugs) if slugs else Tenant.objects.all()
        _wait_for_runs(tenants)
        with ThreadPoolExecutor(4) as pool:
            futures = [pool.submit(copy_context().run, remove_one, each) for each in tenants]
        for future in futures:
            future.result()


def _wait_for_runs(tenants: QuerySet[Tenant]) -> None:
    """Wait until no run of some tenants is worked on, which would make again what is removed.

    A test that failed may leave one. A run that nobody holds has nobody to wait for.
    """
    held = ProvisioningRun.objects.filter(
        tenant__in=tenants, state__in=UNFINISHED_RUN_STATES, lease_expires_at__gt=Now()
    )
    ends_at = time.monotonic() + _RUN_SECONDS
    while held.exists() and time.monotonic() < ends_at:
        time.sleep(_LOOK_SECONDS)
