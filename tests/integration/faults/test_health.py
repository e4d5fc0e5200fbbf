"""A server that is down is named by /health, and by nothing but its name."""

import time

import pytest
from django.test import Client
from django.urls import reverse

from plexica.console.health_selectors import DEADLINE_SECONDS, forget_health
from tests.integration.console.conftest import logged_in
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


@pytest.mark.parametrize(
    ("part", "name"),
    [("redis", "Redis"), ("s3", "S3 storage"), ("mail", "Mail"), ("keycloak", "Keycloak")],
)
def test_the_console_names_it_and_goes_on(stop: OnServer, part: str, name: str) -> None:
    admin = logged_in(is_super_admin=True)
    page = reverse("console:health_status", "plexica.urls_console")
    forget_health()
    stop(part)
    began = time.monotonic()
    text = admin.get(page, headers={"HX-Request": "true"}).content.decode()
    assert time.monotonic() - began < DEADLINE_SECONDS + 1
    notice = text.partition("<table")[0]
    assert "1 server does not answer" in notice
    assert name in notice
    assert ("The broker does not answer now." in text) == (part == "redis")
    assert "127.0.0.1" not in text
    forget_health()
