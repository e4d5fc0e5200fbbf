"""Migrations that the backend runs itself, when the host tells it to."""

import json
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID, uuid4

import pytest

from plexica.core.crypto import encrypt
from plugins.backends import forget_endpoint
from plugins.models import Backend, Release
from plugins.states import BackendState, InstallationState
from tests.integration.plugins.gateway.backend import read_context
from tests.integration.plugins.life.conftest import Install, Publish, catalog


@dataclass
class Migrator:
    """A backend that does nothing but migrate, or say that it cannot."""

    status: int = 200
    answer: dict[str, Any] = field(default_factory=lambda: {"applied": ["notes.0001_initial"]})
    id: UUID = field(default_factory=uuid4)
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        migrator = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                claims = read_context(
                    self.headers["Plexica-Context"],
                    secret=migrator.secret,
                    backend=str(migrator.id),
                    method="POST",
                    target=self.path,
                    used=set(),
                )
                migrator.asked.append((self.path, claims))
                content = json.dumps(migrator.answer).encode()
                self.send_response(migrator.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_args: Any) -> None:
                """Write nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def runs(self, release: Release) -> None:
        """Be a release's backend."""
        forget_endpoint(release.pk)
        Backend.objects.create(
            id=self.id,
            release=release,
            state=BackendState.READY,
            address=f"127.0.0.1:{self.server.server_address[1]}",
            ciphertext=encrypt(self.secret),
        )


@pytest.fixture
def migrator() -> Iterator[Migrator]:
    made = Migrator()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_the_backend_is_told_to_migrate(
    migrator: Migrator, publish: Publish, install: Install
) -> None:
    migrator.runs(publish(is_django=True, is_ready=False))
    installation = install()
    assert installation.state == InstallationState.ENABLED
    [(path, claims)] = migrator.asked
    assert path == "/_plexica/migrate"
    assert (claims["via"], claims["user"]) == ("lifecycle", None)
    assert claims["installation"] == str(installation.pk)
    assert claims["token"]


def test_a_backend_that_cannot_migrate_has_everything_taken_back(
    migrator: Migrator, publish: Publish, install: Install
) -> None:
    migrator.status, migrator.answer = 500, {"error": "notes.0002 fails: no such column. " * 40}
    migrator.runs(publish(is_django=True, is_ready=False))
    before = catalog()
    failed = install()
    assert failed.run is not None
    assert (failed.state, failed.run.failed_step) == (InstallationState.FAILED, "migrations")
    assert "notes.0002 fails" in failed.run.error_message
    assert catalog() == before
