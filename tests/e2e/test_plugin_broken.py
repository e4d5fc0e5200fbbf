"""Plugins that cannot be installed: somebody is told why, and nothing is left."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tenants.models import Tenant
from tests.e2e.conftest import App
from tests.e2e.hostile import (
    CALM,
    Operator,
    Visit,
    operated,
    traces,
    visited,
)
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
    "never answers": ({"before": "time.sleep(600)"}, "It was not ready within 30 s"),
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
