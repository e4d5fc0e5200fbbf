"""Plugins as their authors, operators and a workspace's people handle them."""

import os
import shutil
import subprocess
import time
from pathlib import Path

from playwright.sync_api import Page, expect

from deploy.local.environment import web_environment
from plexica.core.scope import platform_scope
from plexica_sdk.building import read_manifest
from plugins.models import Backend
from plugins.states import BackendState
from tenants.models import Tenant
from tests.e2e.conftest import App
from tests.e2e.people import PATIENCE_SECONDS, Person
from tests.examples import CHECKOUT, EXAMPLES, build_polls
from tests.integration.identity.browser import PASSWORD, set_password
from tests.integration.plugins.packages import empty_registry

PYTHON = ".venv/bin/python"
PLUGIN = f"{PYTHON} manage.py plugin"
SDK = ".venv/bin/plexica-plugin"
SECONDS = 120
_LOOK_SECONDS = 0.2


def try_command(app: App, command: str) -> subprocess.CompletedProcess[str]:
    """Give a command in Plexica's directory, however it ends."""
    return subprocess.run(  # noqa: S602 # as somebody types it
        command,
        shell=True,
        cwd=CHECKOUT,
        env=os.environ | web_environment(app.instance),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def give_command(app: App, command: str) -> str:
    """Give a command that has to succeed, and return what it says."""
    done = try_command(app, command)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def offer_example(app: App, name: str, desk: Path) -> None:
    """Have an author build and sign an example, and an operator offer it to tenants.

    Args:
        app: The platform.
        name: The example's directory.
        desk: A directory of the author's, in which nothing of that name is yet.
    """
    project = desk / name
    left_out = shutil.ignore_patterns("dist", "programs", "__pycache__")
    shutil.copytree(EXAMPLES / name, project, ignore=left_out)
    manifest = read_manifest(project)
    if manifest.runtime.programs:
        build_polls(project)
    release = f"{manifest.slug} {manifest.version}"
    package, key = project / f"{manifest.slug}.plexica", project / "author.pem"
    for command in (
        f"{SDK} build {project} --no-isolation --output {package}",
        f"{SDK} keygen {key}",
        f"{SDK} sign {package} --key {key}",
        f"{PLUGIN} trust {key.with_suffix('.pub')} --name Ada",
        f"{PLUGIN} register {package}",
        # Where the agent is not root, somebody has to say that they trust its code.
        f"{PLUGIN} unconfine {release}",
        f"{PLUGIN} publish {release}",
    ):
        give_command(app, command)


def remove_plugin(app: App, slug: str, *, tenant: str) -> None:
    """Remove a plugin from a tenant and from the registry, whatever has become of it."""
    try_command(app, f"{PLUGIN} uninstall {slug} --tenant {tenant} --purge")
    with platform_scope():
        empty_registry()


def visit_workspace(somebody: Person, tenant: Tenant) -> Page:
    """Have a tenant's owner log in to its workspace."""
    set_password(tenant, tenant.owner_email)
    somebody.page.goto(f"{tenant.workspace_url}/")
    somebody.log_in(tenant.owner_email, PASSWORD)
    expect(somebody.page.get_by_role("heading", name=tenant.name)).to_be_visible()
    return somebody.page


def install_by_page(page: Page, name: str, **settings_: str) -> None:
    """Go from any page of the workspace to a plugin that is installed.

    Args:
        page: The page.
        name: The plugin's.
        **settings_: What to fill in, by the setting's title with underscores for blanks.
    """
    page.get_by_role("link", name="Plugins", exact=True).click()
    page.get_by_role("table").get_by_role("link", name=name).click()
    page.get_by_role("link", name="Install").click()
    for title, value in settings_.items():
        page.get_by_label(title.replace("_", " ")).fill(value)
    page.get_by_label("I agree to what it asks for, for the whole workspace.").check()
    page.get_by_role("button", name="Install").click()
    expect(page.get_by_role("heading", name=f"{name} is installed")).to_be_visible()


def uninstall_by_page(page: Page, tenant: Tenant, slug: str) -> None:
    """Say on the page that asks for it that nothing of a plugin is to be kept."""
    page.goto(f"{tenant.workspace_url}/plugins/{slug}/uninstall/")
    page.get_by_label("Its data", exact=True).select_option("purge")
    page.get_by_label("Type the plugin's short name").fill(slug)
    page.get_by_role("button", name="Uninstall").click()
    wait_for_backend(slug, BackendState.STOPPED)


def expect_nothing_at(somebody: Person, address: str) -> None:
    """Look where nothing is to be found."""
    somebody.expect_problem("status of 404")
    somebody.page.goto(address)
    expect(somebody.page.get_by_role("heading", name="There is nothing here")).to_be_visible()


def wait_for_backend(slug: str, state: BackendState) -> Backend:
    """Wait until a plugin's only backend is in a state, and return it."""
    ends_at = time.monotonic() + PATIENCE_SECONDS
    with platform_scope():
        found = Backend.objects.filter(release__plugin__slug=slug)
        while found.get().state != state:
            assert time.monotonic() < ends_at, found.get().state
            time.sleep(_LOOK_SECONDS)
        return found.get()
