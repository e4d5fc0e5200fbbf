"""How a command ends, for the scripts that call it."""

from enum import IntEnum
from typing import Self


class ExitCode(IntEnum):
    """The exit codes of `manage.py tenant`.

    Attributes:
        meaning: What it says, in a few words.
    """

    meaning: str

    SUCCESS = 0, "success"
    FAILED = 1, "the run failed, something differs, or somebody is behind"
    # As argparse has it.
    USAGE = 2, "wrong usage"
    NOT_FOUND = 3, "no such tenant"
    REFUSED = 4, "refused"
    STILL_RUNNING = 5, "still under way when waiting ended"
    # 128 and the signal's number, as shells have it.
    INTERRUPTED = 130, "interrupted"

    def __new__(cls, value: int, meaning: str) -> Self:
        """Make a member of a number and its meaning."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member
