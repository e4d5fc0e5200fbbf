"""Plugins that cannot be installed, or are cut off: somebody is told why, and nothing is left."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, expect

from deploy.local import control
from plexica.core.scope import platform_scope
from plugins.models import Backend, Installation
from plugins.states import BackendState, InstallationState
from tenants.models import ProvisioningRun, Tenant
from tests.e2e.conftest import App
from tests.e2e.hostile import (
    CALM,
    PLUGIN,
    Operator,
    Visit,
    operated,
    traces,
    visited,
)
from tests.e2e.plugins import give_command
from tests.environment import ROOT
from tests.integration.plugins.misbehaving import TABLE

MOST_SECONDS = 150
HALF_WAY = TABLE | {"0002_more.sql": "INSERT INTO notes VALUES (1, NULL);"}
_MINE = "CREATE TABLE {schema}.mine (id int);"

# What a package does wrong, and what the person who installs it reads of that.
QUICK: dict[str, tuple[dict[str, Any], str]] = {
    "migrates half-way": ({"migrations": HALF_WAY}, "0002_more.sql: null value in column"),
    "migrates public": (
        {"migrations": TABLE | {"0002_more.sql": _MINE.format(schema="public")}},
        "permission denied for schema public",
    ),
    "migrates another tenant": (
        {"migrations": TABLE | {"0002_more.sql": _MINE.format(schema="t_globex")}},
        "permission denied for schema t_globex",
    ),
}
SLOW: dict[str, tuple[dict[str, Any], str]] = {
    "dies at start": ({"before": "sys.exit(7)"}, "in quarantine"),
    "has no such command": ({"runtime": 'command = ["nothing"]'}, "in quarantine"),
    "never answers": ({"before": "time.sleep(600)"}, "does not answer yet"),
    "says that it is another": ({"before": 'READY["plugin"] = "calm"'}, "its plugin is"),
    "eats memory": ({"before": "bytearray(4 * 1024**3)"}, "in quarantine"),
}


@pytest.fixture(scope="module")
def operator(app: App, acme: Tenant, globex: Tenant) -> Iterator[Operator]:
    """Who offers what Mallory makes, beside a plugin that works."""
    with operated(app, CALM, tenant=acme) as somebody:
        yield somebody


@pytest.fixture(scope="module")
def visit(acme: Tenant, operator: Operator, browser: Browser) -> Iterator[Visit]:
    """Ada."""
    with visited(acme, browser) as ada:
        yield ada


def refused(visit: Visit, operator: Operator, fault: str, package: dict[str, Any]) -> None:
    """Have Ada install what cannot be, read why, and put it away."""
    slug = fault.replace(" ", "-").lower()[:24]
    operator.publish(slug, **package)
    page = visit.page
    page.goto(f"{visit.base}/plugins/{slug}/install/")
    page.get_by_label("I agree to what it asks for, for the whole workspace.").check()
    page.get_by_role("button", name="Install").click()
    dismiss = page.get_by_role("button", name="Dismiss")
    expect(dismiss).to_be_visible(timeout=MOST_SECONDS * 1000)


def check_refusal(
    visit: Visit, operator: Operator, acme: Tenant, fault: str, package: dict[str, Any], words: str
) -> None:
    before = traces(acme)
    refused(visit, operator, fault, package)
    page = visit.page
    expect(page.get_by_text(words).first).to_be_visible()
    page.screenshot(path=ROOT / "screenshots" / f"plugin {fault}.png", full_page=True)
    page.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_text("The failed installation is put away.")).to_be_visible()
    until(lambda: traces(acme) == before)
    page.goto(f"{visit.base}/x/{CALM}/")
    expect(page.get_by_text(f"This is {CALM}.")).to_be_visible()


def until(is_so: Callable[[], object]) -> None:
    """Wait until something is so."""
    ends_at = time.monotonic() + MOST_SECONDS
    while not is_so():
        assert time.monotonic() < ends_at
        time.sleep(0.2)


@pytest.mark.parametrize("fault", ["migrates half-way"])
def test_what_cannot_be_installed_leaves_nothing(
    visit: Visit, operator: Operator, acme: Tenant, fault: str
) -> None:
    check_refusal(visit, operator, acme, fault, *QUICK[fault])


@pytest.mark.prove
@pytest.mark.timeout(600)
@pytest.mark.parametrize("fault", [*list(QUICK)[1:], *SLOW])
def test_whatever_keeps_it_from_being_installed_leaves_nothing(
    visit: Visit, operator: Operator, acme: Tenant, fault: str
) -> None:
    check_refusal(visit, operator, acme, fault, *(QUICK | SLOW)[fault])


def kill_host(app: App) -> None:
    """Kill all of the host's own processes at once, and start them again."""
    parts = ("provisioner", "worker", "plugins", "web")
    for part in parts:
        control.kill_part(app.instance, part)
    with platform_scope():
        # That a lease expires a minute from now is not waited for.
        ProvisioningRun.objects.filter(finished_at=None).update(
            lease_expires_at=timezone.now() - timedelta(seconds=1)
        )
    for part in parts:
        # Their supervisor starts them again by itself; here it is waited for.
        control.start_part(app.instance, part)


def whole(slug: str, version: str) -> bool:
    """Return whether an installation is enabled, and its release runs, and nothing else does."""
    with platform_scope():
        there = Installation.objects.filter(
            plugin__slug=slug, release__version=version, state=InstallationState.ENABLED
        )
        running = Backend.objects.filter(
            release__plugin__slug=slug, is_wanted=True, state=BackendState.READY
        )
        return there.exists() and [each.release.version for each in running] == [version]


@pytest.mark.prove
@pytest.mark.timeout(900)
def test_a_host_that_is_killed_goes_on_where_it_was(
    app: App, visit: Visit, operator: Operator, acme: Tenant
) -> None:
    """Everything is killed at once: the run's worker, the agent, the web; plugins go on."""
    before = traces(acme)
    operator.publish("killed")
    give_command(app, f"{PLUGIN} install killed --tenant acme --agree --no-wait")
    kill_host(app)
    until(lambda: whole("killed", "0.1.0"))
    operator.publish("killed", version="0.2.0", before="time.sleep(2)")
    give_command(app, f"{PLUGIN} upgrade killed --tenant acme --agree --no-wait")
    kill_host(app)
    until(lambda: whole("killed", "0.2.0"))
    visit.page.goto(f"{visit.base}/x/killed/")
    expect(visit.page.get_by_text("This is killed.")).to_be_visible()
    give_command(app, f"{PLUGIN} uninstall killed --tenant acme --purge --no-wait")
    kill_host(app)
    until(lambda: traces(acme) == before)
    visit.page.goto(f"{visit.base}/x/{CALM}/")
    expect(visit.page.get_by_text(f"This is {CALM}.")).to_be_visible()
