"""Asking a backend whether it is ready, without letting it keep the agent."""

import io
import json
import time
from http.client import HTTPException, HTTPResponse
from typing import TYPE_CHECKING, Any, cast

from plexica.core.errors import PermanentError, TransientError
from plugins.doors import connect, host_header

if TYPE_CHECKING:
    import socket

READY_PATH = "/_plexica/ready"
CONTRACT = 1
_MAX_BYTES = 16 * 1024


class _Answer:
    """What `HTTPResponse` takes for a socket: an answer that is there as a whole."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def makefile(self, *_words: object) -> io.BytesIO:
        return io.BytesIO(self._content)


def check_ready(address: str, *, plugin: str, version: str, seconds: float) -> None:
    """See a backend answer that it is ready, and that it is the one that is meant.

    Args:
        address: Its host and port, or its door.
        plugin: The slug that it has to name.
        version: The version that it has to name.
        seconds: How long it may take in all, however slowly it writes.

    Raises:
        TransientError: It does not answer as it should, and may do so later.
        PermanentError: It says that it is another one, or of another contract.
    """
    try:
        content = _ask(address, time.monotonic() + seconds)
        response = HTTPResponse(cast("socket.socket", _Answer(content)))
        response.begin()
        status, body = response.status, response.read()
    except (OSError, HTTPException, ValueError) as error:
        raise TransientError("It does not answer.") from error
    if status != 200:  # noqa: PLR2004 (the contract's)
        raise TransientError(f"It answers that it is not ready, with status {status}.")
    try:
        said: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise PermanentError(f"What it answers on {READY_PATH} is not JSON.") from error
    wanted = {"contract": CONTRACT, "plugin": plugin, "version": version}
    for name, value in wanted.items():
        found = said.get(name) if isinstance(said, dict) else None
        if found != value or isinstance(found, bool):
            raise PermanentError(
                f"It has to say on {READY_PATH} that its {name} is {value}, and does not."
            )


def _ask(address: str, deadline: float) -> bytes:
    host = host_header(address)
    request = f"GET {READY_PATH} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    content = b""
    with connect(address, seconds=_left(deadline)) as connection:
        connection.sendall(request.encode("ascii"))
        while len(content) <= _MAX_BYTES:
            connection.settimeout(_left(deadline))
            piece = connection.recv(_MAX_BYTES)
            if not piece:
                return content
            content += piece
    raise ValueError("It answers more than it should.")


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
