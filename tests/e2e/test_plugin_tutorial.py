"""The tutorial, word for word, up to the page in the browser.

What stands in: the platform of the tests for that of `make up`, and a directory of the test for
the one beside Plexica's own.
"""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tenants.models import Tenant
from tests.e2e.conftest import App
from tests.e2e.people import Person, invitation_link
from tests.e2e.plugins import PYTHON, SECONDS, give_command, remove_plugin
from tests.e2e.terminal import Terminal
from tests.examples import CHECKOUT

TUTORIAL = CHECKOUT / "docs" / "plugins" / "tutorial.md"
LOCAL = ".venv/bin/python -m deploy.local run -- python"
PROJECT = "../shopping-list"


@pytest.fixture
def _no_plugins(app: App, acme: Tenant) -> Iterator[None]:
    yield
    remove_plugin(app, "shopping-list", tenant="acme")


@pytest.fixture
def open_terminal(app: App, tmp_path: Path) -> Iterator[Callable[[str], Terminal]]:
    opened: list[Terminal] = []

    def act(command: str) -> Terminal:
        opened.append(Terminal(app, command, tmp_path))
        return opened[-1]

    yield act
    for terminal in opened:
        terminal.close()


def commands(project: Path) -> list[str]:
    """Return the commands of the tutorial."""
    blocks = re.findall(r"^```sh\n(.*?)^```", TUTORIAL.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [
        line.replace(LOCAL, PYTHON).replace(PROJECT, str(project))
        for block in blocks
        for line in block.splitlines()
    ]


@pytest.mark.usefixtures("_no_plugins")
def test_the_tutorial_leads_to_a_page_in_two_minutes(
    app: App,
    acme: Tenant,
    person: Callable[..., Person],
    open_terminal: Callable[[str], Terminal],
    record_property: Callable[[str, object], None],
    tmp_path: Path,
) -> None:
    workspace = app.workspace_url("acme")
    ada = person()
    ada.accept_invitation(invitation_link(app.mail_url, "ada@acme.example", realm="acme"))
    ada.page.goto(workspace)
    ada.log_in("ada@acme.example")
    expect(ada.page).to_have_url(f"{workspace}/")
    project = tmp_path / "shopping-list"
    started = time.monotonic()

    begin, develop, *rest = commands(project)
    give_command(app, begin)
    terminal = open_terminal(develop)
    terminal.wait_for("/x/shopping-list/\n")
    _see_the_page(ada.page, workspace)
    seconds = time.monotonic() - started
    assert seconds < SECONDS
    record_property("from new to the page, in seconds", round(seconds, 1))
    assert terminal.interrupt() == 0, terminal.text()

    assert len(rest) == 8
    for command in rest:
        give_command(app, command)
    page = ada.page
    _see_the_page(page, workspace)
    page.get_by_label("Entry").fill("Milk")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("listitem").filter(has_text="Milk")).to_be_visible()
    expect(page).to_have_url(f"{workspace}/x/shopping-list/")


def _see_the_page(page: Page, workspace: str) -> None:
    page.goto(workspace)
    page.get_by_role("link", name="Shopping list").first.click()
    expect(page.get_by_text(re.compile("^Hello, "))).to_be_visible()
