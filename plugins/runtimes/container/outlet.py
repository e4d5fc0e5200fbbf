"""Connects what backends in containers ask for to the host's API and to the database.

A process beside the agent, so that what runs goes on when the agent ends. A porter hands it a
connection that a backend has made inside its network; the outlet makes the other half, to the one
address of that kind, and passes on what comes. A newer outlet takes the place of an older one,
which ends when its last connection has.

`python -m plugins.runtimes.container.outlet DIRECTORY KIND=HOST:PORT…`
"""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections import Counter
from pathlib import Path

# For one backend, beside the limits that the database has.
MAX_CONNECTIONS = 64
_HANDOVER_SECONDS = 2.0
_CONNECT_SECONDS = 5.0
_LOOK_SECONDS = 2.0
_CHUNK_BYTES = 64 * 1024
_MAX_NAME = 64
_WAITING = 128


class Outlet:
    """All that passes from containers to the host."""

    def __init__(self, directory: Path, targets: dict[str, tuple[str, int]]) -> None:
        """Say where.

        Args:
            directory: For the sockets that porters come to.
            targets: By kind, host and port to connect to.
        """
        self._directory = directory
        self._targets = targets
        self._open: Counter[str] = Counter()
        self._passing: set[asyncio.Task[None]] = set()
        self._places: dict[Path, int] = {}
        self._is_ending = asyncio.Event()

    async def run(self) -> None:
        """Pass connections on, until told to end or a newer outlet has taken over."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._is_ending.set)
        accepting = [
            loop.create_task(self._accept(self._listen(kind), kind)) for kind in self._targets
        ]
        while not self._is_ending.is_set() and self._is_current():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._is_ending.wait(), _LOOK_SECONDS)
        for task in accepting:
            task.cancel()
        while self._passing and not self._is_ending.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._is_ending.wait(), _LOOK_SECONDS)

    def _listen(self, kind: str) -> socket.socket:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.setblocking(False)
        path, new = self._directory / kind, self._directory / f".{kind}.{os.getpid()}"
        listener.bind(str(new))
        new.chmod(0o666)
        listener.listen(_WAITING)
        self._places[path] = new.stat().st_ino
        new.rename(path)
        return listener

    def _is_current(self) -> bool:
        try:
            return all(path.stat().st_ino == number for path, number in self._places.items())
        except OSError:
            return False

    async def _accept(self, listener: socket.socket, kind: str) -> None:
        loop = asyncio.get_running_loop()
        with listener:
            while True:
                porter, _from = await loop.sock_accept(listener)
                task = loop.create_task(self._pass_on(porter, kind))
                self._passing.add(task)
                task.add_done_callback(self._passing.discard)

    async def _pass_on(self, porter: socket.socket, kind: str) -> None:
        with porter:
            porter.settimeout(_HANDOVER_SECONDS)
            try:
                said, numbers, _flags, _from = await asyncio.to_thread(
                    socket.recv_fds, porter, _MAX_NAME, 1
                )
            except OSError:
                return
        if not numbers:
            return
        name, inner = said.decode("ascii", "replace"), socket.socket(fileno=numbers[0])
        if self._open[name] >= MAX_CONNECTIONS:
            inner.close()
            return
        self._open[name] += 1
        try:
            await _join(inner, *self._targets[kind])
        finally:
            self._open[name] -= 1
            if not self._open[name]:
                del self._open[name]


async def _join(inner: socket.socket, host: str, port: int) -> None:
    """Pass on what comes from either side, until both have said all, or one is gone."""
    inner.setblocking(False)
    from_backend, to_backend = await asyncio.open_connection(sock=inner)
    with contextlib.closing(to_backend):
        try:
            from_host, to_host = await asyncio.wait_for(
                asyncio.open_connection(host, port), _CONNECT_SECONDS
            )
        except OSError:
            return
        with contextlib.closing(to_host):
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(_copy(from_backend, to_host))
                    both.create_task(_copy(from_host, to_backend))
            except* OSError:
                # One of them is gone, so the other one has nobody to speak with.
                to_host.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_CHUNK_BYTES):
        writer.write(data)
        await writer.drain()
    writer.write_eof()


def main() -> None:
    """Be an outlet, as the arguments say."""
    directory, *words = sys.argv[1:]
    targets: dict[str, tuple[str, int]] = {}
    for word in words:
        kind, _equals, place = word.partition("=")
        host, _colon, port = place.rpartition(":")
        targets[kind] = (host, int(port))

    async def run() -> None:
        await Outlet(Path(directory), targets).run()

    asyncio.run(run())


if __name__ == "__main__":
    main()
