"""A tenant's life, changed in the console while its people are at work in their browsers."""

import re
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from plexica.core.scope import platform_scope
from tenants.models import Tenant
from tests.e2e.api import Api
from tests.e2e.conftest import App
from tests.e2e.people import Person
from tests.integration.identity.browser import PASSWORD, set_password

SLUG = "initrode"
CLOSED_SECONDS = 5


@pytest.fixture
def initrode(app: App, api: Api, tidy: list[str]) -> Iterator[Tenant]:
    """A tenant of the test's own, whose owner is Bill."""
    tidy.append(SLUG)
    body = {"slug": SLUG, "name": "Initrode", "owner_email": "bill@initrode.example"}
    assert api.create(body, Prefer="wait=30").status_code == 201
    with platform_scope():
        tenant = Tenant.objects.get(slug=SLUG)
        set_password(tenant, tenant.owner_email)
        yield tenant


@pytest.fixture
def bill(initrode: Tenant, person: Callable[..., Person]) -> Person:
    """The owner, at work."""
    somebody = person()
    somebody.expect_problem("403")
    somebody.expect_problem("404")
    _log_in(somebody, initrode)
    return somebody


def test_suspended_while_somebody_works_and_resumed(
    app: App, admin: Person, bill: Person, initrode: Tenant
) -> None:
    _open(app, admin)
    admin.page.get_by_role("link", name="Suspend").click()
    admin.page.get_by_role("button", name="Suspend").click()
    asked_at = time.monotonic()
    expect(admin.page.get_by_text("Succeeded").first).to_be_visible()
    bill.page.reload()
    expect(bill.page.get_by_role("heading", name="closed")).to_be_visible()
    assert time.monotonic() - asked_at < CLOSED_SECONDS
    assert bill.sideways_scroll() == 0
    # Nobody new gets in either: there is no client to log in with.
    with bill.context.new_page() as other:
        assert other.goto(f"{initrode.workspace_url}/").status == 403  # type: ignore[union-attr]

    _open(app, admin)
    admin.page.get_by_role("link", name="Resume").click()
    admin.page.get_by_role("button", name="Resume").click()
    expect(admin.page.get_by_text("Succeeded").first).to_be_visible()
    _log_in(bill, initrode)


def test_deleted_and_restored_then_removed_for_good(
    app: App, admin: Person, bill: Person, initrode: Tenant, api: Api
) -> None:
    page = admin.page
    _open(app, admin)
    page.get_by_role("link", name="Delete").click()
    page.get_by_label("slug").fill("initrodes")
    admin.expect_problem("400")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Type “initrode”.")).to_be_visible()
    page.get_by_label("slug").fill(SLUG)
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Succeeded").first).to_be_visible()
    _open(app, admin)
    expect(page.get_by_text("can be restored until")).to_be_visible()
    bill.page.reload()
    expect(bill.page.get_by_role("heading", name="closed")).to_be_visible()

    page.get_by_role("link", name="Restore").click()
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("Succeeded").first).to_be_visible()
    _log_in(bill, initrode)

    _open(app, admin)
    page.get_by_role("link", name="Delete").click()
    page.get_by_label("slug").fill(SLUG)
    page.get_by_label("Days").fill("0")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Succeeded").first).to_be_visible()
    answer = bill.page.goto(f"{initrode.workspace_url}/")
    assert answer is not None
    assert answer.status == 404
    body = {"slug": SLUG, "name": "Another", "owner_email": "eve@initrode.example"}
    refused = api.create(body)
    assert (refused.status_code, "freed" in refused.json()["detail"]) == (409, True)

    _open(app, admin)
    page.get_by_role("link", name="Free the slug").click()
    page.get_by_role("button", name="Free").click()
    expect(page).to_have_url(re.compile("/tenants/$"))
    assert api.create(body, Prefer="wait=30").json()["tenant"]["state"] == "ACTIVE"


def _open(app: App, admin: Person) -> None:
    admin.page.goto(f"{app.console_url}/tenants/{SLUG}/")


def _log_in(somebody: Person, tenant: Tenant) -> None:
    somebody.page.goto(f"{tenant.workspace_url}/")
    if "/realms/" in somebody.page.url:
        somebody.log_in(tenant.owner_email, PASSWORD)
    expect(somebody.page).to_have_url(f"{tenant.workspace_url}/")
    expect(somebody.page.get_by_role("heading", name=tenant.name)).to_be_visible()
