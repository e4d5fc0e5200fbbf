"""What people do with the keyboard alone: each stop in the page's order, and to be seen."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tenants.models import Tenant
from tests.e2e.conftest import App
from tests.e2e.people import Person
from tests.integration.identity.browser import PASSWORD, set_password

Come = Callable[..., Person]
_MOST_STOPS = 60
_STOP = """() => {
  const stop = document.activeElement;
  const box = stop.getBoundingClientRect();
  const style = getComputedStyle(stop);
  const before = window.lastStop;
  window.lastStop = stop;
  const middle = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return {
    name: (stop.getAttribute("aria-label") || stop.labels?.[0]?.textContent
      || stop.textContent || "").replace(/\\s+/g, " ").trim(),
    isPage: stop === document.body,
    isMarked: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    isSeen: middle !== null
      && (stop.contains(middle) || Boolean(stop.labels?.[0]?.contains(middle))),
    isInOrder: !before?.isConnected || before === document.body
      || Boolean(before.compareDocumentPosition(stop) & Node.DOCUMENT_POSITION_FOLLOWING),
  };
}"""


def tab_to(page: Page, name: str) -> None:
    """Go on with the tab key until something of this name has the focus."""
    for _each in range(_MOST_STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate(_STOP)
        if stop["isPage"]:
            continue
        assert stop["isMarked"], f"Nobody sees that {stop['name']!r} has the focus."
        assert stop["isSeen"], f"{stop['name']!r} has the focus and is hidden."
        assert stop["isInOrder"], f"{stop['name']!r} is before where the focus was."
        if stop["name"] == name:
            return
    raise AssertionError(f"No stop is called {name!r}.")


def follow(page: Page, name: str, url: str) -> None:
    """Go to a link or a button, use it, and wait for the next page."""
    tab_to(page, name)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(url))


def test_a_tenant_is_made_by_keyboard(app: App, admin: Person, tidy: list[str]) -> None:
    tidy.append("keys")
    page = admin.page
    page.goto(f"{app.console_url}/tenants/")
    tab_to(page, "Skip to the content")
    page.keyboard.press("Enter")
    follow(page, "New tenant", r"/tenants/new/$")
    tab_to(page, "Name")
    page.keyboard.type("Keys")
    tab_to(page, "Address")
    expect(page.get_by_label("Address", exact=True)).to_have_value("keys")
    tab_to(page, "Owner's e-mail address")
    page.keyboard.type("kim@keys.example")
    follow(page, "Create tenant", r"/tenants/keys/runs/[0-9a-f-]{36}/$")
    expect(page.get_by_role("link", name="Open workspace")).to_be_visible()
    follow(page, "See the tenant", r"/tenants/keys/$")


def test_somebody_is_invited_by_keyboard(app: App, acme: Tenant, person: Come) -> None:
    set_password(acme, acme.owner_email)
    ada = person()
    page = ada.page
    page.goto(f"{acme.workspace_url}/")
    ada.fill_login(acme.owner_email, PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{acme.workspace_url}/")
    follow(page, "People", r"/users/$")
    follow(page, "Invite people", r"/users/invite/$")
    tab_to(page, "E-mail addresses")
    page.keyboard.type("kit@acme.example")
    page.get_by_label("Viewer").evaluate("box => { window.viewer = box }")
    while not page.evaluate("document.activeElement === window.viewer"):
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.get_by_label("Viewer")).to_be_checked()
    follow(page, "Send invitations", r"/users/$")
    expect(page.get_by_text("kit@acme.example").first).to_be_visible()


def test_the_menu_of_oneself_opens_and_closes_by_keyboard(admin: Person) -> None:
    page = admin.page
    menu = page.locator("header .dropdown [data-bs-toggle=dropdown]")
    menu.focus()
    page.keyboard.press("Enter")
    expect(menu).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_role("button", name="Log out", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    expect(menu).to_have_attribute("aria-expanded", "false")
    expect(menu).to_be_focused()
