"""A program's way in, from a button in a browser to the workspace's API over HTTP."""

from collections.abc import Callable

import requests
from playwright.sync_api import expect

from tenants.models import Tenant
from tests.e2e.conftest import App
from tests.e2e.people import Person
from tests.integration.identity.browser import PASSWORD, set_password

Come = Callable[..., Person]


def test_a_secret_is_copied_once_and_opens_the_api(app: App, acme: Tenant, person: Come) -> None:
    set_password(acme, acme.owner_email)
    ada = person()
    page = ada.page
    ada.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{acme.workspace_url}/")
    ada.log_in(acme.owner_email, PASSWORD)
    page.get_by_role("link", name="Service accounts").click()
    page.get_by_role("link", name="Create the first one").click()
    page.get_by_label("Name").fill("Nightly importer")
    page.get_by_label("Viewer").check()
    page.get_by_role("button", name="Create service account").click()
    values = {}
    for label in ("Client id", "Secret", "Where it gets its tokens"):
        button = page.get_by_role("button", name=f"Copy: {label}")
        button.click()
        expect(button).to_have_text("Copied")
        values[label] = str(page.evaluate("navigator.clipboard.readText()"))
    answer = requests.post(
        values["Where it gets its tokens"],
        data={"grant_type": "client_credentials"},
        auth=(values["Client id"], values["Secret"]),
        timeout=30,
    )
    assert answer.ok, answer.text
    # The resolver of this machine knows no `acme.localhost`; browsers do.
    me = requests.get(
        f"{app.console_url}/api/me",
        headers={
            "Host": acme.workspace_url.split("//")[1],
            "Authorization": f"Bearer {answer.json()['access_token']}",
        },
        timeout=30,
    )
    assert me.json()["roles"] == ["viewer"], me.text
    page.get_by_role("link", name="I have kept it").click()
    expect(page.get_by_role("heading", name="Nightly importer")).to_be_visible()
    assert values["Secret"] not in page.content()


def test_the_staff_is_shown_with_where_its_roles_come_from(app: App, admin: Person) -> None:
    page = admin.page
    page.get_by_role("link", name="Staff").click()
    page.get_by_role("searchbox").fill(f"{app.admin_username}@")
    row = page.locator("#staff-table tbody tr", has_text=f"{app.admin_username}@")
    expect(page.locator("#staff-table tbody tr")).to_have_count(1)
    expect(row).to_contain_text("By the login realm")
    row.get_by_role("link").click()
    expect(page.get_by_role("heading", name="What Super Admin may do, and why")).to_be_visible()
    expect(page.get_by_role("button", name="Take away: Super admin")).to_have_count(0)
