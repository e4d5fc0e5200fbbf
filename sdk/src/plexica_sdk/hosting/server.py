"""The server, and its end."""

import logging
import signal
import time
from typing import Any

from waitress import wasyncore
from waitress.server import create_server

from plexica_sdk.hosting.configuration import MAX_BODY_BYTES
from plexica_sdk.hosting.environment import Backend

THREADS = 8
MAX_HEADER_BYTES = 128 * 1024
# The gateway keeps connections for less than that.
IDLE_SECONDS = 300
# The host waits ten seconds for the end.
DRAIN_SECONDS = 7
# For threads that are told to end, and may still be at a request that was not answered in time.
_END_SECONDS = 1
_LOOP_SECONDS = 0.5

logger = logging.getLogger("plexica.server")


def serve(application: Any, backend: Backend) -> None:
    """Answer requests until SIGTERM comes, and after it those that are under way.

    Args:
        application: The WSGI application.
        backend: Where to listen.

    Raises:
        OSError: The address cannot be listened on.
    """
    sockets: dict[int, Any] = {}
    server = create_server(
        application,
        map=sockets,
        host=backend.address,
        port=backend.port,
        threads=THREADS,
        ident=None,
        channel_timeout=IDLE_SECONDS,
        max_request_body_size=MAX_BODY_BYTES,
        max_request_header_size=MAX_HEADER_BYTES,
    )
    is_over = False

    def end(*_: object) -> None:
        nonlocal is_over
        is_over = True
        server.pull_trigger()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    logger.info("%s %s answers on port %d", backend.plugin, backend.version, backend.port)
    while not is_over:
        wasyncore.loop(timeout=_LOOP_SECONDS, map=sockets, count=1)
    # New requests are refused, those under way are answered.
    wasyncore.dispatcher.close(server)
    until = time.monotonic() + DRAIN_SECONDS
    while time.monotonic() < until and any(map(_is_busy, list(server.active_channels.values()))):
        wasyncore.loop(timeout=_LOOP_SECONDS / 10, map=sockets, count=1)
    server.task_dispatcher.shutdown(timeout=_END_SECONDS)
    logger.info("%s %s has ended", backend.plugin, backend.version)


def _is_busy(channel: Any) -> bool:
    return bool(channel.requests or channel.request or channel.total_outbufs_len)
