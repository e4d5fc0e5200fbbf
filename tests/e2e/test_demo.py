"""The demo: lively tenants on the running platform, made once however often it is asked for."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from deploy.demo.cast import DEMO_TENANTS
from tests.e2e.conftest import App
from tests.e2e.people import Person
from tests.e2e.plugins import PYTHON, give_command, remove_plugin, try_command

_PASSWORD = re.compile(r"same password now: (\S+)")


@pytest.fixture
def _nothing_left(app: App, no_tenants: None) -> Iterator[None]:
    yield
    for slug in ("acme", "faro"):
        try_command(app, f"{PYTHON} manage.py plugin uninstall hello --tenant {slug} --purge")
    remove_plugin(app, "hello", tenant="globex")


@pytest.mark.usefixtures("_nothing_left")
@pytest.mark.parametrize(
    "slugs",
    [["globex"], pytest.param([each.slug for each in DEMO_TENANTS], marks=pytest.mark.prove)],
    ids=["one", "all"],
)
def test_the_demo_is_made_and_can_be_repeated(
    app: App, person: Callable[..., Person], slugs: list[str]
) -> None:
    command = f"{PYTHON} -m deploy.demo --only {' '.join(slugs)}"
    give_command(app, command)
    said = give_command(app, command)
    assert "made in" not in said
    found = _PASSWORD.search(said)
    assert found, said

    cy = person()
    cy.page.goto(app.workspace_url("globex"))
    cy.log_in("cy@globex.example", found[1])
    expect(cy.page.get_by_text("Truck 12 is back from the workshop.")).to_be_visible()
    cy.page.goto(f"{app.workspace_url('globex')}/users/")
    for name, state in (("Hal Hughes", "Active"), ("Jo Jensen", "Invited")):
        expect(cy.page.get_by_role("row").filter(has_text=name)).to_contain_text(state)
    cy.page.goto(f"{app.workspace_url('globex')}/files/?folder=tours")
    expect(cy.page.get_by_text("2026-w47.csv")).to_be_visible()


@pytest.mark.usefixtures("_nothing_left")
def test_a_tenant_of_somebody_else_is_left_alone(app: App) -> None:
    create = f"{PYTHON} manage.py tenant create harbour --name Port --owner it@port.example"
    assert try_command(app, create).returncode == 0
    refused = try_command(app, f"{PYTHON} -m deploy.demo --only harbour")
    assert refused.returncode == 1
    assert "not the demo's" in refused.stderr
