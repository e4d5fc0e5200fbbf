"""The example in Python, from its author's desk to the page in the browser, and away again."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from plugins.states import BackendState
from tenants.models import Tenant
from tests.e2e.conftest import App
from tests.e2e.people import Person
from tests.e2e.plugins import (
    PLUGIN,
    expect_nothing_at,
    give_command,
    install_by_page,
    offer_example,
    remove_plugin,
    uninstall_by_page,
    visit_workspace,
    wait_for_backend,
)
from tests.e2e.programs import fetch_program_token, make_program

API = "/api/x/hello/api/notes"


@pytest.fixture
def _hello(
    app: App,
    acme: Tenant,
    globex: Tenant,
    plugin_runtime: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[None]:
    offer_example(app, "hello", tmp_path_factory.mktemp("desk"))
    yield
    for tenant in (acme, globex):
        remove_plugin(app, "hello", tenant=tenant.slug)


@pytest.mark.usefixtures("_hello")
def test_hello_is_installed_used_and_taken_away(
    app: App, acme: Tenant, globex: Tenant, plugin_runtime: str, person: Callable[..., Person]
) -> None:
    ada = person()
    page = visit_workspace(ada, acme)
    entry = page.get_by_role("navigation", name="Main").get_by_role(
        "link", name="Hello", exact=True
    )
    expect(entry).to_be_hidden()
    install_by_page(page, "Hello", Greeting="Ciao", API_key="secret-1")
    assert wait_for_backend("hello", BackendState.READY).runtime == plugin_runtime
    page.reload()
    entry.click()
    _write(page, "Bring <b>cake</b>")
    note = page.get_by_text("Bring <b>cake</b>")
    _call_by_programs(app, acme, globex, ada)
    page.goto(f"{acme.workspace_url}/")
    expect(page.get_by_text("2 notes", exact=True)).to_be_visible()

    # Without its backend there is a calm message in its own place, and then it is there again.
    hello = f"{acme.workspace_url}/x/hello/"
    app.stop("plugins")
    ada.expect_problem("status of 503")
    page.goto(hello)
    expect(page.get_by_text("This plugin does not answer at the moment")).to_be_visible()
    expect(entry).to_be_visible()
    app.start("plugins")
    wait_for_backend("hello", BackendState.READY)
    page.goto(hello)
    expect(note).to_be_visible()

    # Another tenant has nothing of it.
    cy = person()
    visit_workspace(cy, globex)
    expect_nothing_at(cy, f"{globex.workspace_url}/x/hello/")

    give_command(app, f"{PLUGIN} disable hello --tenant acme")
    expect_nothing_at(ada, hello)
    expect(entry).to_be_hidden()
    give_command(app, f"{PLUGIN} enable hello --tenant acme")
    page.goto(hello)
    expect(note).to_be_visible()
    uninstall_by_page(page, acme, "hello")
    expect_nothing_at(ada, hello)


def _write(page: Page, text: str) -> None:
    """Write a note, by the form that HTMX sends."""
    expect(page.get_by_text("Ciao, ")).to_be_visible()
    expect(page.get_by_text("There are no notes yet.")).to_be_visible()
    assert "secret-1" not in page.content()
    # The ES module says how many characters are left, and goes on when HTMX has replaced the form.
    left = page.locator("[data-hello-left]")
    expect(left).to_have_text("500")
    page.evaluate("window.isTheSamePage = true")
    page.get_by_label("Note").fill(text)
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("listitem").filter(has_text=text)).to_be_visible()
    page.get_by_label("Note").fill("four")
    expect(left).to_have_text("496")
    assert page.evaluate("window.isTheSamePage"), "HTMX has replaced the board alone."


def _call_by_programs(app: App, acme: Tenant, globex: Tenant, ada: Person) -> None:
    """Call the plugin's API as programs may, and as they may not."""
    ada.expect_problem("status of 401")
    status = ada.page.evaluate(f"fetch('{API}').then((answer) => answer.status)")
    assert status == 401, "Cookies are not for programs."

    member = make_program(app, acme, fetch_program_token(app, acme, "member"))
    viewer = make_program(app, acme, fetch_program_token(app, acme, "viewer"))
    added = member.post(API, {"text": "By a program"})
    assert (added.status_code, added.json()["author"]) == (201, "A member's program"), added.text
    found = viewer.get(API)
    assert [note["text"] for note in found.json()["results"]] == [
        "By a program",
        "Bring <b>cake</b>",
    ]
    assert viewer.post(API, {"text": "No"}).status_code == 403
    assert member.post(API, {}).json()["status"] == 400, "The plugin's own refusal"
    assert member.get("/api/x/hello/").status_code == 404, "A page is nothing for programs."
    stranger = make_program(app, acme, fetch_program_token(app, globex, "admin"))
    assert stranger.get(API).status_code == 401
    assert stranger.post(API, {"text": "No"}).status_code == 401
