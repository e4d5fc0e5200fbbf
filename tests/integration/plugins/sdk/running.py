"""Plugins as their host runs them: a process, a PostgreSQL, and a host that is fake."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.instance import CHECKOUT
from plexica_sdk.building import read_manifest
from plexica_sdk.testing import FakeHost, RunningBackend, running_backend

HELLO = CHECKOUT / "examples" / "hello"
ROUGH = Path(__file__).parent / "rough"
_SECONDS = 10


@contextmanager
def running_plugin(directory: Path, database_url: str) -> Iterator[RunningBackend]:
    """Run a plugin of a directory, whose schemas are as they were made: empty."""
    manifest = read_manifest(directory)
    modules = [directory / "src", directory]
    with (
        FakeHost(manifest).running(database_url) as host,
        running_backend(
            host, manifest.runtime.command, directory=directory, path=modules
        ) as backend,
    ):
        yield backend


def migrate(backend: RunningBackend) -> None:
    """Migrate the schemas of a backend's tenants."""
    for slug in backend.host.installations:
        answer = backend.ask("POST", "/_plexica/migrate", tenant=slug, via="lifecycle")
        assert answer.status_code == 200, answer.text


def run_own_tests(directory: Path, database_url: str) -> None:
    """Run a plugin's tests as its author does: with pytest, and Plexica's own settings nowhere.

    What stands in: the SDK comes from this checkout.
    """
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider"],
        cwd=directory,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONDONTWRITEBYTECODE": "1",
            "PLEXICA_TEST_DATABASE_URL": database_url,
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped" not in done.stdout


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    until = time.monotonic() + _SECONDS
    while not condition():
        assert time.monotonic() < until, "It has not happened."
        time.sleep(0.02)


def listens(backend: RunningBackend) -> bool:
    """Return whether a backend takes new connections."""
    try:
        address = (backend.host.backend.address, backend.host.backend.port)
        socket.create_connection(address, timeout=1).close()
    except OSError:
        return False
    return True
