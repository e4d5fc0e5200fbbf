"""`plexica-plugin dev`: a project runs, follows its changes, and leaves nothing."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from plexica.core.scope import platform_scope
from plugins.models import Backend, Installation, Plugin, Release, StoredPackage, TrustedKey
from tenants.models import Tenant
from tests.e2e.conftest import App
from tests.e2e.people import Person
from tests.e2e.plugins import SDK, give_command, remove_plugin, visit_workspace
from tests.e2e.terminal import Terminal

SLUG = "shopping-list"
_KEPT = (Plugin, Release, StoredPackage, TrustedKey, Installation, Backend)


@pytest.fixture
def open_terminal(app: App, acme: Tenant, tmp_path: Path) -> Iterator[Callable[[Path], Terminal]]:
    opened: list[Terminal] = []

    def act(project: Path) -> Terminal:
        command = f"{SDK} dev {project} --tenant acme"
        opened.append(Terminal(app, command, tmp_path))
        return opened[-1]

    yield act
    for terminal in opened:
        terminal.close()
    remove_plugin(app, SLUG, tenant=acme.slug)


def _kept() -> list[int]:
    with platform_scope():
        return [model.objects.count() for model in _KEPT]


def _replace(path: Path, before: str, after: str) -> None:
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after), "utf-8")


@pytest.mark.prove
def test_a_project_runs_follows_its_changes_and_leaves_nothing(
    app: App,
    acme: Tenant,
    person: Callable[..., Person],
    open_terminal: Callable[[Path], Terminal],
    tmp_path: Path,
) -> None:
    ada = person()
    page = visit_workspace(ada, acme)
    before = _kept()
    project = tmp_path / SLUG
    give_command(app, f"{SDK} new {SLUG} {project}")
    terminal = open_terminal(project)
    terminal.wait_for(f"http.*/x/{SLUG}/")
    page.reload()
    page.get_by_role("link", name="Shopping list").first.click()
    expect(page.get_by_text(re.compile("^Hello, "))).to_be_visible()
    page.get_by_label("Entry").fill("Milk")
    page.get_by_role("button", name="Add").click()
    milk = page.get_by_role("listitem").filter(has_text="Milk")
    expect(milk).to_be_visible()
    assert "POST /entries/" in terminal.text(), "Its log is in the terminal."

    # Code runs anew, and a mistake in it is shown until it is mended.
    module = project / "src" / "shopping_list"
    _replace(
        module / "templates" / "shopping_list" / "page.html", "<p class", "<p>Mind!</p><p class"
    )
    terminal.wait_for("It runs anew.")
    page.reload()
    expect(page.get_by_text("Mind!")).to_be_visible()
    _replace(module / "urls.py", "app_name", "oh dear\napp_name")
    assert "SyntaxError" in terminal.wait_for("The plugin has ended, with exit code 1")
    _replace(module / "urls.py", "oh dear\n", "")
    terminal.wait_for("It runs anew.", times=2)

    # A model that has changed wants a migration, by which the installation changes.
    _replace(
        module / "models.py",
        "    created_at",
        "    is_done = models.BooleanField(default=False)\n    created_at",
    )
    terminal.wait_for("The models have changed and the migrations have not")
    give_command(app, f"{SDK} makemigrations {project}")
    terminal.wait_for(f"http.*/x/{SLUG}/", times=2)
    page.reload()
    expect(milk).to_be_visible()

    assert terminal.interrupt() == 0, terminal.text()
    assert "The platform is as it was." in terminal.text()
    assert _kept() == before
    ada.expect_problem("status of 404")
    page.reload()
    expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
