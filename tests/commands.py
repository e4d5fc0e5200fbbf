"""Running commands of `manage.py` as a shell would."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.management import call_command


@dataclass(frozen=True)
class Said:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one document of `--json`."""
        return json.loads(self.out)


Tell = Callable[..., Said]


def teller(command: str, capsys: pytest.CaptureFixture[str]) -> Tell:
    """Return what runs a command with the words that it is given."""

    def tell(*words: str) -> Said:
        capsys.readouterr()
        code = 0
        try:
            call_command(command, *words)
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capsys.readouterr()
        return Said(code, out, err)

    return tell
