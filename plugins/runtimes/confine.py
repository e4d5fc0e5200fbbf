"""Becomes a backend's process, having given up what it shall not have.

Run by the process runtime as a script of its own, on the standard library alone: what is done here
is done between fork and exec, where a process with threads may do next to nothing.
"""

import contextlib
import ctypes
import json
import os
import resource
import sys
from typing import Any

_CLONE_NEWNS = 0x00020000
_MS_BIND, _MS_REC, _MS_PRIVATE, _MS_NOSUID, _MS_NODEV = 0x1000, 0x4000, 0x40000, 0x2, 0x4
_PR_SET_NO_NEW_PRIVS = 38
# The kernel ends plugins before anything of the host's.
_OOM_SCORE = "500"


def main() -> None:
    """Do what the first argument says, then become the command that the others are."""
    plan: dict[str, Any] = json.loads(sys.argv[1])
    command = sys.argv[2:]
    libc = ctypes.CDLL(None, use_errno=True)
    # Some containers keep /proc read-only.
    with (
        contextlib.suppress(OSError),
        open("/proc/self/oom_score_adj", "w", encoding="ascii") as stream,  # noqa: PTH123 (pathlib costs each start)
    ):
        stream.write(_OOM_SCORE)
    os.umask(0o022)
    if plan["closed"]:
        _open_paths(libc, plan["closed"], plan["shown"])
    os.umask(0o077)
    if plan["user"] is not None:
        os.setgroups([])
        os.setresgid(plan["user"], plan["user"], plan["user"])
        os.setresuid(plan["user"], plan["user"], plan["user"])
    _check(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    for name, value in plan["limits"].items():
        _limit(getattr(resource, name), value)
    os.chdir(plan["directory"])
    os.execvpe(command[0], command, os.environ)  # noqa: S606 (what this is for)


def _open_paths(libc: ctypes.CDLL, closed: list[str], shown: list[str]) -> None:
    """Let directories be seen that lie below one that other users may not enter, and only those.

    In a view of the file system of its own, an empty directory takes the closed one's place.
    """
    _check(libc.unshare(_CLONE_NEWNS))
    _mount(libc, "none", "/", None, _MS_REC | _MS_PRIVATE)
    found = [os.open(path, os.O_PATH | os.O_CLOEXEC) for path in shown]
    for path in closed:
        _mount(libc, "tmpfs", path, "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=0755,size=1m")
    for path, number in zip(shown, found, strict=True):
        os.makedirs(path, mode=0o755, exist_ok=True)  # noqa: PTH103 (the same)
        _mount(libc, f"/proc/self/fd/{number}", path, None, _MS_BIND | _MS_REC)


def _mount(
    libc: ctypes.CDLL, source: str, target: str, kind: str | None, flags: int, data: str = ""
) -> None:
    _check(
        libc.mount(
            source.encode(),
            os.fsencode(target),
            kind.encode() if kind else None,
            ctypes.c_ulong(flags),
            data.encode() if data else None,
        )
    )


def _limit(which: int, value: int) -> None:
    hard = resource.getrlimit(which)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(which, (value, value))


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


if __name__ == "__main__":
    main()
