"""Answers Prometheus at an address of its own, which is inside the platform and not the web's.

`/metrics` tells of this process, `/metrics/platform` of all that the database, Redis and the
broker know; one process is asked for that, whichever.
"""

import threading
from collections.abc import Callable, Iterable
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import structlog
from django.conf import settings
from prometheus_client import REGISTRY, make_wsgi_app
from waitress.server import create_server

from plexica.core.context import start_thread
from plexica.core.observe.metrics import name_process
from plexica.core.observe.sources import PLATFORM_REGISTRY
from plexica.core.observe.tracing import start_tracing

if TYPE_CHECKING:
    from plexica.settings.instruments import Listen

THREADS = 2
MAX_CONNECTIONS = 20
IDLE_SECONDS = 20
MAX_REQUEST_BYTES = 1024
AGAIN_SECONDS = 5.0

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

logger = structlog.get_logger(__name__)

_PATHS: dict[str, Application] = {
    "/metrics": make_wsgi_app(REGISTRY),
    "/metrics/platform": make_wsgi_app(PLATFORM_REGISTRY),
}


def start_observing(program: str) -> None:
    """Have this process answer Prometheus and send spans, if the settings say where.

    A port that is taken is tried again and again: it may be that of a process which is about to
    end. Nothing else of the process waits for that, or fails by it.

    Args:
        program: Which program the process is of.
    """
    name_process(program)
    start_tracing(program)
    listen: Listen | None = settings.PLEXICA_METRICS_LISTEN
    if listen is not None:
        start_thread(partial(_serve, listen), name="metrics", is_daemon=True)


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer one request (PEP 3333)."""
    answer = _PATHS.get(environ["PATH_INFO"])
    status = None
    if answer is None:
        status = HTTPStatus.NOT_FOUND
    elif environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
        status = HTTPStatus.METHOD_NOT_ALLOWED
    if answer is not None and status is None:
        return answer(environ, start_response)
    line = f"{status:d} {status.phrase}" if status else ""
    start_response(line, [("Content-Type", "text/plain"), ("Content-Length", "0")])
    return []


def _serve(listen: "Listen") -> None:
    never = threading.Event()
    is_told = False
    while True:
        for port in listen.ports:
            try:
                server = create_server(
                    application,
                    host=listen.host,
                    port=port,
                    threads=THREADS,
                    ident=None,
                    channel_timeout=IDLE_SECONDS,
                    connection_limit=MAX_CONNECTIONS,
                    max_request_body_size=MAX_REQUEST_BYTES,
                    max_request_header_size=8 * MAX_REQUEST_BYTES,
                    map={},
                )
            except OSError:
                continue
            logger.info("metrics_listening", host=listen.host, port=port)
            server.run()
            return
        if not is_told:
            logger.warning("metrics_port_taken", host=listen.host, port=listen.ports.start)
        is_told = True
        never.wait(AGAIN_SECONDS)
