"""The example plugin on the running platform: its page, module and widget; disabled, enabled."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect

from tenants.models import Tenant
from tests.e2e.conftest import App
from tests.e2e.people import Person, invitation_link
from tests.e2e.plugins import PYTHON, give_command, remove_plugin

HELLO = "examples/hello"
PLUGIN = f"{PYTHON} manage.py plugin"
SDK = ".venv/bin/plexica-plugin"


@pytest.fixture
def _hello(app: App, acme: Tenant, tmp_path: Path) -> Iterator[None]:
    """Hello in acme, with a greeting of its own."""
    package, key = tmp_path / "hello.plexica", tmp_path / "author.pem"
    for command in (
        f"{SDK} build {HELLO} --no-isolation --output {package}",
        f"{SDK} keygen {key}",
        f"{SDK} sign {package} --key {key}",
        f"{PLUGIN} trust {key.with_suffix('.pub')} --name Ada",
        f"{PLUGIN} register {package}",
        f"{PLUGIN} unconfine hello 0.1.0",
        f"{PLUGIN} publish hello 0.1.0",
        f"{PLUGIN} install hello --tenant acme --agree --set greeting=Ciao --set api_key=secret-1",
    ):
        give_command(app, command)
    yield
    remove_plugin(app, "hello", tenant="acme")


@pytest.fixture
def ada(app: App, acme: Tenant, person: Callable[..., Person]) -> Person:
    """Ada, logged in to acme's workspace."""
    somebody = person()
    link = invitation_link(app.mail_url, "ada@acme.example", realm="acme")
    somebody.accept_invitation(link)
    somebody.page.goto(app.workspace_url("acme"))
    somebody.log_in("ada@acme.example")
    expect(somebody.page).to_have_url(f"{app.workspace_url('acme')}/")
    return somebody


def _add(page: Page, text: str) -> None:
    page.get_by_label("Note").fill(text)
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("listitem").filter(has_text=text)).to_be_visible()


@pytest.mark.usefixtures("_hello")
def test_the_example_is_used_disabled_and_enabled(app: App, ada: Person) -> None:
    page, workspace = ada.page, app.workspace_url("acme")
    page.goto(f"{workspace}/x/hello/")
    expect(page.get_by_text("Ciao, ")).to_be_visible()
    assert "secret-1" not in page.content()
    # The ES module says how many characters are left, and goes on when HTMX has replaced the form.
    left = page.locator("[data-hello-left]")
    expect(left).to_have_text("500")
    page.evaluate("window.isTheSamePage = true")
    _add(page, "Milk & bread")
    page.get_by_label("Note").fill("four")
    expect(left).to_have_text("496")
    assert page.evaluate("window.isTheSamePage"), "HTMX has replaced the board alone."

    page.goto(f"{workspace}/")
    expect(page.get_by_text("“Milk & bread”")).to_be_visible()

    ada.expect_problem("status of 401")
    status = page.evaluate("fetch('/api/x/hello/api/notes').then((answer) => answer.status)")
    assert status == requests.codes.unauthorized, "Cookies are not for programs."

    give_command(app, f"{PLUGIN} disable hello --tenant acme")
    ada.expect_problem("status of 404")
    page.goto(f"{workspace}/x/hello/")
    expect(page.get_by_text("Ciao, ")).not_to_be_visible()
    give_command(app, f"{PLUGIN} enable hello --tenant acme")
    page.goto(f"{workspace}/x/hello/")
    expect(page.get_by_role("listitem").filter(has_text="Milk & bread")).to_be_visible()
