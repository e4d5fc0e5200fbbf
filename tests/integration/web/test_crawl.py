"""Everybody can follow every link that they are shown, and reads their language on every page."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.conf import settings
from django.test import Client

from plexica.rbac.registry import Audience
from plexica.rbac.system_roles import SYSTEM_ROLES
from tenants.models import Tenant
from tests.pages.crawler import Crawl, crawl
from tests.pages.examples import console_examples, workspace_examples
from tests.pages.people import at_console, at_workspace, forget_people

STAFF = [role.key for role in SYSTEM_ROLES[Audience.PLATFORM]]
PEOPLE = [role.key for role in SYSTEM_ROLES[Audience.TENANT]]
# Names, addresses, keys and numbers, as the examples and the tenants of the tests have them.
_NAMES = (
    r"Acme|Globex|Plexica|Ada|Bo|Stella|Super Admin|Zoe|Sales|Who sells\.|Editors|Robot"
    r"|English|Italiano|bytes?|core|ownership"
)
_UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_KEY = r"\([\w-]+\)"
_NO_WORDS = re.compile(
    rf"({_UUID}|{_KEY}|\S+@\S+|https?:\S+|/[\w/]+|\b({_NAMES})\b|\W|\d|_|\b[A-Za-z]\b)*"
)


@pytest.fixture(scope="module", autouse=True)
def _things(acme: Tenant, globex: Tenant) -> Iterator[None]:
    """Something on every page."""
    with console_examples(acme), workspace_examples(acme):
        yield
    forget_people(acme, globex)


def paths(found: Crawl) -> set[str]:
    return {address.partition("?")[0] for address in found.pages}


@pytest.mark.parametrize("role", STAFF)
def test_the_staff_finds_no_dead_end(role: str) -> None:
    found = crawl(at_console(role))
    assert found.problems == []
    assert {"/tenants/", "/tenants/acme/"} <= paths(found)


@pytest.mark.parametrize("role", PEOPLE)
def test_people_find_no_dead_end(acme: Tenant, role: str) -> None:
    found = crawl(at_workspace(acme, role))
    assert found.problems == []
    assert "/" in paths(found)
    assert ("/users/" in paths(found)) == (role != "viewer")


def test_who_has_no_role_is_shown_nothing_to_follow(acme: Tenant) -> None:
    for client in (at_console(), at_workspace(acme)):
        found = crawl(client)
        assert paths(found) == set()
        assert len(found.problems) == 1, "The page that they came for is refused; no other link."


def test_the_intruder_is_shown_nothing(acme: Tenant, globex: Tenant) -> None:
    client = at_workspace(globex, "owner")
    client.defaults["HTTP_HOST"] = f"acme.{settings.PLEXICA_BASE_DOMAIN}"
    found = crawl(client)
    assert (found.problems, found.pages) == ([], {})


def test_strangers_are_led_to_the_login_only(acme: Tenant) -> None:
    for host in (settings.PLEXICA_BASE_DOMAIN, f"acme.{settings.PLEXICA_BASE_DOMAIN}"):
        found = crawl(Client(headers={"host": host}))
        assert (found.problems, found.pages) == ([], {})
        assert re.match("text/html", Client(headers={"host": host}).get("/oidc/")["Content-Type"])


@cache
def same_in_italian() -> set[str]:
    """What Italian takes over as it is, as its catalogue says."""
    with (Path(settings.BASE_DIR) / "locale/it/LC_MESSAGES/django.po").open("rb") as stream:
        catalogue = read_po(stream, locale="it")
    return {str(each.id) for each in catalogue if each.id and each.id == each.string}


def is_data(text: str) -> bool:
    return text in same_in_italian() or _NO_WORDS.fullmatch(text) is not None


@pytest.mark.parametrize("place", ["console", "workspace"])
def test_whoever_wants_italian_reads_no_english(acme: Tenant, place: str) -> None:
    client = at_console("super-admin") if place == "console" else at_workspace(acme, "owner")
    italian = crawl(client, **{"Accept-Language": "it"})
    english = crawl(client, **{"Accept-Language": "en"})
    # What programs are told is English; what has no language is a piece of a page.
    pages = {
        address: page
        for address, page in italian.pages.items()
        if page.language and not address.startswith("/api/")
    }
    assert {page.language for page in pages.values()} == {"it"}
    left = {
        address: sorted(text for text in page.texts & other.texts if not is_data(text))
        for address, page in pages.items()
        if (other := english.pages.get(address))
    }
    assert not any(left.values()), "\n".join(f"{each}: {left[each]}" for each in left if left[each])
