"""The tutorial, word for word, up to the page in the browser.

What stands in: the platform of the tests for that of `make up`, and a directory of the test for
the one beside Plexica's own.
"""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tenants.models import Tenant
from tests.e2e.conftest import App
from tests.e2e.people import Person, invitation_link
from tests.e2e.plugins import PYTHON, SECONDS, give_command, remove_plugin
from tests.examples import CHECKOUT

TUTORIAL = CHECKOUT / "docs" / "plugins" / "tutorial.md"
LOCAL = ".venv/bin/python -m deploy.local run -- python"
PROJECT = "../shopping-list"


@pytest.fixture
def _no_plugins(app: App, acme: Tenant) -> Iterator[None]:
    yield
    remove_plugin(app, "shopping-list", tenant="acme")


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
    app: App, acme: Tenant, person: Callable[..., Person], tmp_path: Path
) -> None:
    workspace = app.workspace_url("acme")
    ada = person()
    ada.accept_invitation(invitation_link(app.mail_url, "ada@acme.example", realm="acme"))
    ada.page.goto(workspace)
    ada.log_in("ada@acme.example")
    expect(ada.page).to_have_url(f"{workspace}/")
    project = tmp_path / "shopping-list"
    started = time.monotonic()

    found = commands(project)
    assert len(found) == 9
    for command in found:
        give_command(app, command)

    page = ada.page
    page.goto(workspace)
    page.get_by_role("link", name="Shopping list").first.click()
    expect(page.get_by_text(re.compile("^Hello, "))).to_be_visible()
    assert time.monotonic() - started < SECONDS
    page.get_by_label("Entry").fill("Milk")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("listitem").filter(has_text="Milk")).to_be_visible()
    expect(page).to_have_url(f"{workspace}/x/shopping-list/")
