"""Somebody's own profile, in real browsers: it follows them, and their sessions end from it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from tenants.models import Tenant
from tests.e2e.conftest import App
from tests.e2e.people import PHONE, Person
from tests.integration.identity.browser import PASSWORD, set_password

Come = Callable[..., Person]


@pytest.fixture
def come(app: App, acme: Tenant, person: Come) -> Come:
    """Have Ada come to her profile, at another computer each time."""
    set_password(acme, acme.owner_email)

    def act(path: str = "/profile/", **options: int) -> Person:
        somebody = person(**options)
        somebody.page.goto(f"{acme.workspace_url}{path}")
        somebody.log_in(acme.owner_email, PASSWORD)
        expect(somebody.page).to_have_url(f"{acme.workspace_url}{path}")
        return somebody

    return act


def theme_of(person: Person) -> str | None:
    return person.page.locator("html").get_attribute("data-bs-theme")


def test_a_profile_follows_its_person(come: Come, tmp_path: Path) -> None:
    ada = come()
    page = ada.page
    page.get_by_label("First name").fill("Ada")
    page.get_by_label("Last name").fill("Lovelace")
    page.get_by_label("Language").select_option("it")
    page.get_by_label("Time zone").select_option("Europe/Rome")
    page.locator("#id_theme_mode").select_option("dark")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("html")).to_have_attribute("lang", "it")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    expect(page.get_by_role("heading", level=1)).to_have_text("Il profilo")
    expect(page.locator(".user-name")).to_have_text("Ada Lovelace")

    picture = tmp_path / "me.png"
    Image.new("RGB", (400, 300), "teal").save(picture)
    page.locator("#id_picture").set_input_files(picture)
    page.get_by_role("button", name="Carica").click()
    avatar = page.locator("header img.person")
    expect(avatar).to_be_visible()
    assert avatar.evaluate("image => image.decode().then(() => image.naturalWidth)") == 192

    # Another browser shows it at once, before any script has run.
    phone = come("/profile/", width=PHONE)
    assert theme_of(phone) == "dark"
    assert phone.page.locator("html").get_attribute("lang") == "it"
    assert phone.sideways_scroll() == 0
    phone.page.locator("header .dropdown [data-bs-toggle=dropdown]").click()
    with phone.page.expect_response("**/profile/theme/") as told:
        phone.page.get_by_role("button", name="Chiaro").click()
    assert told.value.status == 204
    assert theme_of(phone) == "light"
    page.reload()
    assert theme_of(ada) == "light"

    page.get_by_label("Lingua").select_option("")
    page.get_by_role("button", name="Salva").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your profile")


def test_without_scripts_the_theme_is_a_form(come: Come) -> None:
    ada = come(has_javascript=False)
    ada.page.locator("#id_theme_mode").select_option("dark")
    ada.page.get_by_role("button", name="Save").click()
    expect(ada.page.get_by_text("Your profile has been saved.")).to_be_visible()
    assert theme_of(ada) == "dark"


def test_sessions_are_ended_from_the_page(acme: Tenant, come: Come) -> None:
    here, there, third = come("/profile/sessions/"), come("/"), come("/")
    page = here.page
    page.reload()
    rows = page.locator("tbody tr")
    expect(rows).not_to_have_count(1)
    assert "Chrome on Linux" in rows.first.inner_text()
    expect(rows.first).to_contain_text("This one")
    rows.nth(1).get_by_role("button", name="Log out").click()
    expect(page.get_by_text("1 session has been ended.")).to_be_visible()
    page.get_by_role("button", name="Log out all others").click()
    expect(rows).to_have_count(1)
    for other in (there, third):
        other.page.reload()
        expect(other.page.locator("#password")).to_be_visible()
    page.get_by_role("button", name="Log out everywhere").last.click()
    expect(page.get_by_role("heading", name="You are logged out everywhere")).to_be_visible()
