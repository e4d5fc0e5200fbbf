from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from plexica_sdk.testing import RunningBackend
from tests.conftest import Servers
from tests.integration.plugins.sdk.running import HELLO, ROUGH, migrate, running_plugin

_DATABASE = "plexica_sdk_tests"


def _execute(url: str, statement: sql.Composable) -> None:
    """Run one statement on a connection of its own: other tests restart the server meanwhile."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


@pytest.fixture(scope="session")
def database_url(servers: Servers) -> Iterator[str]:
    """A database of its own, whose address is a superuser's."""
    admin_url = servers.environment["PLEXICA_DATABASE_ADMIN_URL"]
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(_DATABASE))
    _execute(admin_url, drop)
    _execute(admin_url, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_DATABASE)))
    yield admin_url.rpartition("/")[0] + f"/{_DATABASE}"
    _execute(admin_url, drop)


@pytest.fixture(scope="module")
def hello(database_url: str) -> Iterator[RunningBackend]:
    """The example's backend."""
    with running_plugin(HELLO, database_url) as backend:
        migrate(backend)
        yield backend


@pytest.fixture(scope="module")
def rough(database_url: str) -> Iterator[RunningBackend]:
    """A backend that asks for more than others, and misbehaves."""
    with running_plugin(ROUGH, database_url) as backend:
        migrate(backend)
        yield backend
