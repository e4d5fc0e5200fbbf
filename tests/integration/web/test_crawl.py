"""Everybody can follow every link that they are shown, and no page fails."""

import re
from collections.abc import Iterator

import pytest
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
