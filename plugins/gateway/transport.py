"""HTTP to backends: connections that are kept, and limits that hold whatever a backend does.

The standard library's client does the HTTP. Each time that it waits for the network, it waits no
longer than the exchange as a whole may: a backend that sends a byte now and then cannot hold a
thread for longer than one that sends nothing.
"""

import http.client
import io
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from plugins.doors import connect, host_header
from plugins.gateway.failures import BackendBroken, BackendDown, BackendTimedOut

TOTAL_SECONDS = 10.0
CONNECT_SECONDS = 1.0
MAX_BYTES = 10 * 1024 * 1024
CHUNK_BYTES = 64 * 1024
# Below what servers keep an idle connection for, Node's 5 seconds among them: so hardly ever does
# one end in the moment that it is used again.
MAX_IDLE_SECONDS = 4.0
MAX_IDLE_CONNECTIONS = 32
MAX_ADDRESSES = 500

# The first status that is an answer; what is below announces one.
_FIRST_STATUS = 200


class _TimedSocket:
    """A socket all of whose waiting ends at one moment, as `http.client` uses sockets."""

    def __init__(self, plain: socket.socket) -> None:
        self.plain = plain
        self.deadline = 0.0
        self._readers = 0
        self._is_closing = False

    def wait_at_most(self) -> None:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.plain.settimeout(left)

    def sendall(self, data: bytes) -> None:
        self.wait_at_most()
        self.plain.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        del mode
        self._readers += 1
        return io.BufferedReader(_TimedReader(self))

    def close(self) -> None:
        # `http.client` closes the connection of an answer that is its last one before the answer
        # has been read: as with sockets, whoever still reads keeps it.
        self._is_closing = True
        if not self._readers:
            self.plain.close()

    def let_go(self) -> None:
        self._readers -= 1
        if self._is_closing and not self._readers:
            self.plain.close()


class _TimedReader(io.RawIOBase):
    def __init__(self, timed: _TimedSocket) -> None:
        super().__init__()
        self._timed = timed

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._timed.wait_at_most()
        return self._timed.plain.recv_into(buffer)

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._timed.let_go()


class _Connection(http.client.HTTPConnection):
    """One connection, of the pool or in use."""

    def __init__(self, address: str) -> None:
        super().__init__(host_header(address))
        self.address = address
        self.idle_since = 0.0
        self.timed: _TimedSocket | None = None

    def connect(self) -> None:
        plain = connect(self.address, seconds=CONNECT_SECONDS)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.timed = _TimedSocket(plain)
        # It has what `http.client` uses of a socket.
        self.sock = self.timed

    def is_usable(self) -> bool:
        """Return whether it is still open, with nothing in it that nobody asked for."""
        if self.timed is None or time.monotonic() - self.idle_since > MAX_IDLE_SECONDS:
            return False
        poll = select.poll()
        poll.register(self.timed.plain, select.POLLIN | select.POLLHUP | select.POLLERR)
        return not poll.poll(0)


class _Pool:
    """Connections that wait for their next request, by address; the last one used goes first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: dict[str, deque[_Connection]] = {}

    def take(self, address: str) -> _Connection:
        while True:
            with self._lock:
                waiting = self._idle.get(address)
                connection = waiting.pop() if waiting else None
            if connection is None:
                return _Connection(address)
            if connection.is_usable():
                return connection
            connection.close()

    def give_back(self, connection: _Connection) -> None:
        connection.idle_since = time.monotonic()
        dropped: list[_Connection] = []
        with self._lock:
            if connection.address not in self._idle and len(self._idle) >= MAX_ADDRESSES:
                dropped += [each for idle in self._idle.values() for each in idle]
                self._idle.clear()
            idle = self._idle.setdefault(connection.address, deque())
            idle.append(connection)
            if len(idle) > MAX_IDLE_CONNECTIONS:
                dropped.append(idle.popleft())
        for each in dropped:
            each.close()


_pool = _Pool()


class Answer:
    """What a backend answers: status and headers at once, the body as it comes.

    Attributes:
        status: The HTTP status code.
        headers: Its headers, as they came.
        length: How long its body is, where it says so.
    """

    def __init__(
        self,
        connection: _Connection,
        timed: _TimedSocket,
        response: http.client.HTTPResponse,
    ) -> None:
        self._connection = connection
        self._timed = timed
        self._response = response
        self.status = response.status
        self.headers = response.headers
        self.length = response.length
        self._is_over = False

    @property
    def has_body(self) -> bool:
        """Whether it has a body, as far as its headers say."""
        return self.length != 0

    def chunks(self) -> Iterator[bytes]:
        """Yield the body, and then let the connection go.

        Raises:
            BackendTimedOut: It does not come in time.
            BackendBroken: It is too long, or ends too early.
        """
        taken = 0
        is_whole = False
        try:
            while chunk := self._response.read1(CHUNK_BYTES):
                taken += len(chunk)
                if taken > MAX_BYTES:
                    raise BackendBroken("The answer has more than 10 MB.")
                handed_on_at = time.monotonic()
                yield chunk
                # What a slow browser takes is not the backend's time.
                self._timed.deadline += time.monotonic() - handed_on_at
            missing = self._response.length
            if missing:
                raise BackendBroken("The answer ends before its end.")
            is_whole = True
        except TimeoutError as error:
            raise BackendTimedOut("The answer did not end in time.") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise BackendBroken(f"The answer ends before its end: {error}.") from error
        finally:
            self._end(is_whole=is_whole)

    def read(self) -> bytes:
        """Return the whole body; see `chunks`."""
        return b"".join(self.chunks())

    def close(self) -> None:
        """Leave the rest of the body, and the connection with it; at the end, do nothing."""
        self._end(is_whole=False)

    def _end(self, *, is_whole: bool) -> None:
        if self._is_over:
            return
        self._is_over = True
        is_kept = is_whole and not self._response.will_close
        with suppress(OSError):
            self._response.close()
        if is_kept:
            _pool.give_back(self._connection)
        else:
            self._connection.close()


def send(
    address: str,
    *,
    method: str,
    target: str,
    headers: Mapping[str, str],
    body: Iterable[bytes] = (),
    seconds: float | None = None,
) -> Answer:
    """Send a request to a backend, and return its answer once its headers are there.

    A redirect is an answer like any other. Nothing is sent twice.

    Args:
        address: The backend's host and port, or its door.
        method: The method.
        target: Path and query, in ASCII.
        headers: The headers, with the body's length among them where there is a body.
        body: The body, in pieces.
        seconds: How long all may take, the body of the answer included; `TOTAL_SECONDS` at most
            where nothing else is said.

    Raises:
        BackendDown: It cannot be reached.
        BackendTimedOut: It does not answer in time.
        BackendBroken: What it answers is no HTTP.
    """
    deadline = time.monotonic() + (TOTAL_SECONDS if seconds is None else seconds)
    connection = _pool.take(address)
    if connection.timed is None:
        try:
            connection.connect()
        except OSError as error:
            raise BackendDown(f"There is no connection: {error}.") from error
    timed = connection.timed
    if timed is None:  # pragma: no cover (connect sets it or raises)
        raise BackendDown("There is no connection.")
    timed.deadline = deadline
    try:
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        for chunk in body:
            connection.send(chunk)
        response = connection.getresponse()
        _check(response)
    except TimeoutError as error:
        connection.close()
        raise BackendTimedOut("It did not answer in time.") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        connection.close()
        raise BackendBroken(f"It did not answer: {error!r}.") from error
    except BaseException:
        connection.close()
        raise
    return Answer(connection, timed, response)


def _check(response: http.client.HTTPResponse) -> None:
    if response.status < _FIRST_STATUS:
        raise BackendBroken(f"It answered {response.status}, which is no answer.")
    if response.length is not None and response.length > MAX_BYTES:
        raise BackendBroken("The answer has more than 10 MB.")
