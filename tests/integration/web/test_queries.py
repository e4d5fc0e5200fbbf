"""Every page takes a fixed number of queries, however much there is to show.

`query_counts.json` holds the numbers. After a change that is meant, write it anew:
`PLEXICA_WRITE_BASELINE=1 .venv/bin/python -m pytest tests/integration/web/test_queries.py`.
"""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from plexica.core.scope import platform_scope
from tenants.models import Tenant
from tests.pages.examples import Examples, console_examples, workspace_examples
from tests.pages.people import at_console, at_workspace, forget_people

BASELINE = Path(__file__).with_name("query_counts.json")
WRITES = bool(os.environ.get("PLEXICA_WRITE_BASELINE"))
_MORE = 12
_SLUGS = "queries-"
# Each kind of thing that entries tell of takes a query for its names: look at one kind.
_NARROWED = {"/audit/": {"target": "tenant:acme"}}

Counts = dict[str, int]


@pytest.fixture(scope="module", autouse=True)
def _nobody_stays(acme: Tenant) -> Iterator[None]:
    yield
    forget_people(acme)


def count(client: Client, examples: Examples) -> Counts:
    """Return the queries of each page by its route, once it has been shown before."""
    found: Counts = {}
    for path, route in examples.paths().items():
        for _each in range(2):
            with CaptureQueriesContext(connection) as captured:
                answer = client.get(path, _NARROWED.get(path))
        is_page = answer.status_code == HTTPStatus.OK and not answer.streaming
        if is_page and b"<html" in answer.content[:200]:
            found[route.route] = len(captured)
    return found


def in_console(acme: Tenant) -> Counts:
    with console_examples(acme) as examples:
        client = at_console("super-admin")
        few = count(client, examples)
        with platform_scope(), ExitStack() as stack:
            stack.callback(Tenant.objects.filter(slug__startswith=_SLUGS).delete)
            for number in range(_MORE):
                slug = f"{_SLUGS}{number}"
                names = dict.fromkeys(("slug", "name", "realm", "bucket", "schema_name"), slug)
                Tenant.objects.create(owner_email="ada@example.com", **names)
                at_console("read-only")
            assert count(client, examples) == few
    return few


def in_workspace(acme: Tenant) -> Counts:
    with workspace_examples(acme) as examples:
        client = at_workspace(acme, "owner")
        few = count(client, examples)
        for _each in range(_MORE):
            at_workspace(acme, "member")
        assert count(client, examples) == few
    return few


@pytest.mark.parametrize("place", ["console", "workspace"])
def test_each_page_takes_the_queries_that_are_written_down(acme: Tenant, place: str) -> None:
    found = in_console(acme) if place == "console" else in_workspace(acme)
    written: dict[str, Counts] = json.loads(BASELINE.read_text("utf-8"))
    if WRITES:
        written[place] = found
        BASELINE.write_text(json.dumps(written, indent=2, sort_keys=True) + "\n", "utf-8")
    assert found == written[place]
