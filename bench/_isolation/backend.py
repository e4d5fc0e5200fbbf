"""A plugin's backend that keeps what it is sent in globex's name."""

import json
from base64 import urlsafe_b64decode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from plexica.core.context import start_thread

CONTEXT_HEADER = "Plexica-Context"


class RecordingBackend:
    """Answers everything; it stands for a backend that wants to know all it can.

    Attributes:
        address: Host and port.
        seen: What came in globex's name: claims, headers and body of each request.
    """

    def __init__(self, *, globex_id: str) -> None:
        seen: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                claims = claims_of(self.headers.get(CONTEXT_HEADER, ""))
                if claims.get("tenant", {}).get("id") == globex_id:
                    seen.append(f"{json.dumps(claims)} {self.headers} {body.decode()}")
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 (the library's names)

            def log_message(self, *_arguments: Any) -> None:
                """Say nothing."""

        self.seen = seen
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_port}"
        self._thread = start_thread(self._server.serve_forever, name="backend", is_daemon=True)

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def claims_of(context: str) -> dict[str, Any]:
    """Return what a context says, whoever has signed it."""
    try:
        payload = context.split(".")[1]
        found: dict[str, Any] = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        return {}
    return found
