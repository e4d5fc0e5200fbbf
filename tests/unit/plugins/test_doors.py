"""Porter and outlet as processes, without an engine: what is handed in and out."""

import contextlib
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from plugins import doors
from plugins.runtimes.container import outlet, porter
from plugins.runtimes.container.outlets import OutletProcess
from plugins.runtimes.container.plan import Target

LOOPBACK = "127.0.0.1"


class Echo:
    """A server that says its name and repeats what it is told, until nothing more comes."""

    def __init__(self, name: bytes) -> None:
        self._name = name
        self._socket = socket.create_server((LOOPBACK, 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            # Or its thread would wait on.
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _from = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._repeat, args=(connection,), daemon=True).start()

    def _repeat(self, connection: socket.socket) -> None:
        with connection:
            connection.sendall(self._name)
            while data := connection.recv(65536):
                connection.sendall(data)


@pytest.fixture
def echo() -> Iterator[Callable[[bytes], Echo]]:
    """Servers."""
    made: list[Echo] = []

    def make(name: bytes) -> Echo:
        made.append(Echo(name))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def directory() -> Iterator[Path]:
    """A short path, for sockets."""
    with tempfile.TemporaryDirectory(prefix="p-") as path:
        yield Path(path)


@pytest.fixture
def start(directory: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start porters with a door in the directory."""
    made: list[subprocess.Popen[bytes]] = []

    def begin(backend: int, *places: str) -> subprocess.Popen[bytes]:
        words = ["unit", str(directory / "door"), str(directory), str(backend), *places]
        command = [sys.executable, "-I", "-S", str(porter.__file__), *words]
        made.append(subprocess.Popen(command))  # noqa: S603 (our own words)
        _until((directory / "door").exists)
        return made[-1]

    yield begin
    for each in made:
        each.kill()
        each.wait()


def _until(is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as found:
        port: int = found.getsockname()[1]
        return port


def _hear(connection: socket.socket) -> bytes:
    heard = b""
    while data := connection.recv(65536):
        heard += data
    return heard


def test_whoever_comes_to_the_door_speaks_with_the_backend(
    directory: Path,
    start: Callable[..., subprocess.Popen[bytes]],
    echo: Callable[[bytes], Echo],
) -> None:
    backend = echo(b"backend ")
    start(backend.port)
    for _time in range(2):
        with doors.connect(str(directory / "door"), seconds=5) as connection:
            assert connection.getpeername() == (LOOPBACK, backend.port)
            connection.sendall(b"hello")
            connection.shutdown(socket.SHUT_WR)
            assert _hear(connection) == b"backend hello"


def test_a_backend_that_does_not_listen_is_refused_and_the_door_stays_open(
    directory: Path,
    start: Callable[..., subprocess.Popen[bytes]],
    echo: Callable[[bytes], Echo],
) -> None:
    backend = echo(b"backend ")
    start(backend.port)
    backend.close()
    for _time in range(2):
        with pytest.raises(ConnectionError):
            doors.connect(str(directory / "door"), seconds=5)


def test_what_a_backend_asks_of_the_host_reaches_the_host_whichever_outlet_is_there(
    directory: Path,
    start: Callable[..., subprocess.Popen[bytes]],
    echo: Callable[[bytes], Echo],
) -> None:
    api, database, backend = echo(b"api "), echo(b"database "), echo(b"")
    targets = [Target("api", LOOPBACK, api.port), Target("database", LOOPBACK, database.port)]
    inside = {"api": _free_port(), "database": _free_port()}
    first, second = (OutletProcess(directory, targets) for _time in range(2))
    try:
        first.ensure()
        _until((directory / "database").exists)
        start(backend.port, *(f"{kind}={LOOPBACK}:{port}" for kind, port in inside.items()))
        kept = socket.create_connection((LOOPBACK, inside["database"]), timeout=5)
        assert kept.recv(100) == b"database "

        before = (directory / "api").stat().st_ino
        second.ensure()
        _until(lambda: (directory / "api").stat().st_ino != before)
        with socket.create_connection((LOOPBACK, inside["api"]), timeout=5) as connection:
            connection.sendall(b"x" * 300_000)
            connection.shutdown(socket.SHUT_WR)
            assert _hear(connection) == b"api " + b"x" * 300_000
        # The one that was there before passes on what it has begun, and then ends.
        kept.sendall(b"still here")
        assert kept.recv(100) == b"still here"
        assert first.is_running
        kept.close()
        _until(lambda: not first.is_running)
    finally:
        first.close()
        second.close()


def test_a_backend_has_so_many_connections_and_no_more(
    directory: Path,
    start: Callable[..., subprocess.Popen[bytes]],
    echo: Callable[[bytes], Echo],
) -> None:
    api, inside = echo(b"api "), _free_port()
    process = OutletProcess(directory, [Target("api", LOOPBACK, api.port)])
    try:
        process.ensure()
        _until((directory / "api").exists)
        start(echo(b"").port, f"api={LOOPBACK}:{inside}")
        held = [
            socket.create_connection((LOOPBACK, inside), timeout=5)
            for _time in range(outlet.MAX_CONNECTIONS)
        ]
        assert {each.recv(10) for each in held} == {b"api "}
        with socket.create_connection((LOOPBACK, inside), timeout=5) as one_more:
            assert one_more.recv(10) == b""
        held.pop().close()

        def is_let_in() -> bool:
            with socket.create_connection((LOOPBACK, inside), timeout=5) as again:
                return again.recv(10) == b"api "

        _until(is_let_in)
        for each in held:
            each.close()
    finally:
        process.close()
