"""A collector of traces: it reads what OTLP over HTTP brings, as protocol buffers."""

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

SECONDS = 30


@dataclass(frozen=True, slots=True)
class Span:
    """A span as it has come.

    Attributes:
        service: Whose it is.
        name: What it is called.
        trace: The trace's id.
        id: Its own.
        parent: That of the span it is within; empty for the first one.
        facts: Its attributes.
        raw: All that came of it.
    """

    service: str
    name: str
    trace: str
    id: str
    parent: str
    facts: dict[str, str]
    raw: str = field(repr=False)


class Collector:
    """What has come so far."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._lock = threading.Lock()
        self._spans: list[Span] = []

    def take(self, body: bytes) -> None:
        """Take what one request brings."""
        found = ExportTraceServiceRequest.FromString(body)
        spans = [
            Span(
                service=_facts(resource.resource.attributes)["service.name"],
                name=span.name,
                trace=span.trace_id.hex(),
                id=span.span_id.hex(),
                parent=span.parent_span_id.hex(),
                facts=_facts(span.attributes),
                raw=str(span),
            )
            for resource in found.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]
        with self._lock:
            self._spans += spans

    def spans(self) -> list[Span]:
        """Return all."""
        with self._lock:
            return list(self._spans)

    def wait_for(self, what: Callable[[Span], bool]) -> Span:
        """Return the first span that is as wanted, as soon as it is there."""
        until = time.monotonic() + SECONDS
        while True:
            for span in self.spans():
                if what(span):
                    return span
            assert time.monotonic() < until, f"It has not come; these have: {self.spans()}"
            time.sleep(0.05)


@contextmanager
def collecting() -> Iterator[Collector]:
    """Have a collector that listens on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            collector.take(body)
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Keep the tests' output for what they say."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    collector = Collector(f"http://127.0.0.1:{server.server_address[1]}/v1/traces")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield collector
    server.shutdown()
    server.server_close()
    thread.join(10)


def _facts(attributes: Any) -> dict[str, str]:
    return {each.key: str(each.value.string_value or each.value.int_value) for each in attributes}
