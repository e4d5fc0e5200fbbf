"""A plugin from its author's directory to a page in the browser, and away again."""

import shutil
import time
from collections.abc import Callable, Iterator

import pytest
from django.core.management import call_command
from playwright.sync_api import Page, expect

from deploy.local.instance import CHECKOUT
from plexica.core.scope import platform_scope
from plexica_sdk.cli import main
from plugins.models import Backend
from plugins.states import BackendState
from tenants.models import Tenant
from tests.e2e.conftest import App
from tests.e2e.people import PATIENCE_SECONDS, Person
from tests.integration.identity.browser import PASSWORD, set_password
from tests.integration.plugins.packages import empty_registry

Come = Callable[..., Person]
EXAMPLE = CHECKOUT / "examples" / "hello"


def tell(*words: str) -> None:
    """Run `manage.py plugin` as an operator does."""
    with platform_scope():
        call_command("plugin", *words)


def wait_for(state: BackendState) -> None:
    """Wait until the only backend is in a state."""
    ends_at = time.monotonic() + PATIENCE_SECONDS
    with platform_scope():
        while Backend.objects.get().state != state:
            assert time.monotonic() < ends_at, Backend.objects.get().state
            time.sleep(0.2)


def install(page: Page) -> None:
    """Go from any page of the workspace to the plugin that is installed."""
    page.get_by_role("link", name="Plugins", exact=True).click()
    page.get_by_role("table").get_by_role("link", name="Hello").click()
    page.get_by_role("link", name="Install").click()
    page.get_by_label("I agree to what it asks for, for the whole workspace.").check()
    page.get_by_role("button", name="Install").click()
    expect(page.get_by_role("heading", name="Hello is installed")).to_be_visible()


def uninstall(page: Page) -> None:
    """Say on the page that asks for it that nothing of it is to be kept."""
    page.get_by_label("Its data", exact=True).select_option("purge")
    page.get_by_label("Type the plugin's short name").fill("hello")
    page.get_by_role("button", name="Uninstall").click()


@pytest.fixture(scope="module")
def hello(app: App, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The example, built and signed by its author, registered and published by an operator.

    Tests name it before the tenants, with which what they have of it is removed.
    """
    directory = tmp_path_factory.mktemp("author") / "hello"
    shutil.copytree(EXAMPLE, directory)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(directory)
        for words in (
            ["keygen", "author.pem"],
            ["build", "--no-isolation"],
            ["sign", "hello-0.1.0.plexica", "--key", "author.pem"],
        ):
            assert main(words) == 0
        tell("trust", "author.pub", "--name", "Ada's key")
        tell("register", "hello-0.1.0.plexica")
        # Where the agent is not root, somebody has to say that they trust its code.
        tell("unconfine", "hello", "0.1.0")
        tell("publish", "hello", "0.1.0")
    yield "hello"
    with platform_scope():
        empty_registry()


def test_hello_is_installed_used_and_taken_away(
    app: App, hello: str, acme: Tenant, globex: Tenant, person: Come
) -> None:
    set_password(acme, acme.owner_email)
    ada = person()
    page = ada.page
    page.goto(f"{acme.workspace_url}/")
    ada.log_in(acme.owner_email, PASSWORD)
    menu = page.get_by_role("navigation", name="Main")
    entry = menu.get_by_role("link", name="Hello", exact=True)
    expect(page.get_by_role("heading", name="Acme")).to_be_visible()
    expect(entry).to_be_hidden()

    install(page)
    page.reload()
    entry.click()
    expect(page.get_by_text("There are no notes yet.")).to_be_visible()
    page.get_by_label("Note").fill("Bring <b>cake</b>")
    page.get_by_role("button", name="Add").click()
    note = page.get_by_text("Bring <b>cake</b>")
    expect(note).to_be_visible()
    page.goto(f"{acme.workspace_url}/")
    expect(page.get_by_text("1 note", exact=True)).to_be_visible()

    # Without its backend there is a calm message in its own place, and then it is there again.
    app.stop("plugins")
    ada.expect_problem("status of 503")
    page.goto(f"{acme.workspace_url}/x/hello/")
    expect(page.get_by_text("This plugin does not answer at the moment")).to_be_visible()
    expect(entry).to_be_visible()
    app.start("plugins")
    wait_for(BackendState.READY)
    page.goto(f"{acme.workspace_url}/x/hello/")
    expect(note).to_be_visible()

    # Another tenant has nothing of it.
    set_password(globex, globex.owner_email)
    cy = person()
    cy.page.goto(f"{globex.workspace_url}/")
    cy.log_in(globex.owner_email, PASSWORD)
    cy.expect_problem("status of 404")
    cy.page.goto(f"{globex.workspace_url}/x/hello/")
    expect(cy.page.get_by_role("heading", name="There is nothing here")).to_be_visible()

    ada.expect_problem("status of 404")
    tell("disable", hello, "--tenant", "acme")
    page.goto(f"{acme.workspace_url}/x/hello/")
    expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
    expect(entry).to_be_hidden()
    tell("enable", hello, "--tenant", "acme")
    page.goto(f"{acme.workspace_url}/x/hello/")
    expect(note).to_be_visible()
    page.goto(f"{acme.workspace_url}/plugins/hello/uninstall/")
    uninstall(page)
    wait_for(BackendState.STOPPED)
    page.goto(f"{acme.workspace_url}/x/hello/")
    expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
