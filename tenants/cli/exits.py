"""How a command ends, for the scripts that call it."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of `manage.py tenant`."""

    SUCCESS = 0
    # The run failed, something differs, or somebody is still behind.
    FAILED = 1
    # As argparse has it.
    USAGE = 2
    NOT_FOUND = 3
    REFUSED = 4
    STILL_RUNNING = 5
    # 128 and the signal's number, as shells have it.
    INTERRUPTED = 130
