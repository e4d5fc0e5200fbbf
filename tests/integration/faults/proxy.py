"""A server in front of a real one that does one thing wrong, at a known request."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

# Nobody in the tests waits for as long.
LONGEST_SECONDS = 60
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "te", "upgrade"})


class Fault(StrEnum):
    """What goes wrong."""

    ERROR_AFTER = "an error after the work was done"
    CUT_AFTER = "the connection ends after the work was done"
    LATE = "the answer comes when nobody waits any more"
    ABSENT = "the connection ends, and nothing was done"
    DONE_LATER = "no answer; the work is done when all else has ended"


@dataclass(slots=True)
class _Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Proxy:
    """What stands before one real server.

    Attributes:
        url: Where it listens.
        is_reached: Whether anything went wrong since it was told what to do.
    """

    def __init__(self, upstream: str) -> None:
        self._upstream = urlsplit(upstream)
        self._lock = threading.Lock()
        self._fault: Fault | None = None
        self._at = self._passed = 0
        self._is_lasting = False
        self._only = ""
        self._released = threading.Event()
        self._held: list[threading.Thread] = []
        self.is_reached = False
        proxy = self

        class Handler(_Handler):
            def relay(self) -> None:
                proxy.serve(self)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, name="proxy", daemon=True).start()

    def arm(self, fault: Fault, *, at: int, is_lasting: bool = False, only: str = "") -> None:
        """Do something wrong at a request, or at all from it on.

        Args:
            fault: What.
            at: The number of the request, counted from 0.
            is_lasting: Whether it is done to all that come after it, too.
            only: How a request must begin to count, such as `POST /admin`; all do when empty.
        """
        with self._lock:
            self._only = only
            self._fault, self._at, self._is_lasting = fault, at, is_lasting
            self._passed = 0
            self.is_reached = False
            self._released = threading.Event()

    def disarm(self) -> None:
        """Do all right from now on."""
        with self._lock:
            self._fault = None

    def release(self) -> None:
        """Have what was held done now, and wait until it is."""
        self._released.set()
        for thread in self._held:
            thread.join(LONGEST_SECONDS)
        self._held.clear()

    def close(self) -> None:
        """Stop listening."""
        self.release()
        self._server.shutdown()
        self._server.server_close()

    def serve(self, handler: "_Handler") -> None:
        """Pass a request on, or do it wrong."""
        fault = self._next_fault(f"{handler.command} {handler.path} ")
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        if fault == Fault.ABSENT:
            handler.hang_up()
            return
        if fault == Fault.DONE_LATER:
            self._held.append(threading.current_thread())
            self._released.wait(LONGEST_SECONDS)
        try:
            answer = self._forward(handler, body)
        except (OSError, HTTPException):
            handler.hang_up()
            return
        if fault == Fault.LATE:
            self._released.wait(LONGEST_SECONDS)
        if fault == Fault.ERROR_AFTER:
            answer = _Answer(500, [], b"")
        if fault in (None, Fault.ERROR_AFTER):
            handler.answer(answer.status, answer.headers, answer.body)
        else:
            handler.hang_up()

    def _next_fault(self, request: str) -> Fault | None:
        with self._lock:
            if not request.startswith(self._only):
                return None
            here, self._passed = self._passed, self._passed + 1
            is_here = here >= self._at if self._is_lasting else here == self._at
            if self._fault is None or not is_here:
                return None
            self.is_reached = True
            return self._fault

    def _forward(self, handler: "_Handler", body: bytes) -> _Answer:
        upstream = HTTPConnection(
            self._upstream.hostname or "", self._upstream.port, timeout=LONGEST_SECONDS
        )
        try:
            upstream.putrequest(
                handler.command, handler.path, skip_host=True, skip_accept_encoding=True
            )
            for name, value in handler.headers.items():
                if name.lower() not in _HOP_BY_HOP | {"expect"}:
                    upstream.putheader(name, value)
            upstream.endheaders(body or None)
            response = upstream.getresponse()
            headers = [
                (name, value)
                for name, value in response.getheaders()
                if name.lower() not in _HOP_BY_HOP | {"content-length"}
            ]
            return _Answer(response.status, headers, response.read())
        finally:
            upstream.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def relay(self) -> None:
        raise NotImplementedError

    def do_GET(self) -> None:
        self.relay()

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 (http.server's names)

    def answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        try:
            self.send_response_only(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)
        except OSError:
            self.hang_up()

    def hang_up(self) -> None:
        self.close_connection = True

    def log_message(self, *words: object) -> None:
        pass


@contextmanager
def standing_before(upstream: str) -> Iterator[Proxy]:
    """Have a proxy for as long as a block runs."""
    proxy = Proxy(upstream)
    try:
        yield proxy
    finally:
        proxy.close()
