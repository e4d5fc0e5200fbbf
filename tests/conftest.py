"""What all tests share: the order of things, and the real servers."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.core.management import call_command
from pytest_django import DjangoDbBlocker

from deploy.local.instance import Instance
from plexica.core.scope import platform_scope
from tests.environment import INSTANCE, running_servers

# The quick ones first; those with Plexica's own processes running last.
_ORDER = ("sdk", "unit", "contracts", "integration", "e2e")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run kind by kind, so that a worker of the end-to-end tests meets no other test's runs."""

    def kind(item: pytest.Item) -> int:
        parts = item.path.parts
        return next((i for i, name in enumerate(_ORDER) if name in parts), len(_ORDER))

    items.sort(key=kind)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what the long proofs have counted, for the table in the documentation."""
    rows = [
        (report.nodeid.partition("::")[2], *report.user_properties[0], report.duration)
        for report in terminalreporter.stats.get("passed", [])
        if report.user_properties
    ]
    if rows:
        terminalreporter.section("proofs")
    for name, what, number, seconds in rows:
        terminalreporter.write_line(f"{name:90} {number:>5} {what:10} {seconds:7.0f} s")


@dataclass(frozen=True, slots=True)
class Servers:
    """The real servers of this run."""

    instance: Instance
    environment: dict[str, str]


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Start PostgreSQL, Redis, Keycloak, S3 and the mail catcher, once a run."""
    with running_servers() as environment:
        yield Servers(INSTANCE, environment)


@pytest.fixture(scope="session")
def platform(servers: Servers, django_db_blocker: DjangoDbBlocker) -> Iterator[Servers]:
    """Make database and realm of the platform itself, with the commands that `make up` uses."""
    with django_db_blocker.unblock():
        with platform_scope():
            call_command("prepare_database", verbosity=0)
            call_command("migrate", verbosity=0)
            call_command("prepare_keycloak", verbosity=0)
        yield servers
