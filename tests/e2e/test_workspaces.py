"""Real browsers and two tenants: found in the console, logged in to, and kept apart."""

import re
from collections.abc import Callable
from contextlib import suppress

import pytest
import requests
from playwright.sync_api import Error, expect

from tenants.models import Tenant
from tests.e2e.conftest import App
from tests.e2e.people import Person, invitation_link
from tests.integration.identity.browser import PASSWORD, set_password

Come = Callable[..., Person]


@pytest.fixture
def ada(app: App, acme: Tenant, person: Come) -> Person:
    """Ada, in no workspace yet."""
    set_password(acme, acme.owner_email)
    return person()


@pytest.fixture
def cy(app: App, globex: Tenant, person: Come) -> Person:
    """Cy, the intruder, in a workspace of their own."""
    set_password(globex, globex.owner_email)
    somebody = person()
    somebody.page.goto(f"{globex.workspace_url}/")
    somebody.log_in(globex.owner_email, PASSWORD)
    expect(somebody.page).to_have_url(f"{globex.workspace_url}/")
    return somebody


@pytest.mark.usefixtures("acme", "globex")
def test_the_list_of_tenants_is_searched_without_being_loaded_again(
    app: App, admin: Person
) -> None:
    page = admin.page
    page.goto(f"{app.console_url}/tenants/")
    page.evaluate("window.isTheSamePage = true")
    rows = page.locator("#tenant-table tbody tr")
    expect(rows).to_have_count(2)
    page.get_by_role("searchbox").press_sequentially("glob")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("cy@globex.example")
    expect(page).to_have_url(re.compile(r"\?q=glob\b"))
    page.get_by_role("searchbox").fill("")
    page.get_by_role("combobox", name="State").select_option("FAILED")
    expect(page.get_by_role("heading", name="No tenant matches")).to_be_visible()
    assert page.evaluate("window.isTheSamePage")


def test_two_tabs_that_log_in_at_once_both_succeed(ada: Person, acme: Tenant) -> None:
    """Both stand at the login page when the first is logged in.

    Not at the same instant: Keycloak checks one password of a person at a time, as a guard against
    guessing, and tells the other tab to try again.
    """
    tabs = {name: ada.context.new_page() for name in ("first", "second")}
    for name, tab in tabs.items():
        tab.goto(f"{acme.workspace_url}/?tab={name}")
    for tab in tabs.values():
        ada.fill_login(acme.owner_email, PASSWORD, page=tab)
    for name, tab in reversed(tabs.items()):
        # Keycloak's page goes on by itself once another tab has logged in, perhaps just now.
        with suppress(Error):
            tab.locator("#kc-login").click(timeout=5000)
        expect(tab).to_have_url(f"{acme.workspace_url}/?tab={name}")
        expect(tab.get_by_role("heading", name="Acme")).to_be_visible()


def test_the_intruder_cannot_log_in_to_another_realm(cy: Person, acme: Tenant) -> None:
    cy.page.goto(f"{acme.workspace_url}/")
    expect(cy.page).to_have_url(re.compile("/realms/acme/"))
    cy.log_in("cy@globex.example", PASSWORD)
    expect(cy.page.get_by_text("Invalid username or password")).to_be_visible()
    assert "/realms/acme/" in cy.page.url


def test_cookies_of_one_workspace_open_no_other(
    app: App, cy: Person, acme: Tenant, globex: Tenant
) -> None:
    stolen = cy.context.cookies(globex.workspace_url)
    assert "session" in {cookie["name"] for cookie in stolen}
    cookies = {cookie["name"]: cookie["value"] for cookie in stolen}

    def status_at(host: str) -> int:
        address = app.console_url.replace("//localhost", "//127.0.0.1")
        answer = requests.get(
            f"{address}/",
            cookies=cookies,
            headers={"Host": host},
            timeout=30,
            allow_redirects=False,
        )
        return answer.status_code

    port = app.console_url.rpartition(":")[2]
    assert status_at(f"globex.localhost:{port}") == 200
    assert status_at(f"acme.localhost:{port}") == 302
    cy.context.add_cookies(
        [
            {"name": name, "value": value, "url": acme.workspace_url}
            for name, value in cookies.items()
        ]
    )
    cy.page.goto(f"{acme.workspace_url}/")
    expect(cy.page).to_have_url(re.compile("/realms/acme/"))


def test_an_invitation_is_good_once(app: App, person: Come, globex: Tenant) -> None:
    link = invitation_link(app.mail_url, globex.owner_email, realm="globex")
    first = person()
    first.accept_invitation(link)
    second = person()
    second.expect_problem("status of 400")
    second.page.goto(link)
    expect(
        second.page.get_by_text(re.compile("expired|no longer valid", re.IGNORECASE))
    ).to_be_visible()
