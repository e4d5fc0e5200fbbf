"""A server that is down is named by /health, and by nothing but its name."""

import time

import pytest
from django.test import Client

from deploy.local import control
from tests.conftest import Servers

RECOVERY_SECONDS = 15


@pytest.mark.parametrize(
    ("part", "name", "is_ready"),
    [("redis", "redis", True), ("s3", "storage", True), ("postgres", "database", False)],
)
def test_a_server_that_is_down_is_named(
    servers: Servers,
    part: str,
    name: str,
    is_ready: bool,  # noqa: FBT001 (a parameter of the test)
) -> None:
    client = Client()
    control.stop_part(servers.instance, part)
    try:
        response = client.get("/health")
        readiness = client.get("/health/ready")
        assert client.get("/health/live").status_code == 200
    finally:
        control.start_part(servers.instance, part)
    assert response.status_code == 503
    down = set(response.json()["down"])
    # Keycloak keeps its data in that PostgreSQL.
    assert down == {name} or (part == "postgres" and down == {name, "keycloak"})
    assert b"127.0.0.1" not in response.content
    assert (readiness.status_code == 200) == is_ready
    deadline = time.monotonic() + RECOVERY_SECONDS
    while client.get("/health").status_code != 200:
        assert time.monotonic() < deadline, "it does not recover"
