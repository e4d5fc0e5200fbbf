"""Fixtures for tests: `addopts = "-p no:django -p plexica_sdk.testing.fixtures"` for pytest.

`PLEXICA_TEST_DATABASE_URL` is the address of somebody who may make schemas and roles in a
PostgreSQL that is there for tests. Without it, tests of plugins with a database are skipped.
"""

import os
from collections.abc import Iterator

import pytest

from plexica_sdk.testing.plugins import TestPlugin, prepare_plugin

DATABASE_VARIABLE = "PLEXICA_TEST_DATABASE_URL"

_plugin: pytest.StashKey[TestPlugin] = pytest.StashKey()


def pytest_configure(config: pytest.Config) -> None:
    """Set the process up, so that tests may import the plugin's models."""
    config.stash[_plugin] = prepare_plugin(config.rootpath)


@pytest.fixture(scope="session")
def hosted(pytestconfig: pytest.Config) -> Iterator[TestPlugin]:
    """The plugin of the project that is tested, with its host."""
    plugin = pytestconfig.stash[_plugin]
    database_url = os.environ.get(DATABASE_VARIABLE, "")
    if not database_url and "migrations" in plugin.manifest.document:
        pytest.skip(f"{DATABASE_VARIABLE} is not set: there is no PostgreSQL for tests.")
    with plugin.running(database_url):
        yield plugin


@pytest.fixture
def plugin(hosted: TestPlugin) -> TestPlugin:
    """The plugin, with nothing left of the test before."""
    hosted.forget()
    return hosted
