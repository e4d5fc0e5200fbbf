"""Nothing of ours stays English on the pages of somebody who reads Italian."""

import re
from collections.abc import Iterator
from functools import lru_cache
from html.parser import HTMLParser
from http import HTTPStatus

import pytest
from django.test import Client
from django.utils.translation.trans_real import translation

from tenants.models import Tenant
from tests.pages.examples import Examples, console_examples, workspace_examples
from tests.pages.people import at_console, at_workspace, forget_people

ITALIAN = {"Accept-Language": "it"}
# Read by a screen reader, or shown in a field.
_SAID = {"alt", "aria-label", "data-announce", "placeholder", "title"}
_NO_WORDS = {"code", "optgroup", "script", "style", "svg"}
_EMPTY = {"br", "hr", "img", "input", "link", "meta"}
_PLACEHOLDER = re.compile(r"%\\\((?:\w+)\\\)[sd]")
_SENTENCE = re.compile(r"[^\W\d]{2,}(?:,?\s+[^\W\d]{2,}){2,}")
# What the examples say, a slug that the descriptions' test has in the audit, and a language by its
# own name.
_DATA = {"See who was greeted.", "Token of the mail service", "version", "English"}


class Texts(HTMLParser):
    """All that a page says, piece by piece."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self._open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _EMPTY:
            self._open.append(tag)
        self.found |= {" ".join(text.split()) for name, text in attrs if name in _SAID and text}

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if data.strip() and not _NO_WORDS & set(self._open):
            self.found.add(" ".join(data.split()))


@lru_cache(maxsize=1)
def english() -> re.Pattern[str]:
    """Return what matches every text of ours that is another in Italian."""
    patterns = []
    for message, translated in translation("it")._catalog.items():  # noqa: SLF001 (there is no other way to it)
        text = message[0] if isinstance(message, tuple) else message.rpartition("\x04")[2]
        words = _PLACEHOLDER.sub(".+", re.escape(" ".join(text.split())))
        if text != translated and re.search(r"[^\W\d]{3}", words):
            patterns.append(words)
    return re.compile("|".join(patterns))


@pytest.fixture(scope="module", autouse=True)
def _nobody_stays(acme: Tenant) -> Iterator[None]:
    yield
    forget_people(acme)


def left_in_english(client: Client, examples: Examples) -> list[str]:
    """Return what is said on the pages in English and Italian alike, and is no name nor data."""
    found: list[str] = []
    seen = 0
    for path in examples.paths():
        answer = client.get(path)
        if answer.status_code != HTTPStatus.OK or answer.streaming:
            continue
        italian = client.get(path, headers=ITALIAN)
        assert italian.headers["Content-Language"] == "it"
        seen += 1
        alike = Texts(answer.content.decode()).found & Texts(italian.content.decode()).found
        found += [
            f"{path}: {text}"
            for text in sorted(alike - _DATA)
            if english().fullmatch(text) or _SENTENCE.search(text)
        ]
    assert seen > 20
    return found


def test_the_console_is_in_italian(acme: Tenant) -> None:
    with console_examples(acme) as examples:
        assert left_in_english(at_console("super-admin"), examples) == []


def test_a_workspace_is_in_italian(acme: Tenant) -> None:
    with workspace_examples(acme) as examples:
        assert left_in_english(at_workspace(acme, "owner"), examples) == []
