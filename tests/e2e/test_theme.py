"""A workspace gets a look of its own, which others see at their next page, and at the login."""

from collections.abc import Callable
from io import BytesIO

from PIL import Image
from playwright.sync_api import Page, expect

from plexica.identity.keycloak.realm import realm_client
from tenants.models import Tenant
from tests.e2e.people import PATIENCE_SECONDS, Person
from tests.integration.identity.browser import PASSWORD, set_password

BO = "bo@acme.example"
_LOGO_IS_SHOWN = "image => image.complete && image.naturalWidth > 0"
_COLOUR = "getComputedStyle(document.documentElement).getPropertyValue('--tblr-primary').trim()"


def log_in(person: Person, acme: Tenant, email: str, path: str = "/") -> Page:
    person.page.goto(f"{acme.workspace_url}{path}")
    person.log_in(email, PASSWORD)
    person.page.wait_for_url(f"{acme.workspace_url}{path}")
    return person.page


def expect_colour(page: Page, colour: str) -> None:
    """Wait for it: what is on a page may be there before its style sheet is."""
    expect(page.locator("html")).to_have_css("--tblr-primary", colour)


def test_a_look_that_ada_saves_is_bos_at_the_next_page(
    acme: Tenant, person: Callable[..., Person]
) -> None:
    set_password(acme, acme.owner_email)
    realm_client(acme).create_user({"username": BO, "email": BO, "enabled": True})
    set_password(acme, BO)
    bo = log_in(person(), acme, BO)
    expect_colour(bo, "#4f46e5")

    ada = log_in(person(), acme, acme.owner_email, "/settings/theme/")
    ada.get_by_label("Colour", exact=True).fill("#fde047")
    expect(ada.get_by_text("At least 4.5:1 is needed.")).to_be_visible()
    ada.get_by_role("button", name="Take #").click()
    expect(ada.get_by_text("At least 4.5:1 is needed.")).to_be_hidden()
    colour = ada.get_by_label("Colour", exact=True).input_value()
    # Only the piece of a page that is tried has it.
    assert ada.evaluate(_COLOUR) == "#4f46e5"
    button = ada.locator(".theme-preview .btn-primary").first
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    expect(button).to_have_css("background-color", f"rgb({red}, {green}, {blue})")
    file = BytesIO()
    Image.new("RGB", (300, 100), "#7c2d12").save(file, "PNG")
    ada.get_by_label("Logo", exact=True).set_input_files(
        {"name": "logo.png", "mimeType": "image/png", "buffer": file.getvalue()}
    )
    ada.get_by_role("button", name="Save").click()
    expect(ada.get_by_text("The settings have been saved.")).to_be_visible()
    expect_colour(ada, colour)

    bo.reload()
    expect_colour(bo, colour)
    assert bo.locator("header .brand-logo").evaluate(_LOGO_IS_SHOWN)

    # The realm is told by the worker, so it may take a moment.
    stranger = person().page
    logo = stranger.locator("#kc-header-wrapper img")
    for _ in range(PATIENCE_SECONDS):
        stranger.goto(acme.workspace_url)
        if logo.count():
            break
        stranger.wait_for_timeout(1000)
    assert logo.evaluate(_LOGO_IS_SHOWN)
    # The style sheet comes from the workspace, and no policy of Keycloak's keeps it out.
    top = "getComputedStyle(document.documentElement).getPropertyValue('--keycloak-card-top-color')"
    assert stranger.evaluate(top).strip() == colour
