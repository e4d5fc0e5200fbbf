"""Follows every link that somebody is shown, as one who clicks on everything would."""

from collections import Counter, deque
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from django.conf import settings
from django.test import Client
from django.urls import Resolver404, resolve

from tests.pages.examples import CONSOLE, WORKSPACE

# Of pages of one kind, such as those of all people, some are enough.
_MOST_OF_A_KIND = 3
_LINKS = ("href", "hx-get")
_ELSEWHERE = ("/static/", "/oidc/")
_REDIRECTS = {HTTPStatus.FOUND, HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.SEE_OTHER}
_UNREAD = {"script", "style", "code", "pre", "time"}
_SHOWN = ("aria-label", "placeholder", "title", "alt", "data-label", "data-announce")
_EMPTY = {"br", "hr", "img", "input", "link", "meta", "use", "path", "rect", "line", "circle"}


@dataclass
class Seen(HTMLParser):
    """What is on a page: where it leads, and what it says.

    Attributes:
        links: The addresses that it leads to by a click.
        texts: What it says to people, without code and data in attributes.
        language: Which language it says that it is in.
    """

    links: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)
    language: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[str] = []
        self._form = ""

    def __hash__(self) -> int:
        return id(self)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a link, and what attributes say."""
        values = {name: value or "" for name, value in attrs}
        if tag not in _EMPTY:
            self._open.append(tag)
        if tag == "html":
            self.language = values.get("lang", "")
        if tag == "form" and values.get("method", "get") == "get" and values.get("action"):
            self.links.add(values["action"])
        if tag != "link":
            self.links |= {values[name] for name in _LINKS if values.get(name)}
        for name in _SHOWN:
            if name in values and tag not in {"meta", "time"}:
                self._note(values[name])

    def handle_endtag(self, tag: str) -> None:
        """Leave an element."""
        while self._open:
            if self._open.pop() == tag:
                return

    def handle_data(self, data: str) -> None:
        """Note a text."""
        if not _UNREAD & set(self._open):
            self._note(data)

    def _note(self, text: str) -> None:
        words = " ".join(text.split())
        if words:
            self.texts.add(words)


@dataclass
class Crawl:
    """What somebody saw who followed every link.

    Attributes:
        pages: What was on each page, by its address.
        problems: Links that lead nowhere, or where one may not go, and pages that failed.
    """

    pages: dict[str, Seen] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def read(content: str) -> Seen:
    """Read a page."""
    seen = Seen()
    seen.feed(content)
    seen.close()
    return seen


def crawl(client: Client, start: str = "/", **headers: str) -> Crawl:
    """Follow every link from a page on: some of each kind of page, with each set of parameters."""
    found = Crawl()
    host = client.defaults["HTTP_HOST"]
    waiting = deque([(start, "the address bar")])
    known: set[Any] = set()
    kinds: Counter[Any] = Counter()
    while waiting:
        address, origin = waiting.popleft()
        parts = urlsplit(address)
        names = frozenset(name for name, _ in parse_qsl(parts.query))
        kind = (_route(parts.path, host), names)
        is_known = (parts.path, names) in known or kinds[kind] >= _MOST_OF_A_KIND
        if is_known or parts.path.startswith(_ELSEWHERE):
            continue
        known.add((parts.path, names))
        kinds[kind] += 1
        for link in _visit(client, address, origin, found, headers):
            target = urlsplit(urljoin(f"http://{host}{address}", link))
            if target.scheme in {"http", "https"} and target.netloc == host:
                query = f"?{target.query}" if target.query else ""
                waiting.append((target.path + query, address))
    return found


def _route(path: str, host: str) -> str:
    urlconf = CONSOLE if host == settings.PLEXICA_BASE_DOMAIN else WORKSPACE
    try:
        return resolve(path, urlconf).route
    except Resolver404:
        return path


def _visit(
    client: Client, address: str, origin: str, found: Crawl, headers: dict[str, str]
) -> set[str]:
    try:
        answer = client.get(address, headers=headers)
    except Exception as error:  # noqa: BLE001 (whatever a view raises is what is looked for)
        found.problems.append(f"{address} (from {origin}): {error!r}")
        return set()
    if answer.status_code in _REDIRECTS:
        return {answer["Location"]}
    if answer.status_code != HTTPStatus.OK:
        found.problems.append(f"{address} (from {origin}): {answer.status_code}")
        return set()
    if answer.streaming:
        b"".join(answer.streaming_content)  # type: ignore[arg-type] # made while it is sent
        return set()
    if not answer["Content-Type"].startswith("text/html"):
        return set()
    seen = found.pages[address] = read(answer.content.decode())
    return seen.links
