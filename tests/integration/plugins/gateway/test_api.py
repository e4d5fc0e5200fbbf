"""A plugin's API for programs: the workspace's own tokens, and routes that are for programs."""

from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from django.test import Client

from plugins.models import Installation
from plugins.states import InstallationState
from tests.integration.plugins.gateway.backend import RunningBackend
from tests.integration.plugins.gateway.conftest import set_state
from tests.integration.workspace.conftest import Member

pytestmark = pytest.mark.usefixtures("installation", "impatient")


@pytest.fixture
def program() -> Iterator[Any]:
    """A program with the token of somebody; tokens themselves are proved in identity's tests."""

    def of(member: Member) -> Client:
        patched.side_effect = lambda _self, request: (
            (member.user, {}) if request.headers.get("Authorization") else None
        )
        return Client(
            headers={"host": f"{member.tenant.slug}.localhost", "authorization": "Bearer token"}
        )

    with mock.patch(
        "plexica.identity.api.BearerAuthentication.authenticate", autospec=True
    ) as patched:
        yield of


def test_a_program_gets_through(program: Any, ada: Member, backend: RunningBackend) -> None:
    answer = program(ada).get("/api/x/hello/api/notes?page=2")
    assert answer.status_code == 200
    claims = backend.last.claims
    assert (claims["via"], claims["req"]["target"]) == ("api", "/api/notes?page=2")
    assert "csrf" not in claims
    assert claims["permissions"] == ["hello:notes:read", "hello:notes:write"]
    assert backend.last.headers["Plexica-Prefix"] == "/api/x/hello"
    assert not {"Authorization", "Cookie"} & set(backend.last.headers)


def test_it_sends_without_a_forms_token(program: Any, ada: Member, backend: RunningBackend) -> None:
    sent = program(ada).post("/api/x/hello/api/notes", {"a": 1}, content_type="application/json")
    assert sent.status_code == 200
    assert backend.last.body == b'{"a": 1}'
    form = program(ada).post("/api/x/hello/api/notes", {"a": "1"})
    assert form.status_code == 200
    assert b'name="a"' in backend.last.body


def test_problems_are_problems(
    program: Any, ada: Member, bo: Member, backend: RunningBackend, installation: Installation
) -> None:
    def problem(member: Member, method: str, path: str) -> tuple[int, str]:
        answer = program(member).generic(method, path, "{}", content_type="application/json")
        assert answer["Content-Type"] == "application/problem+json"
        return answer.status_code, str(answer.json()["type"])

    missing = "urn:plexica:problem:not-found"
    assert problem(ada, "GET", "/api/x/hello/notes") == (404, missing), "It is a page's."
    assert problem(ada, "GET", "/api/x/hello/") == (404, missing), "So is its root."
    assert problem(ada, "GET", "/api/x/other/api/notes") == (404, missing)
    assert problem(ada, "OPTIONS", "/api/x/hello/api/notes")[0] in {404, 405}
    refused = "urn:plexica:problem:permission-missing"
    assert problem(bo, "POST", "/api/x/hello/api/notes") == (403, refused)
    assert not backend.seen
    backend.close()
    down = "urn:plexica:problem:plugin-unavailable"
    assert problem(ada, "GET", "/api/x/hello/api/notes") == (503, down)
    set_state(installation, InstallationState.DISABLED)
    assert problem(ada, "GET", "/api/x/hello/api/notes") == (404, missing)


def test_a_session_opens_nothing(ada: Member, backend: RunningBackend) -> None:
    assert ada.client.get("/api/x/hello/api/notes").status_code == 401
    assert not backend.seen
