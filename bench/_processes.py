"""What the processes of a benchmark take, by `/proc`."""

import os
from collections.abc import Collection
from pathlib import Path

_USER_TIME, _SYSTEM_TIME = 11, 12
_KILOBYTES_A_MEGABYTE = 1024


def processes_of(*words: str) -> list[int]:
    """Return the processes whose command has all of some words as arguments."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            arguments = (entry / "cmdline").read_text(encoding="utf-8").split("\0")
        except OSError:
            # It has ended meanwhile.
            continue
        if set(words) <= set(arguments):
            found.append(int(entry.name))
    return found


def cpu_seconds(pids: Collection[int]) -> float:
    """Return the processor time that some processes have had until now."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        ticks += int(fields[_USER_TIME]) + int(fields[_SYSTEM_TIME])
    return ticks / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int) -> float:
    """Return the memory that a process has in use, in megabytes."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    kilobytes = next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))
    return kilobytes / _KILOBYTES_A_MEGABYTE
