"""Reaching a backend: by host and port, or through the door of a container.

A container has a network of its own with nothing in it but itself. Its door is a Unix socket, at
which the container's porter (`plugins.runtimes.container.porter`) hands out connections to the
backend that it has made inside. What is handed out is an ordinary TCP connection.

Ports of loopback are anybody's who comes first. Where a backend has an OS user of its own, its
address says which one has to listen there: behind an `@`.
"""

import socket
import time

from plugins.runtimes.proc import listener_of

# Of a handed-out connection; the porter says nothing else.
_GREETING_BYTES = 1


class PortTaken(ConnectionRefusedError):
    """Somebody else listens at the port of a backend."""


def owned_address(address: str, owner: int) -> str:
    """Return an address at which only processes of an OS user are taken for the backend.

    Args:
        address: Host and port.
        owner: The number of the user.
    """
    return f"{address}@{owner}"


def is_door(address: str) -> bool:
    """Tell whether an address is the path of a door, and not host and port."""
    return address.startswith("/")


def host_header(address: str) -> str:
    """Return what a request to an address names as its host."""
    return "localhost" if is_door(address) else address.partition("@")[0]


def connect(address: str, *, seconds: float) -> socket.socket:
    """Return a new TCP connection to a backend.

    Args:
        address: Its host and port, with who has to listen there, or the path of its door.
        seconds: How long it may take; also the time limit that the connection has at first.

    Raises:
        PortTaken: Somebody else listens there.
        OSError: There is none to be had.
    """
    if not is_door(address):
        return _connect_by_port(address, seconds)
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


def _connect_by_port(address: str, seconds: float) -> socket.socket:
    host_and_port, _at, owner = address.partition("@")
    host, _colon, port = host_and_port.rpartition(":")
    connection = socket.create_connection((host, int(port)), timeout=seconds)
    # Looked at after connecting: whoever has accepted it listens there still, or nobody does.
    if owner and listener_of(int(port)) != int(owner):
        connection.close()
        raise PortTaken("Another program has taken its port.")
    return connection
