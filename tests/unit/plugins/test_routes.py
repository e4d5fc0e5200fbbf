"""Which route a request takes, and which requests take none."""

import pytest

from plexica_sdk.manifest import Route
from plugins.gateway.routes import compile_routes

_TABLE = compile_routes(
    [
        Route("GET", "/", "hello:notes:read"),
        Route("GET", "/notes/{id}", "hello:notes:read"),
        Route("GET", "/notes/new", "hello:notes:write"),
        Route("POST", "/notes/{id}", "hello:notes:write", api=True),
        Route("GET", "/{kind}/new", "hello:kinds:read"),
        Route("GET", "/notes/{id}/", "hello:notes:slash"),
    ]
)


@pytest.mark.parametrize(
    ("method", "path", "permission"),
    [
        ("GET", "/", "hello:notes:read"),
        ("HEAD", "/", "hello:notes:read"),
        ("GET", "/notes/12", "hello:notes:read"),
        ("GET", "/notes/a b", "hello:notes:read"),
        ("GET", "/notes/new", "hello:notes:write"),
        ("GET", "/things/new", "hello:kinds:read"),
        ("GET", "/notes/12/", "hello:notes:slash"),
        ("POST", "/notes/12", "hello:notes:write"),
    ],
)
def test_a_request_takes_its_route(method: str, path: str, permission: str) -> None:
    found = _TABLE.match(method, path)
    assert found is not None
    assert found.permission == permission


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/"),
        ("OPTIONS", "/"),
        ("get", "/"),
        ("GET", ""),
        ("GET", "//"),
        ("GET", "/notes"),
        ("GET", "/notes/"),
        ("GET", "/notes/a/b"),
        ("GET", "/notes/.."),
        ("GET", "/notes/."),
        ("GET", "/notes/..\\"),
        ("GET", "/notes/a\nb"),
        ("GET", "/_plexica/ready"),
        ("HEAD", "/_plexica/migrate"),
    ],
)
def test_what_is_not_listed_takes_none(method: str, path: str) -> None:
    assert _TABLE.match(method, path) is None
