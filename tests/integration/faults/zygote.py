"""Workers that are killed or frozen at a known place: forks of a process that has all loaded.

Run as a program, this becomes that process (`tests.integration.faults.mortal`): it reads orders
from its standard input, one JSON object a line, and answers each with how the child ended.
"""

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any, Literal

import django

Ending = Literal["killed", "frozen", "ended", "failed"]


@dataclass(frozen=True, slots=True)
class Order:
    """What a child is to do, and where it is to stop doing it.

    Attributes:
        run: The id of the run.
        step: The step in which it stops; empty for what the engine itself writes.
        verb: `do` or `undo`.
        at: The number of the place in it: 0 is before the step's first act, the last after its
            last, and between them is one for each statement.
        freezes: Whether it is frozen, after the statement, and not killed, before it.
        fails: A step whose `do` fails for good when it has done its work.
    """

    run: str
    step: str
    verb: str
    at: int
    freezes: bool = False
    fails: str = ""


class Zygote:
    """The process that the children are forks of, from outside."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603  # the tests' own words
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"DJANGO_SETTINGS_MODULE": "plexica.settings"},
        )

    def work(self, order: Order) -> Ending:
        """Have a child work on a run, until it stops."""
        return self._ask(asdict(order))

    def thaw(self) -> Ending:
        """Let the child that was frozen last go on, until it ends."""
        return self._ask(None)

    def close(self) -> None:
        """End it, and the children with it."""
        self._process.kill()
        self._process.communicate()

    def _ask(self, order: dict[str, Any] | None) -> Ending:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer: Ending = json.loads(self._process.stdout.readline())
        return answer


if __name__ == "__main__":
    django.setup()
    import_module("tests.integration.faults.mortal").serve()
