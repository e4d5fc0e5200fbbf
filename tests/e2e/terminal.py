"""A command that goes on until Ctrl-C.

What stands in: credentials of the tests' platform for those that `make up` writes down.
"""

import json
import re
import shlex
import signal
import subprocess
import time
from pathlib import Path

from tests.e2e.conftest import App
from tests.e2e.people import PATIENCE_SECONDS
from tests.examples import CHECKOUT

_CREDENTIALS = ("console_url", "token_url", "api_client_id", "api_client_secret")


class Terminal:
    """A terminal in which somebody gives `plexica-plugin dev`, and sees what it says."""

    def __init__(self, app: App, command: str, directory: Path) -> None:
        credentials = directory / "credentials.json"
        credentials.write_text(json.dumps({name: getattr(app, name) for name in _CREDENTIALS}))
        self._output = directory / "terminal.txt"
        with self._output.open("wb") as stream:
            self.process = subprocess.Popen(  # noqa: S603 (as an author types it)
                [*shlex.split(command), "--credentials", credentials],
                cwd=CHECKOUT,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
            )

    def text(self) -> str:
        """Return all that it has said."""
        return self._output.read_text("utf-8")

    def wait_for(self, words: str, times: int = 1) -> str:
        """Wait until it says something that often, and return all that it has said."""
        ends_at = time.monotonic() + PATIENCE_SECONDS
        while len(re.findall(words, self.text())) < times:
            assert self.process.poll() is None, self.text()
            assert time.monotonic() < ends_at, self.text()
            time.sleep(0.1)
        return self.text()

    def interrupt(self) -> int:
        """Press Ctrl-C, and return the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE_SECONDS)

    def close(self) -> None:
        """End it, if it has not ended: nothing is taken away then."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
