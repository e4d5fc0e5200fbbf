"""The commands in the documentation, given as they stand, to the platform that runs.

What stands in: the platform of the tests for that of `make up`, and a directory of the test for
`.plexica/`.
"""

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from deploy.local.environment import provisioner_environment, web_environment
from tests.e2e.conftest import App
from tests.e2e.people import Person, invitation_link
from tests.e2e.plugins import CHECKOUT, PYTHON, SECONDS, remove_plugin

_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LOCAL = re.compile(r"^\.venv/bin/python -m deploy\.local run( --as provisioner)? -- python")


def commands_of(page: str) -> list[str]:
    """Return the commands of a page that are meant to be given."""
    text = (CHECKOUT / "docs" / page).read_text("utf-8")
    return [line for block in _BLOCK.findall(text) for line in block.splitlines() if line]


def give(app: App, command: str, directory: Path) -> None:
    """Give a command of the documentation, which has to succeed."""
    found = _LOCAL.match(command)
    environment = provisioner_environment if found and found[1] else web_environment
    done = subprocess.run(  # noqa: S602 # as somebody types it
        _LOCAL.sub(PYTHON, command).replace(".plexica/", f"{directory}/"),
        shell=True,
        cwd=CHECKOUT,
        env=os.environ | environment(app.instance),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


@pytest.fixture
def _nothing_left(app: App, no_tenants: None) -> Iterator[None]:
    yield
    remove_plugin(app, "hello", tenant="acme")


@pytest.mark.usefixtures("_nothing_left")
def test_the_tutorial_leads_to_a_tenant_with_a_plugin(
    app: App, person: Callable[..., Person], tmp_path: Path
) -> None:
    found = commands_of("tutorial.md")
    assert len(found) == 10
    for command in found:
        give(app, command, tmp_path)
    ada = person()
    ada.accept_invitation(invitation_link(app.mail_url, "ada@acme.example", realm="acme"))
    ada.page.goto(app.workspace_url("acme"))
    ada.log_in("ada@acme.example")
    ada.page.get_by_role("link", name="Hello").first.click()
    expect(ada.page.get_by_text("Hello, ")).to_be_visible()
