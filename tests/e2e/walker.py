"""Looks at a page as the rules of the front end have it: reachable for everybody, on any screen."""

import json
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from playwright.sync_api import Page, Response

from tests.e2e.people import DESKTOP, PATIENCE_SECONDS, PHONE, Person

_AXE = Path(settings.BASE_DIR) / "node_modules" / "axe-core" / "axe.min.js"
_HEIGHT = 800
_STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Actions, and addresses that lead to another.
_NOT_PAGES = {
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.NO_CONTENT,
    HTTPStatus.FOUND,
    HTTPStatus.MOVED_PERMANENTLY,
}
# Only colours differ between the themes.
_ONLY_COLOURS = {"runOnly": ["color-contrast"]}
_EVERYTHING = {"runOnly": _STANDARD}
# The sample of a colour that is refused shows why: nobody can read it.
_LOOK = """async (options) => {
  const found = await axe.run(
    {exclude: [[".theme-refused"]]}, {...options, preload: false, resultTypes: ["violations"]});
  return found.violations.map((rule) => [
    rule.id,
    rule.nodes.slice(0, 3).map((node) => node.html.slice(0, 160) + " " + node.any
      .concat(node.all, node.none).map((check) => check.message).join("; ")),
  ]);
}"""


class Walker:
    """Walks pages in one browser, as one person, and says what is wrong with each.

    Attributes:
        problems: What is wrong, each with its page.
        titles: The pages that were seen, each with its title.
        weights: The bytes that each page took, with all its files.
    """

    def __init__(self, person: Person, base: str) -> None:
        self.problems: list[str] = []
        self.titles: dict[str, str] = {}
        self.weights: dict[str, int] = {}
        self._person = person
        self._base = base
        self._bytes = 0
        # A script of the browser's own, which no policy of the page has to allow.
        person.context.add_init_script(path=_AXE)
        # Colours that are still on their way from one theme to the other are nobody's.
        person.page.emulate_media(reduced_motion="reduce")
        network = person.context.new_cdp_session(person.page)
        network.send("Network.enable")
        network.on("Network.loadingFinished", self._count)

    @property
    def _page(self) -> Page:
        return self._person.page

    def visit(
        self, path: str, *, status: int = HTTPStatus.OK, keep: Callable[[Page], None] | None = None
    ) -> None:
        """Look at a page in both themes, wide and narrow; leave alone what is no page.

        Args:
            path: Its path.
            status: What it is answered with.
            keep: Takes a picture of it, before anything is done to it.
        """
        self._page.set_viewport_size({"width": DESKTOP, "height": _HEIGHT})
        if self._open(path, status) is None:
            return
        if keep:
            keep(self._page)
        self.problems += [f"{path}: {problem}" for problem in self._look()]
        self.problems += [f"{path}: {problem}" for problem in self._person.problems]
        self._person.problems.clear()

    def _open(self, path: str, status: int) -> Response | None:
        """Open a page, and say what its answer was; nothing if it is not a page."""
        asked = self._ask(path)
        is_page = asked.text[:100].lower().lstrip().startswith("<!doctype html>")
        if asked.status_code in _NOT_PAGES or (asked.ok and not is_page):
            return None
        self._bytes = 0
        answer = self._page.goto(self._base + path)
        assert answer is not None
        if answer.status != status:
            self.problems.append(f"{path}: answered with {answer.status}")
            self._person.problems.clear()
            return None
        self._page.evaluate("document.fonts.ready.then(() => true)")
        self.weights[path] = self._bytes
        self.titles[path] = self._page.title()
        if status != HTTPStatus.OK:
            self._forget(f"status of {status:d}")
        return answer

    def _ask(self, path: str) -> requests.Response:
        """Ask apart from the browser, which can show neither files nor refusals without words."""
        parts = urlsplit(self._base)
        cookies = self._person.context.cookies(self._base)
        return requests.get(
            # Only browsers know the names below localhost.
            f"http://127.0.0.1:{parts.port}{path}",
            headers={
                "Host": parts.netloc,
                "Cookie": "; ".join(f"{each['name']}={each['value']}" for each in cookies),
            },
            allow_redirects=False,
            timeout=PATIENCE_SECONDS,
        )

    def _forget(self, text: str) -> None:
        """Leave out a problem that is what is asked for."""
        problems = self._person.problems
        problems[:] = [problem for problem in problems if text not in problem]

    def _look(self) -> Iterator[str]:
        if self._page.locator("h1").count() != 1:
            yield f"{self._page.locator('h1').count()} headings of the first rank"
        for width in (DESKTOP, PHONE):
            self._page.set_viewport_size({"width": width, "height": _HEIGHT})
            for theme, options in (("light", _EVERYTHING), ("dark", _ONLY_COLOURS)):
                self._page.evaluate(
                    "(theme) => { document.documentElement.dataset.bsTheme = theme }", theme
                )
                found: list[Any] = self._page.evaluate(_LOOK, options)
                for rule, nodes in found:
                    yield f"{rule} ({theme}, {width} px): {json.dumps(nodes)}"
            if (wider := self._person.sideways_scroll()) > 0:
                yield f"scrolls sideways by {wider} px at {width} px"

    def _count(self, event: dict[str, Any]) -> None:
        self._bytes += int(event["encodedDataLength"])


def same_titles(titles: dict[str, str]) -> Iterator[str]:
    """Find pages that have one title, by which tabs and screen readers tell them apart."""
    pages: dict[str, set[str]] = {}
    for path, title in titles.items():
        pages.setdefault(title, set()).add(urlsplit(path).path)
    for title, paths in pages.items():
        if len(paths) > 1:
            yield f"{', '.join(sorted(paths))}: all called {title}"
