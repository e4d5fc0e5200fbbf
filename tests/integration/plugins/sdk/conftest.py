"""The example plugin, as its host would run it: a process, a PostgreSQL, a host that is fake."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from deploy.local.instance import CHECKOUT
from plexica_sdk.building import read_manifest
from plexica_sdk.testing import FakeHost, RunningBackend, running_backend
from tests.conftest import Servers

HELLO = CHECKOUT / "examples" / "hello"
_DATABASE = "plexica_sdk_tests"


@pytest.fixture(scope="session")
def database_url(servers: Servers) -> Iterator[str]:
    """A database of its own, whose address is a superuser's."""
    admin_url = servers.environment["PLEXICA_DATABASE_ADMIN_URL"]
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(_DATABASE))
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute(drop)
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_DATABASE)))
        yield admin_url.rpartition("/")[0] + f"/{_DATABASE}"
        connection.execute(drop)


@pytest.fixture(scope="module")
def hello(database_url: str) -> Iterator[RunningBackend]:
    """The example's backend, whose schemas are migrated."""
    manifest = read_manifest(HELLO)
    with (
        FakeHost(manifest).running(database_url) as host,
        running_backend(
            host, manifest.runtime.command, directory=HELLO, path=[HELLO / "src"]
        ) as backend,
    ):
        for slug in host.installations:
            backend.ask(
                "POST", "/_plexica/migrate", tenant=slug, via="lifecycle"
            ).raise_for_status()
        yield backend
