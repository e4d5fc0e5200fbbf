"""A server that is down is named by /health, and by nothing but its name."""

import time

import pytest
from django.test import Client

from tests.integration.faults.conftest import OnServer

RECOVERY_SECONDS = 15


@pytest.mark.parametrize(
    ("part", "name", "readiness"),
    [("redis", "redis", 200), ("s3", "storage", 200), ("postgres", "database", 503)],
)
def test_a_server_that_is_down_is_named(
    stop: OnServer, start: OnServer, part: str, name: str, readiness: int
) -> None:
    client = Client()
    stop(part)
    health = client.get("/health")
    assert health.status_code == 503
    down = set(health.json()["down"])
    # Keycloak keeps its data in that PostgreSQL.
    assert down == {name} or (part == "postgres" and down == {name, "keycloak"})
    assert b"127.0.0.1" not in health.content
    assert client.get("/health/ready").status_code == readiness
    assert client.get("/health/live").status_code == 200

    start(part)
    deadline = time.monotonic() + RECOVERY_SECONDS
    while client.get("/health").status_code != 200:
        assert time.monotonic() < deadline, "it does not recover"
