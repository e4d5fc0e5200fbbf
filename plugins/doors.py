"""Reaching a backend: by host and port, or through the door of a container.

A container has a network of its own with nothing in it but itself. Its door is a Unix socket, at
which the container's porter (`plugins.runtimes.container.porter`) hands out connections to the
backend that it has made inside. What is handed out is an ordinary TCP connection.
"""

import socket
import time

# Of a handed-out connection; the porter says nothing else.
_GREETING_BYTES = 1


def is_door(address: str) -> bool:
    """Tell whether an address is the path of a door, and not host and port."""
    return address.startswith("/")


def host_header(address: str) -> str:
    """Return what a request to an address names as its host."""
    return "localhost" if is_door(address) else address


def connect(address: str, *, seconds: float) -> socket.socket:
    """Return a new TCP connection to a backend.

    Args:
        address: Its host and port, or the path of its door.
        seconds: How long it may take; also the time limit that the connection has at first.

    Raises:
        OSError: There is none to be had.
    """
    if not is_door(address):
        host, _colon, port = address.rpartition(":")
        return socket.create_connection((host, int(port)), timeout=seconds)
    deadline = time.monotonic() + seconds
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
        door.settimeout(seconds)
        door.connect(address)
        door.settimeout(max(0.001, deadline - time.monotonic()))
        _greeting, numbers, _flags, _from = socket.recv_fds(door, _GREETING_BYTES, 1)
    if not numbers:
        raise ConnectionRefusedError("Nobody listens behind the door.")
    connection = socket.socket(fileno=numbers[0])
    connection.settimeout(seconds)
    return connection
