"""Keeps the network of a backend's container, and is the only way in and out.

Run in a container of its own, whose network the backend's container shares: an empty one, with a
loopback and nothing else. It hands open connections over, and sees nothing of what passes:

- whoever asks at the door gets a connection to the backend, made in here;
- what the backend connects to on the ports of the host's API and of the database is handed to the
  host's outlet, which connects it to the real ones.

`porter.py NAME DOOR OUTLETS BACKEND-PORT KIND=ADDRESS:PORT…`
"""

import contextlib
import os
import selectors
import signal
import socket
import sys

LOOPBACK = "127.0.0.1"
_SECONDS = 1.0
_WAITING = 64


def main() -> None:
    """Hand connections over until told to end."""
    name, path, outlets, port, *places = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    selector = selectors.DefaultSelector()
    listeners: dict[int, socket.socket] = {}
    for word in places:
        kind, _equals, place = word.partition("=")
        host, _colon, number = place.rpartition(":")
        listener = socket.create_server((host, int(number)), backlog=_WAITING)
        listeners[listener.fileno()] = listener
        selector.register(listener, selectors.EVENT_READ, kind)
    # Last: where there is a door, all is ready.
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listeners[door.fileno()] = door
    door.bind(f"{path}.new")
    # Who may come here is a matter of the directory.
    os.chmod(f"{path}.new", 0o666)  # noqa: S103, PTH101 (pathlib costs memory)
    door.listen(_WAITING)
    os.rename(f"{path}.new", path)  # noqa: PTH104 (the same)
    selector.register(door, selectors.EVENT_READ, "")
    while True:
        for key, _events in selector.select():
            # A backend may break each connection at any time; the next one is served all the same.
            with contextlib.suppress(OSError):
                if key.data:
                    _hand_out(listeners[key.fd], f"{outlets}/{key.data}", name)
                else:
                    _let_in(listeners[key.fd], int(port))


def _let_in(door: socket.socket, port: int) -> None:
    asking, _from = door.accept()
    with asking:
        asking.settimeout(_SECONDS)
        with socket.create_connection((LOOPBACK, port), timeout=_SECONDS) as inner:
            # The other side sets limits of its own.
            inner.settimeout(None)
            socket.send_fds(asking, [b"1"], [inner.fileno()])


def _hand_out(listener: socket.socket, path: str, name: str) -> None:
    inner, _from = listener.accept()
    with inner, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as outlet:
        outlet.settimeout(_SECONDS)
        outlet.connect(path)
        socket.send_fds(outlet, [name.encode()], [inner.fileno()])


if __name__ == "__main__":
    main()
