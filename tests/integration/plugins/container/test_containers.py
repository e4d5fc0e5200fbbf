"""Backends in containers of a real Podman: started, reached, kept within bounds, ended."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from plugins.agent.loop import Agent
from plugins.backends import endpoint_of, wait_until_ready
from plugins.gateway.transport import send
from plugins.models import Backend
from tests.integration.plugins.agent.running import registered, until, wanted
from tests.integration.plugins.packages import Author

pytestmark = pytest.mark.prove
SECONDS = 240


def ask(backend: Backend, expression: str) -> Any:
    """Have a backend say what an expression is there, through its door."""
    answer = send(backend.address, method="GET", target=f"/do?{quote(expression)}", headers={})
    return json.loads(answer.read())


def test_it_starts_and_is_reached(agent: Agent, ada: Author) -> None:
    release = registered(ada)
    backend = wanted(release)
    wait_until_ready(release=release, seconds=SECONDS)
    found = endpoint_of(release.pk)
    assert found
    backend.refresh_from_db()
    assert (backend.runtime, backend.address) == ("container", found.address)
    facts = ask(backend, "facts()")
    assert facts["variables"]["PLEXICA_SECRET"] == found.secret
    until(backend, lambda row: "listening" in row.log_tail and row.seen_at)
