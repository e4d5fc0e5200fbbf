"""Processes as Linux tells of them in /proc (proc(5))."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_PROC = Path("/proc")
_DEAD = ("Z", "X", "x")
_LISTENING = "0A"
_BOOT_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Process:
    """A process that runs, or has ended and is not buried yet.

    Attributes:
        started: When, in ticks since the machine's start: with the id it is unique.
    """

    pid: int
    state: str
    session: int
    started: int

    @property
    def is_alive(self) -> bool:
        """Whether it runs."""
        return self.state not in _DEAD

    @property
    def is_leader(self) -> bool:
        """Whether it began its session."""
        return self.pid == self.session

    @property
    def handle(self) -> str:
        """What tells it from all others, before and after a start of the machine."""
        return f"{self.pid}-{self.started}-{boot_id()}"


@lru_cache(maxsize=1)
def boot_id() -> str:
    """Return what differs from one start of the machine to the next."""
    return (_PROC / "sys/kernel/random/boot_id").read_text("ascii")[:_BOOT_DIGITS]


def find_process(pid: int) -> Process | None:
    """Return a process, or None if there is none of this id."""
    try:
        text = (_PROC / str(pid) / "stat").read_text("ascii", errors="replace")
    except OSError:
        return None
    # The name stands in parentheses and may hold anything, parentheses too.
    fields = text.rpartition(")")[2].split()
    return Process(pid=pid, state=fields[0], session=int(fields[3]), started=int(fields[19]))


def list_processes() -> Iterator[Process]:
    """Return all processes that this one may see."""
    for path in _PROC.iterdir():
        if path.name.isdecimal() and (found := find_process(int(path.name))) is not None:
            yield found


def user_of(pid: int) -> int | None:
    """Return the OS user that a process belongs to, if it is there."""
    try:
        return (_PROC / str(pid)).stat().st_uid
    except OSError:
        return None


def variables_of(pid: int) -> dict[str, str]:
    """Return the variables that a process was started with; none where they cannot be read."""
    try:
        content = (_PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return {}
    pairs = (part.partition("=") for part in content.decode("utf-8", "replace").split("\0"))
    return {name: value for name, _equals, value in pairs}


def listener_of(host: str, port: int) -> int | None:
    """Return the OS user whose process listens on a port of an address or of all addresses."""
    try:
        number = socket.inet_aton(socket.gethostbyname(host))
    except OSError:
        return None
    # As the kernel writes it on a machine whose numbers begin at their end.
    wanted = {number[::-1].hex().upper(), "00000000"}
    for line in (_PROC / "net/tcp").read_text("ascii").splitlines()[1:]:
        _number, local, _remote, state, _queues, _timer, _retransmits, user, *_rest = line.split()
        address, _colon, hex_port = local.partition(":")
        if state == _LISTENING and address in wanted and int(hex_port, 16) == port:
            return int(user)
    return None
