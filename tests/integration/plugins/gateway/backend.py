"""A backend that is written against docs/plugins/contract.md alone, and misbehaves when asked."""

import base64
import hashlib
import hmac
import json
import secrets
import socket
import threading
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

BIG = 100 * 1024 * 1024


@dataclass
class Seen:
    """A request as it has come.

    Attributes:
        method: Its method.
        target: Path and query.
        headers: Its headers.
        body: Its body.
        claims: What its context says; empty where it does not hold.
    """

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    claims: dict[str, Any]


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def read_context(
    text: str, *, secret: str, backend: str, method: str, target: str, used: set[str]
) -> dict[str, Any]:
    """Return the claims of a context, or nothing unless all of the contract holds."""
    head, payload, signature = text.split(".")
    expected = hmac.digest(_decode(secret), f"{head}.{payload}".encode(), hashlib.sha256)
    header, claims = json.loads(_decode(head)), json.loads(_decode(payload))
    holds = (
        hmac.compare_digest(expected, _decode(signature))
        and header == {"alg": "HS256", "typ": "plexica-context+jwt"}
        and claims["iss"] == "plexica"
        and claims["aud"] == backend
        and claims["iat"] - 5 <= time.time() < claims["exp"] <= claims["iat"] + 30
        and claims["req"]["method"] == method
        and claims["req"]["target"] == target
        and claims["jti"] not in used
    )
    used.add(claims["jti"])
    return claims if holds else {}


@dataclass
class RunningBackend:
    """One backend, listening on loopback.

    Attributes:
        id: Its id.
        secret: The key of its contexts.
        seen: What has come, in order.
        released: Set: those that hang go on.
    """

    id: uuid.UUID = field(default_factory=uuid.uuid4)
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    seen: list[Seen] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    released: threading.Event = field(default_factory=threading.Event)
    sockets: list[socket.socket] = field(default_factory=list)
    connections: int = 0

    def __post_init__(self) -> None:
        backend = self

        class Bound(_Handler):
            running = backend

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Bound)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.server.server_address[1]}"

    @property
    def last(self) -> Seen:
        """What has come last."""
        return self.seen[-1]

    def close(self) -> None:
        """End."""
        self.released.set()
        self.server.shutdown()
        for each in self.sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self.server.server_close()
        self.thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    running: RunningBackend

    def setup(self) -> None:
        super().setup()
        self.running.connections += 1
        self.running.sockets.append(self.connection)

    def log_message(self, *_args: Any) -> None:
        """Write nothing."""

    def _take(self) -> None:
        running = self.running
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        claims = read_context(
            self.headers["Plexica-Context"],
            secret=running.secret,
            backend=str(running.id),
            method=self.command,
            target=self.path,
            used=running.used,
        )
        seen = Seen(self.command, self.path, dict(self.headers), body, claims)
        running.seen.append(seen)
        if not claims:
            self.answer(b"{}", "application/json", 401)
            return
        path = self.path.partition("?")[0]
        name = path.rpartition("/")[2]
        if path.startswith("/faults/"):
            getattr(self, f"_{name.replace('-', '_')}")()
        elif path.startswith("/events/"):
            self.answer(b"", "", 204)
        elif path == "/data":
            self.answer(b"some,data\n", "text/csv", headers={"ETag": '"1"'})
        elif self.command == "POST" and not path.startswith("/api"):
            self.answer(b"", "", 303, headers={"Location": "/notes?made=1"})
        elif path.startswith("/api"):
            self.answer(json.dumps({"claims": claims}).encode(), "application/json")
        else:
            name = claims["user"]["name"]
            self.answer(f"<p id=hello>Hello {name}</p>".encode(), "text/html; charset=utf-8")

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = _take  # noqa: N815 (http.server's names)

    def answer(
        self,
        content: bytes,
        content_type: str,
        status: int = 200,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.send_response(status)
        if content_type:
            self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _dies(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _hangs(self) -> None:
        self.running.released.wait(60)

    def _drips(self) -> None:
        self.connection.sendall(b"HTTP/1.1 200 OK\r\nX-Drip: ")
        while not self.running.released.wait(0.05):
            try:
                self.connection.sendall(b"x")
            except OSError:
                return

    def _big(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(BIG))
        self.end_headers()

    def _big_in_pieces(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Connection", "close")
        self.end_headers()
        piece = b"x" * 65536
        try:
            for _ in range(BIG // len(piece)):
                self.wfile.write(piece)
        except OSError:
            self.close_connection = True

    def _last(self) -> None:
        self._say_goodbye("Hello")

    def _last_in_chunks(self) -> None:
        self._say_goodbye("5\r\nHello\r\n0\r\n\r\n", {"Transfer-Encoding": "chunked"})

    def _say_goodbye(self, text: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(200)
        for name, value in {
            "Content-Type": "text/csv",
            "Connection": "close",
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        # Byte by byte, so that the reader has to wait for the network after the headers.
        for byte in text.encode():
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            time.sleep(0.002)

    def _torn(self) -> None:
        self._cut("text/csv")

    def _cut(self, content_type: str = "text/html") -> None:
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", "100")
        self.end_headers()
        self.wfile.write(b"only this")
        self.wfile.flush()
        self._dies()

    def _rubbish(self) -> None:
        self.wfile.write(b"\x00\xff this is no HTTP\r\n\r\n")
        self.close_connection = True

    def _not_utf8(self) -> None:
        self.answer(b"<p>\xff\xfe</p>", "text/html")

    def _inner(self) -> None:
        self.answer(b"", "", 302, {"Location": "http://127.0.0.1:5432/"})

    def _away(self) -> None:
        self.answer(b"<p>", "text/html", headers={"HX-Redirect": "//evil.example/"})

    def _dotted(self) -> None:
        self.answer(b"", "", 302, {"Location": "/x/hello/%2e%2e/%2e%2e/users/"})

    def _script(self) -> None:
        self.answer(b"alert(1)", "text/javascript")

    def _style(self) -> None:
        self.answer(b"* {}", "text/css")

    def _picture(self) -> None:
        self.answer(b"<svg/>", "image/svg+xml")

    def _untyped(self) -> None:
        self.answer(b"what?", "")

    def _packed(self) -> None:
        self.answer(b"\x1f\x8b", "text/html", headers={"Content-Encoding": "gzip"})

    def _error(self) -> None:
        self.answer(b"<p>Traceback: the password is secret</p>", "text/html", 500)

    def _cookie(self) -> None:
        self.answer(
            b"<p>Cookie</p>",
            "text/html",
            headers={
                "Set-Cookie": "session=stolen",
                "Cache-Control": "public, max-age=60",
                "Content-Security-Policy": "script-src *",
                "X-Frame-Options": "ALLOWALL",
                "Refresh": "0; url=http://evil.example",
            },
        )
