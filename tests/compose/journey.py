"""What people do in a browser, from the empty console to a plugin in a workspace."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from deploy.local.instance import CHECKOUT
from deploy.local.node import node_binary
from deploy.local.system import require_browser
from plexica_sdk.cli import main as sdk
from tests.compose.podman import HOME, ComposeError
from tests.compose.stack import Stack
from tests.e2e.people import Person, invitation_link

PICTURES = HOME / "screenshots"
OWNER = "ada@acme.example"
_FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    # The proxy's own authority is unknown to the browser; `outside` checks its certificates.
    "--ignore-certificate-errors",
]  # fmt: skip


@contextmanager
def at_a_browser() -> Iterator[Browser]:
    """Have the system's browser."""
    os.environ["PLAYWRIGHT_NODEJS_PATH"] = str(node_binary())
    shutil.rmtree(PICTURES, ignore_errors=True)
    PICTURES.mkdir(parents=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=require_browser(), args=_FLAGS)
        yield browser
        browser.close()


class Journey:
    """Stella, the super admin, makes acme; Ada, its owner, works in it.

    Attributes:
        stella: The super admin at her browser.
        ada: The owner at hers.
    """

    def __init__(self, stack: Stack, browser: Browser, password: str) -> None:
        self._stack = stack
        self._password = password
        self.stella, self.ada = Person(browser), Person(browser)

    @property
    def workspace(self) -> str:
        """The address of acme's workspace."""
        return self._stack.console_url.replace("//", "//acme.")

    def make_tenant(self) -> None:
        """Log in to the console, and have acme made."""
        page = self.stella.page
        page.goto(self._stack.console_url)
        self.stella.log_in("superadmin", self._password)
        expect(page).to_have_url(f"{self._stack.console_url}/")
        page.get_by_role("link", name="Create the first tenant").click()
        page.get_by_label("Name", exact=True).fill("Acme Corporation")
        page.get_by_label("Address", exact=True).fill("acme")
        page.get_by_label("Owner's e-mail address").fill(OWNER)
        page.get_by_role("button", name="Create tenant").click()
        expect(page.get_by_role("link", name="Open workspace")).to_be_visible()
        _picture(page, "1-run")
        page.goto(f"{self._stack.console_url}/tenants/acme/")
        expect(page.locator(".state[data-state=ACTIVE]").first).to_be_visible()
        _picture(page, "2-tenant")

    def accept_invitation(self) -> None:
        """Follow the mail, set a password, and come to the dashboard."""
        link = invitation_link(self._stack.mail_url, OWNER, realm="acme")
        wanted = f"https://auth.localhost:{self._stack.port}/realms/acme/"
        if not link.startswith(wanted):
            raise ComposeError(f"The invitation leads to {link}.")
        self.ada.accept_invitation(link)
        self.open_workspace()
        _picture(self.ada.page, "3-workspace")

    def open_workspace(self) -> None:
        """Come to the dashboard, by a login if there is no session any more."""
        page = self.ada.page
        page.goto(f"{self.workspace}/")
        if "/realms/acme/" in page.url:
            self.ada.log_in(OWNER)
        expect(page).to_have_url(f"{self.workspace}/")
        expect(page.get_by_role("heading", name="Acme Corporation").first).to_be_visible()

    def upload(self) -> None:
        """Put a file into the bucket, and see it."""
        page = self.ada.page
        page.goto(f"{self.workspace}/files/")
        content = b"x" * 3_000_000  # larger than what the web server keeps in memory
        page.locator("input[type=file]").first.set_input_files(
            {"name": "report.txt", "mimeType": "text/plain", "buffer": content}
        )
        page.get_by_role("button", name="Upload", exact=True).click()
        expect(page.get_by_text("report.txt").first).to_be_visible()
        _picture(page, "4-files")

    def use_plugin(self) -> None:
        """Write a note in the plugin Hello."""
        page = self.ada.page
        page.goto(f"{self.workspace}/x/hello/")
        page.get_by_label("Note").fill("Bring cake")
        page.get_by_role("button", name="Add").click()
        self.see_note()
        _picture(page, "5-plugin")

    def see_note(self) -> None:
        """See the note that was written, in a page that is loaded anew."""
        self.ada.page.goto(f"{self.workspace}/x/hello/")
        expect(self.ada.page.get_by_text("Bring cake")).to_be_visible()

    def see_all_again(self) -> None:
        """See everything after the restarts, in the console too."""
        self.open_workspace()
        self.see_note()
        self.ada.page.goto(f"{self.workspace}/files/")
        expect(self.ada.page.get_by_text("report.txt").first).to_be_visible()
        page = self.stella.page
        page.goto(f"{self._stack.console_url}/health-status/")
        if "/realms/" in page.url:
            self.stella.log_in("superadmin", self._password)
            page.goto(f"{self._stack.console_url}/health-status/")
        expect(page.get_by_text("Keycloak").first).to_be_visible()
        _picture(page, "6-health")
        _picture(self.ada.page, "7-files-again")

    def problems(self) -> list[str]:
        """Return what the browsers complained about."""
        return [*self.stella.problems, *self.ada.problems]


def install_plugin(stack: Stack) -> None:
    """Build the example as its author does, and install it in acme as an operator does."""
    with tempfile.TemporaryDirectory() as name:
        package, key = Path(name, "hello.plexica"), Path(name, "author.pem")
        for words in (
            [
                "build",
                str(CHECKOUT / "examples" / "hello"),
                "--no-isolation",
                "--output",
                str(package),
            ],
            ["keygen", str(key)],
            ["sign", str(package), "--key", str(key)],
        ):
            if sdk(words) != 0:
                raise ComposeError(f"plexica-plugin {words[0]} failed.")
        stack.run("web", "sh", "-c", "cat > /tmp/hello.plexica", data=package.read_bytes())
        public = key.with_suffix(".pub").read_bytes()
        stack.run("web", "sh", "-c", "cat > /tmp/author.pub", data=public)
    for words in (
        ["trust", "/tmp/author.pub", "--name", "Ada"],  # noqa: S108 (the container's own)
        ["register", "/tmp/hello.plexica"],  # noqa: S108 (the same)
        ["publish", "hello", "0.1.0"],
        ["install", "hello", "--tenant", "acme", "--agree"],
    ):
        stack.run("web", "python", "manage.py", "plugin", *words)


def _picture(page: Page, name: str) -> None:
    page.screenshot(path=PICTURES / f"{re.sub(r'[^a-z0-9-]', '', name)}.png", full_page=True)
