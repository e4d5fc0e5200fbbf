"""The way of a tenant, from the empty console to its owner's dashboard, in real browsers."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Locator, Page, expect

from plexica.storage.clients import get_client
from tests.conftest import Servers
from tests.e2e.conftest import App, log_in_admin
from tests.e2e.people import PASSWORD, PHONE, Person, invitation_link
from tests.locks import secrets_locked

Come = Callable[..., Person]
STEPS = ("schema", "bucket", "realm", "roles", "owner")
BUCKET = "plexica-acme"
TAKEN_BACK = "Everything was taken back"
# A step that begins when the schema is there, or no more when the bucket has failed before.
BESIDE = "UNDONE|PENDING"

pytestmark = pytest.mark.usefixtures("no_tenants")


def step(page: Page, name: str) -> Locator:
    return page.locator(f"[data-step={name}]")


def expect_states(page: Page, *states: str) -> None:
    for name, state in zip(STEPS, states, strict=True):
        expect(step(page, name)).to_have_attribute("data-state", re.compile(f"^({state})$"))


def fill_form(page: Page, *, slug: str = "acme") -> None:
    page.get_by_label("Name", exact=True).fill("Acme Corporation")
    page.get_by_label("Address", exact=True).fill(slug)
    page.get_by_label("Owner's e-mail address").fill("ada@acme.example")


def create(page: Page) -> None:
    page.get_by_role("button", name="Create tenant").click()
    page.wait_for_url(re.compile(r"/tenants/acme/runs/[0-9a-f-]{36}/$"))


@contextmanager
def foreign_bucket() -> Iterator[None]:
    """Have a bucket of acme's name that is somebody else's."""
    client = get_client("default")
    client.create_bucket(Bucket=BUCKET)
    try:
        yield
    finally:
        client.delete_bucket(Bucket=BUCKET)


def test_from_the_empty_console_to_the_owners_dashboard(
    app: App, servers: Servers, person: Come
) -> None:
    workspace = app.workspace_url("acme")

    admin = person()
    page = admin.page
    page.goto(app.console_url)
    expect(page).to_have_url(re.compile(rf"^{app.keycloak_url}/realms/plexica/"))
    admin.log_in(app.admin_username, app.admin_password)
    expect(page).to_have_url(f"{app.console_url}/")
    expect(page.get_by_text("No tenants yet")).to_be_visible()

    page.get_by_role("link", name="Create the first tenant").click()
    _fill_in_with_a_mistake(admin)
    page.evaluate("window.isTheSamePage = true")
    with secrets_locked(servers):
        create(page)
        page.evaluate("window.isTheSamePage = true")
        expect_states(page, "DONE", "DONE", "STARTED", "DONE", "PENDING")
    expect_states(page, *["DONE"] * 5)
    for name in STEPS:
        expect(step(page, name)).to_contain_text(re.compile(r"\d\.\d s"))
    assert page.evaluate("window.isTheSamePage"), "The page was not loaded again."
    link = page.get_by_role("link", name="Open workspace")
    expect(link).to_have_attribute("href", f"{workspace}/")
    page.get_by_role("link", name="See the tenant").click()
    expect(page.locator(".state[data-state=ACTIVE]").first).to_be_visible()
    expect(page.get_by_role("link", name=workspace, exact=True)).to_be_visible()

    ada = person()
    ada.accept_invitation(invitation_link(app.mail_url, "ada@acme.example", realm="acme"))
    ada.page.get_by_role("link", name=re.compile("Back to")).click()
    expect(ada.page).to_have_url(re.compile(rf"^{app.keycloak_url}/realms/acme/"))
    client = get_client("default")
    client.put_object(Bucket=BUCKET, Key="report.txt", Body=b"x" * 2048)
    ada.log_in("ada@acme.example")
    expect(ada.page).to_have_url(f"{workspace}/")
    _sees_the_dashboard(ada)
    _logs_out_everywhere(app, ada)

    # The console's log-out works the same way.
    admin.log_out()
    expect(page.locator("#password")).to_be_visible()


def _fill_in_with_a_mistake(admin: Person) -> None:
    page = admin.page
    page.get_by_label("Name", exact=True).press_sequentially("Acme Corporation")
    slug = page.get_by_label("Address", exact=True)
    expect(slug).to_have_value("acme-corporation")
    check = page.locator("#slug-check")
    expect(check).to_contain_text("acme-corporation.localhost")
    expect(check).to_contain_text("is free")
    fill_form(page, slug="Acme_1")
    expect(check).to_contain_text("lower-case letters")
    admin.expect_problem("status of 400")
    page.get_by_role("button", name="Create tenant").click()
    expect(page.locator("#id_slug_error")).to_contain_text("lower-case letters")
    expect(slug).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Owner's e-mail address")).to_have_value("ada@acme.example")
    slug.fill("acme")
    expect(check).to_contain_text("acme.localhost")


def _sees_the_dashboard(ada: Person) -> None:
    page = ada.page
    expect(page.get_by_role("heading", name="Acme Corporation")).to_be_visible()
    expect(page.locator("#content")).to_contain_text(re.compile(r"People\s+1"))
    expect(page.locator("#content")).to_contain_text(re.compile(r"Files\s+1"))
    expect(page.locator("#content")).to_contain_text("2.0")
    assert "eyJ" not in page.content(), "No token is in the page."
    assert all("eyJ" not in cookie["value"] for cookie in ada.context.cookies(page.url))


def _logs_out_everywhere(app: App, ada: Person) -> None:
    ada.log_out()
    expect(ada.page).to_have_url(re.compile(rf"^{app.keycloak_url}/realms/acme/"))
    expect(ada.page.locator("#password")).to_be_visible()
    ada.page.goto(f"{app.workspace_url('acme')}/")
    expect(ada.page.locator("#password")).to_be_visible()


def test_a_failure_is_told_in_words_and_trying_again_makes_the_tenant(
    app: App, admin: Person
) -> None:
    page = admin.page
    with foreign_bucket():
        page.goto(f"{app.console_url}/tenants/new/")
        fill_form(page)
        create(page)
        failure = page.locator(".notice", has_text="“Storage bucket” failed")
        expect(failure).to_contain_text("not this tenant's")
        notice = page.locator(".notice", has_text=TAKEN_BACK)
        expect(notice).to_contain_text("Database schema, Storage bucket, Login realm")
        expect_states(page, "UNDONE", "UNDONE", "UNDONE", BESIDE, "PENDING")
    page.get_by_role("button", name="Create it again").click()
    expect_states(page, *["DONE"] * 5)
    expect(page.get_by_text("Acme Corporation is ready")).to_be_visible()


def test_what_could_not_be_taken_back_is_shown_and_can_be_later(app: App, admin: Person) -> None:
    page = admin.page
    app.stop("s3")
    try:
        page.goto(f"{app.console_url}/tenants/new/")
        fill_form(page)
        create(page)
        expect(page.get_by_text("Not everything could be taken back")).to_be_visible()
        expect_states(page, "UNDONE", "UNDO_FAILED", "UNDONE", BESIDE, "PENDING")
    finally:
        app.start("s3")
    page.get_by_role("button", name="Take the rest back").click()
    expect(page.get_by_text(TAKEN_BACK)).to_be_visible()
    expect(page.get_by_role("button", name="Create it again")).to_be_visible()


def test_a_tenant_is_made_without_javascript(app: App, person: Come) -> None:
    admin = person(has_javascript=False)
    log_in_admin(app, admin)
    page = admin.page
    page.get_by_role("link", name="Create the first tenant").click()
    admin.expect_problem("status of 400")
    fill_form(page, slug="Acme_1")
    page.get_by_role("button", name="Create tenant").click()
    expect(page.locator("#id_slug_error")).to_contain_text("lower-case letters")
    fill_form(page)
    create(page)
    ready = page.get_by_text("Acme Corporation is ready")
    again = page.get_by_role("link", name="Show how far it is now")
    while not ready.is_visible():
        expect(ready.or_(again)).to_be_visible()
        if again.is_visible():
            again.click()
    expect_states(page, *["DONE"] * 5)


def test_on_a_phone_nothing_scrolls_sideways(app: App, person: Come) -> None:
    admin = person(width=PHONE)
    log_in_admin(app, admin)
    page = admin.page
    assert admin.sideways_scroll() <= 0, "The empty list"
    page.goto(f"{app.console_url}/tenants/new/")
    assert admin.sideways_scroll() <= 0, "The form"
    fill_form(page)
    create(page)
    assert admin.sideways_scroll() <= 0, "A run that works"
    expect_states(page, *["DONE"] * 5)
    assert admin.sideways_scroll() <= 0, "A run that has ended"
    for path in ("/tenants/acme/", "/tenants/acme/edit/", "/tenants/"):
        page.goto(f"{app.console_url}{path}")
        assert admin.sideways_scroll() <= 0, path
    page.locator("header .dropdown [data-bs-toggle=dropdown]").click()
    expect(page.get_by_role("button", name="Log out", exact=True)).to_be_visible()
    assert admin.sideways_scroll() <= 0, "The menu"

    ada = person(width=PHONE)
    ada.accept_invitation(invitation_link(app.mail_url, "ada@acme.example", realm="acme"))
    ada.page.goto(f"{app.workspace_url('acme')}/")
    ada.log_in("ada@acme.example", PASSWORD)
    expect(ada.page.get_by_role("heading", name="Acme Corporation")).to_be_visible()
    assert ada.sideways_scroll() <= 0, "The dashboard"
