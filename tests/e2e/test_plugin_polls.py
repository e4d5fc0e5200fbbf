"""The example in Go, which knows the host by its contract alone: installed, used, taken away."""

import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from plexica.core.actor import SYSTEM
from plexica.identity.models import User
from plexica.rbac.people import Invitee, invite_people, remove_person
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.e2e.conftest import App
from tests.e2e.people import PATIENCE_SECONDS, Person
from tests.e2e.plugins import (
    expect_nothing_at,
    install_by_page,
    offer_example,
    remove_plugin,
    uninstall_by_page,
    visit_workspace,
)
from tests.e2e.programs import fetch_program_token, make_program
from tests.integration.identity.browser import PASSWORD, set_password

API = "/api/x/polls/api/polls"


@pytest.fixture
def _polls(
    app: App,
    acme: Tenant,
    globex: Tenant,
    plugin_runtime: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[None]:
    del plugin_runtime
    offer_example(app, "polls", tmp_path_factory.mktemp("desk"))
    yield
    remove_plugin(app, "polls", tenant=acme.slug)


@pytest.mark.usefixtures("_polls")
def test_polls_is_installed_used_and_taken_away(
    app: App, acme: Tenant, globex: Tenant, person: Callable[..., Person]
) -> None:
    ada = person()
    page = visit_workspace(ada, acme)
    install_by_page(page, "Polls", Most_choices="3", Signing_key="secret-1")
    page.reload()
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Polls").click()
    expect(page.get_by_text("There are no polls yet.")).to_be_visible()
    assert "secret-1" not in page.content()

    page.evaluate("window.isTheSamePage = true")
    page.get_by_label("Question").fill("Where to <b>lunch</b>?")
    ada.expect_problem("status of 400")
    page.get_by_label("Choices").fill("a\nb\nc\nd")
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_role("alert").filter(has_text="Give 2 to 3 choices")).to_be_visible()
    page.get_by_label("Choices").fill("Soup bar\nPark")
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_role("heading", name="Where to <b>lunch</b>?")).to_be_visible()
    page.get_by_role("button", name="Vote for Park").click()
    expect(page.get_by_text("Park: 1", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Vote for Park")).to_have_text("Your vote")
    assert page.evaluate("window.isTheSamePage"), "HTMX has replaced the board alone."
    columns = page.locator(".polls-choice").first.evaluate("e => getComputedStyle(e).display")
    assert columns == "grid", "Its style sheet counts."

    bo = _invite(acme, "bo@acme.example")
    _vote_without_scripts(person(has_javascript=False), acme)
    page.goto(f"{acme.workspace_url}/")
    expect(page.get_by_text("Park: 2", exact=True)).to_be_visible()
    viewer = make_program(app, acme, fetch_program_token(app, acme, "viewer"))
    found = viewer.get(API)
    assert [choice["votes"] for choice in found.json()["results"][0]["choices"]] == [0, 2]
    assert len(found.json()["signature"]) == 64
    assert "secret-1" not in found.text
    assert viewer.post(API, {}).status_code == 404

    # The host tells it that Bo is there no more, so Bo's vote goes.
    with tenant_scope(acme):
        remove_person(tenant=acme, user=bo, actor=SYSTEM)
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while viewer.get(API).json()["results"][0]["choices"][1]["votes"] == 2:
        assert time.monotonic() < ends_at, "The vote is still there."
        time.sleep(0.2)

    cy = person()
    visit_workspace(cy, globex)
    expect_nothing_at(cy, f"{globex.workspace_url}/x/polls/")
    uninstall_by_page(page, acme, "polls")
    expect_nothing_at(ada, f"{acme.workspace_url}/x/polls/")


def _invite(acme: Tenant, address: str) -> User:
    with tenant_scope(acme):
        invite_people(
            tenant=acme, invitees=[Invitee(email=address)], roles=["viewer"], actor=SYSTEM
        )
        user = User.objects.get(email=address)
    set_password(acme, address)
    return user


def _vote_without_scripts(bo: Person, acme: Tenant) -> None:
    """Vote by the form as it is, which leads back to the page."""
    bo.page.goto(f"{acme.workspace_url}/x/polls/")
    bo.log_in("bo@acme.example", PASSWORD)
    expect(bo.page.get_by_label("Question")).to_be_hidden()
    bo.page.get_by_role("button", name="Vote for Park").click()
    expect(bo.page.get_by_text("Park: 2", exact=True)).to_be_visible()
    expect(bo.page).to_have_url(f"{acme.workspace_url}/x/polls/")
