"""Somebody is invited, comes, is given a role, and is shut out while Keycloak is down."""

import re
from collections.abc import Callable
from http import HTTPStatus

from playwright.sync_api import Page, expect

from tenants.models import Tenant
from tests.e2e.conftest import App
from tests.e2e.people import Person, invitation_link
from tests.integration.identity.browser import PASSWORD, set_password

DORA = "dora@acme.example"
PHONE = 390


def log_in_as_owner(person: Person, acme: Tenant) -> Page:
    person.page.goto(f"{acme.workspace_url}/users/")
    person.log_in(acme.owner_email, PASSWORD)
    expect(person.page.get_by_role("heading", name="People")).to_be_visible()
    return person.page


def test_dora_comes_rises_and_goes(app: App, acme: Tenant, person: Callable[..., Person]) -> None:
    set_password(acme, acme.owner_email)
    ada = log_in_as_owner(person(), acme)
    ada.get_by_role("link", name="Invite people").click()
    ada.get_by_label("E-mail addresses").fill(f"Dora Day <{DORA}>\nedna@acme.example")
    ada.get_by_label("Viewer").check()
    ada.get_by_role("button", name="Send invitations").click()
    expect(ada.get_by_text("2 people are invited.")).to_be_visible()

    dora = person()
    dora.accept_invitation(invitation_link(app.mail_url, DORA, realm="acme"))
    dora.page.goto(f"{acme.workspace_url}/users/")
    dora.log_in(DORA)
    expect(dora.page.get_by_role("heading", name="People")).to_be_visible()

    # A role that she is given counts at her next page.
    settings = dora.page.get_by_role("link", name="Settings", exact=True)
    expect(settings).to_be_hidden()
    ada.goto(f"{acme.workspace_url}/roles/admin/?who=day")
    ada.get_by_role("button", name="Give the role: Dora Day").click()
    expect(ada.get_by_text("Dora Day holds the role now.")).to_be_visible()
    dora.page.reload()
    expect(settings).to_be_visible()

    ada.goto(f"{acme.workspace_url}/users/")
    ada.evaluate("window.isTheSamePage = true")
    ada.get_by_role("searchbox").press_sequentially("day")
    expect(ada.locator("#person-table tbody tr")).to_have_count(1)
    expect(ada).to_have_url(re.compile(r"\?q=day"))
    assert ada.evaluate("window.isTheSamePage")
    ada.get_by_role("link", name="Dora Day").click()

    app.stop("keycloak")
    try:
        ada.get_by_role("link", name="Disable").click()
        ada.get_by_role("button", name="Disable").click()
        expect(ada.get_by_role("heading", name="Waiting for the login service")).to_be_visible()
        # Her next request is refused; a page would be sent to log in.
        dora.expect_problem("status of 401")
        answer = dora.page.evaluate("async () => (await fetch('/users/')).status")
        assert answer == HTTPStatus.UNAUTHORIZED
    finally:
        app.start("keycloak")
    # The worker tells Keycloak by the clock, and the page follows by itself.
    ada.evaluate("window.isTheSamePage = true")
    expect(ada.get_by_role("heading", name="Waiting for the login service")).to_be_hidden()
    assert ada.evaluate("window.isTheSamePage")
    dora.page.goto(f"{acme.workspace_url}/")
    dora.log_in(DORA)
    expect(dora.page.get_by_text("Account is disabled")).to_be_visible()


def test_the_pages_fit_a_phone(acme: Tenant, person: Callable[..., Person]) -> None:
    set_password(acme, acme.owner_email)
    phone = person(width=PHONE)
    page = log_in_as_owner(phone, acme)
    assert phone.sideways_scroll() <= 0
    for name in ("Invite people", "ada@acme.example"):
        page.get_by_role("link", name=name).first.click()
        assert phone.sideways_scroll() <= 0
        page.go_back()
