"""Every page of console and workspace: without a violation that axe finds, and light.

Pages are found by walking the URLconf; `tests/pages/examples.py` has what stands in the place of
parameters. What is answered with no whole page (actions, fragments, downloads) is left alone.
"""

from collections.abc import Callable, Iterator
from functools import partial

import pytest
from playwright.sync_api import Browser

from tenants.models import Tenant
from tests.e2e.conftest import App, log_in_admin
from tests.e2e.people import Person
from tests.e2e.walker import Walker, same_titles
from tests.integration.identity.browser import PASSWORD, set_password
from tests.pages.examples import (
    INSTALLED,
    KEPT_PAGES,
    OFFERED,
    Examples,
    console_examples,
    workspace_examples,
)
from tests.pages.pictures import keep_picture

FIRST_VISIT_BYTES = 200_000
NEXT_VISIT_BYTES = 30_000
# Beside those with an address: what is shown instead of a page.
MISSING = "/there/is/no/such/page/"
# A colour that is refused, as its preview shows it.
REFUSED_COLOUR = "/settings/theme/?theme_colour=%23fde047"


@pytest.fixture(scope="module")
def console(app: App, acme: Tenant) -> Iterator[Examples]:
    """What the console's pages show."""
    with console_examples(acme) as examples:
        yield examples


@pytest.fixture(scope="module")
def workspace(app: App, acme: Tenant) -> Iterator[Examples]:
    """What the workspace's pages show."""
    with workspace_examples(acme) as examples:
        yield examples


@pytest.fixture(scope="module")
def admin_here(app: App, browser: Browser) -> Iterator[Person]:
    """The super admin in the console, for all tests of this module."""
    somebody = Person(browser)
    log_in_admin(app, somebody)
    yield somebody
    somebody.context.close()


@pytest.fixture(scope="module")
def ada_here(app: App, acme: Tenant, browser: Browser) -> Iterator[Person]:
    """Ada in her workspace, for all tests of this module."""
    set_password(acme, acme.owner_email)
    somebody = Person(browser)
    somebody.page.goto(f"{acme.workspace_url}/")
    somebody.log_in(acme.owner_email, PASSWORD)
    somebody.page.wait_for_url(f"{acme.workspace_url}/")
    yield somebody
    somebody.context.close()


def walk(walker: Walker, examples: Examples, *more: str) -> None:
    for path, route in examples.paths().items():
        keep = partial(keep_picture, urlconf=examples.urlconf, route=route.route)
        walker.visit(path, keep=keep)
    for path in more:
        walker.visit(path)
    walker.visit(MISSING, status=404)
    problems = [*walker.problems, *same_titles(walker.titles)]
    for path, weight in walker.weights.items():
        if weight > NEXT_VISIT_BYTES:
            problems.append(f"{path}: {weight} bytes, although the browser has all files")
    assert not problems, "\n".join([f"{len(walker.weights)} pages", *problems])


@pytest.mark.prove
@pytest.mark.timeout(1800)
def test_every_page_of_the_console(app: App, console: Examples, admin_here: Person) -> None:
    walker = Walker(admin_here, app.console_url)
    walk(walker, console)
    assert f"/tenants/{console.values['slug']}/" in walker.weights


@pytest.mark.prove
@pytest.mark.timeout(1800)
def test_every_page_of_a_workspace(acme: Tenant, workspace: Examples, ada_here: Person) -> None:
    walker = Walker(ada_here, acme.workspace_url)
    walk(walker, workspace, REFUSED_COLOUR, *KEPT_PAGES)
    assert f"/users/{workspace.values['user_id']}/" in walker.weights
    for page in (f"{OFFERED}/install/", f"{INSTALLED}/upgrade/", f"{INSTALLED}/uninstall/"):
        assert f"/plugins/{page}" in walker.weights
    assert set(KEPT_PAGES) <= set(walker.weights)


@pytest.mark.parametrize("path", ["/", "/tenants/"])
def test_the_first_visit_of_the_console(
    app: App, admin_here: Person, person: Callable[..., Person], path: str
) -> None:
    newcomer = person()
    newcomer.context.add_cookies(admin_here.context.cookies())  # type: ignore[arg-type]
    assert weigh(newcomer, app.console_url + path) < FIRST_VISIT_BYTES


@pytest.mark.parametrize("path", ["/", "/users/"])
def test_the_first_visit_of_a_workspace(
    acme: Tenant, ada_here: Person, person: Callable[..., Person], path: str
) -> None:
    newcomer = person()
    newcomer.context.add_cookies(ada_here.context.cookies())  # type: ignore[arg-type]
    assert weigh(newcomer, acme.workspace_url + path) < FIRST_VISIT_BYTES


def weigh(newcomer: Person, url: str) -> int:
    """Return the bytes that a page takes in a browser that has nothing yet, with all its files."""
    total = 0

    def count(event: dict[str, float]) -> None:
        nonlocal total
        total += int(event["encodedDataLength"])

    network = newcomer.context.new_cdp_session(newcomer.page)
    network.send("Network.enable")
    network.on("Network.loadingFinished", count)
    answer = newcomer.page.goto(url)
    assert answer is not None
    assert answer.ok
    newcomer.page.wait_for_load_state("networkidle")
    return total
