"""Plugins that misbehave on the running platform, and one beside them that does not."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from playwright.sync_api import Browser, Page, Request, expect

from plexica.core.actor import SYSTEM
from plexica.core.scope import platform_scope
from plexica.storage.clients import get_client
from plugins.backends import set_unconfined
from plugins.lifecycle.files import PLUGINS_PREFIX
from plugins.models import Release
from plugins.runtimes.proc import list_processes, user_of
from plugins.services import publish_release, register_release
from tenants.models import Tenant
from tests.e2e.conftest import App
from tests.e2e.people import Person
from tests.e2e.plugins import PYTHON, give_command, try_command
from tests.integration.identity.browser import PASSWORD, set_password
from tests.integration.plugins.life.conftest import catalog
from tests.integration.plugins.misbehaving import misbehaving, saying
from tests.integration.plugins.packages import Author, empty_registry

PLUGIN = f"{PYTHON} manage.py plugin"
RUDE, CALM = "rude", "calm"
X = f"/x/{RUDE}"
# Once this has its answer, all that the page asks for as it is loaded has been seen to. It stands
# first, as what is outside of the plugin's place is set in nowhere.
END = f'<p id="end" hx-get="{X}/" hx-trigger="load" hx-swap="innerHTML">waits</p>'
PEOPLE = '<p hx-get="/users/" hx-trigger="load" hx-swap="innerHTML">users</p>'
MENU = "#navbar-menu"
PLANTED = '<i id="planted">planted</i>'


class Operator:
    """Who registers and publishes what Mallory makes, and installs it in tenants."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.author = Author("Mallory's key")
        with platform_scope():
            self.author.trusted()

    def publish(self, slug: str, **what: Any) -> Release:
        """Register and publish a package that misbehaves."""
        with platform_scope():
            content = misbehaving(self.author, slug, **what)
            release, _is_new = register_release(content=content, actor=SYSTEM)
            set_unconfined(release=release, allowed=True, actor=SYSTEM)
            return publish_release(release=release, actor=SYSTEM)

    def install(self, slug: str, *, tenant: str = "acme") -> None:
        """Install a plugin, and wait until it answers."""
        give_command(self.app, f"{PLUGIN} install {slug} --tenant {tenant} --agree")

    def purge(self, slug: str, *, tenant: str = "acme") -> None:
        """Take a plugin from a tenant with all that it has, whatever has become of it."""
        try_command(self.app, f"{PLUGIN} uninstall {slug} --tenant {tenant} --purge")


@contextmanager
def operated(app: App, *slugs: str, tenant: Tenant) -> Iterator[Operator]:
    """Have some plugins installed in a tenant for as long as a block runs, and then none."""
    operator = Operator(app)
    try:
        for slug in slugs:
            operator.publish(slug, uses=("users:read", "storage"))
            operator.install(slug, tenant=tenant.slug)
        yield operator
    finally:
        for slug in slugs:
            operator.purge(slug, tenant=tenant.slug)
        with platform_scope():
            empty_registry()


@dataclass
class Visit:
    """Ada in her workspace.

    Attributes:
        page: Her tab.
        asked: The paths that her browser has asked for since she came to the page.
        warnings: What the guard has refused.
    """

    person: Person
    base: str
    asked: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page: Page = self.person.page
        self.page.on("request", self._note)
        self.page.on("console", lambda line: self.warnings.append(line.text))

    def _note(self, request: Request) -> None:
        self.asked.append(request.url.removeprefix(self.base).partition("?")[0])

    def show(self, html: str, *, end: str = END) -> None:
        """Go to a page of the plugin with some HTML, and wait until all of it has been seen to."""
        self.asked.clear()
        self.warnings.clear()
        self.page.goto(self.base + X + saying(end + html))
        if end:
            expect(self.page.locator("#end")).to_have_text(f"This is {RUDE}.")

    @property
    def strayed(self) -> list[str]:
        """What was asked for beside pages and files of the plugin's own, and of the host."""
        return [path for path in self.asked if not path.startswith((f"{X}/", "/static/", "data:"))]

    def go_on(self) -> None:
        """See that the plugin is there again, that the other one is, and the host's own pages."""
        for path, words in (
            (f"{X}/", f"This is {RUDE}."),
            (f"/x/{CALM}/", f"This is {CALM}."),
            ("/", f"All is well with {CALM}."),
        ):
            self.page.goto(self.base + path)
            expect(self.page.get_by_text(words)).to_be_visible()


@contextmanager
def visited(acme: Tenant, browser: Browser) -> Iterator[Visit]:
    """Have Ada in her workspace for as long as a block runs."""
    set_password(acme, acme.owner_email)
    ada = Person(browser)
    ada.page.goto(f"{acme.workspace_url}/")
    ada.log_in(acme.owner_email, PASSWORD)
    ada.page.wait_for_url(f"{acme.workspace_url}/")
    yield Visit(ada, acme.workspace_url)
    ada.context.close()


def traces(tenant: Tenant) -> dict[str, list[Any]]:
    """Return what a plugin may leave: in the database, in the tenant's bucket, and what runs."""
    users = settings.PLEXICA_PLUGIN_USERS
    with platform_scope():
        found = get_client(tenant.s3).list_objects_v2(Bucket=tenant.bucket, Prefix=PLUGINS_PREFIX)
        files = [each["Key"] for each in found.get("Contents", ())]
        running = [each.pid for each in list_processes() if each.is_alive]
        return catalog() | {
            "files": files,
            "processes": sorted(pid for pid in running if user_of(pid) in users),
        }
