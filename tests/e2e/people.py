"""Somebody at a real browser, and what comes to their mailbox."""

import re
import time

import requests
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, expect

PASSWORD = "correct horse battery staple"
PHONE = 360
DESKTOP = 1280
# Also on a machine with two cores that does other things at the same time.
PATIENCE_SECONDS = 60
_LINK = re.compile(r"https?://\S+")

expect.set_options(timeout=PATIENCE_SECONDS * 1000)


class Person:
    """One person with a browser context of their own: nobody else's cookies.

    Attributes:
        context: The context.
        page: The first tab.
        problems: What browsers complain about: errors in the console, broken policies, exceptions.
    """

    def __init__(
        self,
        browser: Browser,
        *,
        width: int = DESKTOP,
        has_javascript: bool = True,
        language: str = "en-US",
    ) -> None:
        self.context: BrowserContext = browser.new_context(
            viewport={"width": width, "height": 800},
            java_script_enabled=has_javascript,
            locale=language,
        )
        self.context.set_default_timeout(PATIENCE_SECONDS * 1000)
        self.problems: list[str] = []
        self._expected: list[str] = []
        self.context.on("console", self._note)
        self.context.on("weberror", lambda error: self.problems.append(str(error.error)))
        self.page = self.context.new_page()

    def expect_problem(self, text: str) -> None:
        """Say that a text in the console is part of the test, such as an answer's status."""
        self._expected.append(text)

    def log_in(self, username: str, password: str = PASSWORD, *, page: Page | None = None) -> None:
        """Fill in Keycloak's login page and send it."""
        self.fill_login(username, password, page=page)
        (page or self.page).locator("#kc-login").click()

    def fill_login(
        self, username: str, password: str = PASSWORD, *, page: Page | None = None
    ) -> None:
        """Fill in Keycloak's login page."""
        page = page or self.page
        page.locator("#username").fill(username)
        page.locator("#password").fill(password)

    def log_out(self) -> None:
        """Log out by the menu."""
        self.page.locator("header .dropdown [data-bs-toggle=dropdown]").click()
        self.page.get_by_role("button", name="Log out", exact=True).click()

    def accept_invitation(self, link: str, password: str = PASSWORD) -> None:
        """Follow an invitation's link, set a password, and stop at Keycloak's last page."""
        self.page.goto(link)
        self.page.get_by_role("link", name="Click here to proceed").click()
        self.page.locator("#password-new").fill(password)
        self.page.locator("#password-confirm").fill(password)
        self.page.locator("[type=submit]").click()
        expect(self.page.get_by_text("Your account has been updated")).to_be_visible()

    def sideways_scroll(self) -> int:
        """Return by how many pixels the page is wider than the window."""
        return int(
            self.page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
        )

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(part in message.text for part in self._expected):
            self.problems.append(f"{message.text} ({message.location['url']})")

    def screenshots(self, path: str) -> None:
        """Keep what each tab shows."""
        for number, page in enumerate(self.context.pages):
            try:
                page.screenshot(path=f"{path}-{number}.png", full_page=True)
            except Error:
                # A page that is gone shows nothing.
                continue


def invitation_link(mail_url: str, address: str, *, realm: str) -> str:
    """Wait for the mail that invites an address to a realm, and return its link."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        for message in requests.get(f"{mail_url}/api/email?sort=desc", timeout=10).json():
            links = [link for link in _LINK.findall(message["text"]) if f"/realms/{realm}/" in link]
            if links and address in {to["address"] for to in message["to"]}:
                return str(links[0])
        assert time.monotonic() < deadline, f"No invitation came to {address}."
        time.sleep(0.2)
