"""A registry with one image, as far as an engine needs one to pull it by its digest."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def digest_of(layout: Path) -> str:
    """Return the digest of the one image of an OCI layout."""
    index = json.loads((layout / "index.json").read_text("utf-8"))
    digest: str = index["manifests"][0]["digest"]
    return digest


@contextmanager
def running_registry(layout: Path, port: int) -> Iterator[None]:
    """Serve the image of an OCI layout, by whatever name it is asked for."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, _slash, digest = self.path.rpartition("/")
            path = layout / "blobs" / digest.replace(":", "/")
            if self.path == "/v2/":
                self._answer(200, "application/json", b"{}")
            elif path.is_file():
                is_manifest = kind.endswith("/manifests")
                type_ = _MANIFEST if is_manifest else "application/octet-stream"
                self._answer(200, type_, path.read_bytes())
            else:
                words = {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}
                self._answer(404, "application/json", json.dumps(words).encode())

        do_HEAD = do_GET  # noqa: N815 (what the base class calls)

        def _answer(self, status: int, type_: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", type_)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
