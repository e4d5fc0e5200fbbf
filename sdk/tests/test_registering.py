"""Bringing a package to a registry. What stands in: a server that answers as the registry does."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from plexica_sdk.building import build_package
from plexica_sdk.cli import main
from plexica_sdk.package import write_package
from plexica_sdk.signing import make_private_key, sign_package

TOKEN = "token-of-an-operator"  # noqa: S105 # a test's


class Registry:
    def __init__(self) -> None:
        self.asked: list[tuple[str, str, bytes]] = []
        self.answer: tuple[int, dict[str, str], bytes] = (201, {}, b'{"state": "REGISTERED"}')
        registry = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                registry.asked.append((self.path, self.headers["Authorization"], body))
                status, headers, content = registry.answer
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                """Write nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def registry() -> Iterator[Registry]:
    it = Registry()
    thread = threading.Thread(target=it.server.serve_forever)  # noqa: TID251 # no scope is needed
    thread.start()
    yield it
    it.server.shutdown()
    it.server.server_close()
    thread.join()


@pytest.fixture
def package(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PLEXICA_TOKEN", TOKEN)
    path = project / "hello-0.1.0.plexica"
    path.write_bytes(write_package(sign_package(build_package(project), make_private_key())))
    return path


def test_a_package_is_registered(
    registry: Registry, package: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["register", str(package), f"{registry.url}/"]) == 0

    assert registry.asked == [("/api/plugins/releases", f"Bearer {TOKEN}", package.read_bytes())]
    assert capsys.readouterr().out == "hello 0.1.0: registered, registered\n"


def test_one_that_is_there_is_said_to_be(
    registry: Registry, package: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registry.answer = (200, {}, b'{"state": "PUBLISHED"}')

    assert main(["register", str(package), registry.url]) == 0
    assert capsys.readouterr().out == "hello 0.1.0: there already, published\n"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((409, {}, json.dumps({"detail": "Other contents."}).encode()), "409: Other contents."),
        ((403, {}, b"rubbish"), "403: "),
        ((302, {"Location": "https://elsewhere.example/"}, b""), "302: "),
        ((201, {}, b"rubbish"), "does not answer as a Plexica does"),
        ((201, {}, b"[]"), "does not answer as a Plexica does"),
    ],
    ids=["taken", "forbidden", "redirect", "rubbish", "a list"],
)
def test_why_it_is_not_taken_is_said(
    registry: Registry,
    package: Path,
    capsys: pytest.CaptureFixture[str],
    answer: tuple[int, dict[str, str], bytes],
    words: str,
) -> None:
    registry.answer = answer

    assert main(["register", str(package), registry.url]) == 1
    error = capsys.readouterr().err
    assert words in error
    assert TOKEN not in error


def test_what_cannot_be_sent_is_not_sent(
    registry: Registry,
    project: Path,
    package: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert main(["register", str(package), "file:///etc/passwd"]) == 1
    assert "is not the address of a Plexica" in capsys.readouterr().err

    monkeypatch.delenv("PLEXICA_TOKEN")
    assert main(["register", str(package), registry.url]) == 1
    assert "PLEXICA_TOKEN" in capsys.readouterr().err

    monkeypatch.setenv("PLEXICA_TOKEN", TOKEN)
    package.write_bytes(write_package(build_package(project)))
    assert main(["register", str(package), registry.url]) == 1
    assert "is not signed" in capsys.readouterr().err
    assert registry.asked == []
