"""Sessions that end elsewhere, as people meet it: in real browsers, told by the real Keycloak."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from plexica.identity.keycloak.realm import realm_client
from tenants.models import Tenant
from tests.e2e.conftest import App
from tests.e2e.people import Person
from tests.integration.identity.browser import PASSWORD, set_password

ENDED_WITHIN_SECONDS = 1.0
Come = Callable[..., Person]


@pytest.fixture
def come_to_acme(app: App, acme: Tenant, person: Come) -> Callable[[str], Person]:
    """Have Ada come to a page of acme, at another computer each time."""
    set_password(acme, acme.owner_email)

    def come(path: str) -> Person:
        somebody = person()
        somebody.page.goto(f"{acme.workspace_url}{path}")
        somebody.log_in(acme.owner_email, PASSWORD)
        expect(somebody.page).to_have_url(f"{acme.workspace_url}{path}")
        return somebody

    return come


def test_logging_out_everywhere_ends_the_other_computers_session(
    acme: Tenant, come_to_acme: Callable[[str], Person]
) -> None:
    here, there = come_to_acme("/"), come_to_acme("/roles/owner/")
    here.page.locator("header .dropdown [data-bs-toggle=dropdown]").click()
    here.page.get_by_role("button", name="Log out everywhere").click()
    expect(here.page.get_by_role("heading", name="You are logged out everywhere")).to_be_visible()
    here.page.get_by_role("link", name="Log in again").click()
    expect(here.page.locator("#password")).to_be_visible()
    # What a part of the page asks for leads to the login, and back to the same page.
    there.expect_problem("status of 401")
    there.page.locator("#id_who").press_sequentially("b")
    expect(there.page.locator("#password")).to_be_visible()
    there.log_in(acme.owner_email, PASSWORD)
    expect(there.page).to_have_url(f"{acme.workspace_url}/roles/owner/")


def test_what_keycloak_ends_is_over_within_a_second(
    acme: Tenant, come_to_acme: Callable[[str], Person]
) -> None:
    ada = come_to_acme("/")
    ada.expect_problem("status of 401")
    realm = realm_client(acme)
    found = realm.find_user_by_email(acme.owner_email)
    assert found
    realm.end_user_sessions(found["id"])
    ended_at = time.monotonic()
    while ada.page.evaluate("fetch('/').then((answer) => answer.status)") == 200:
        assert time.monotonic() - ended_at < ENDED_WITHIN_SECONDS
    assert time.monotonic() - ended_at < ENDED_WITHIN_SECONDS
    ada.page.reload()
    expect(ada.page.locator("#password")).to_be_visible()
