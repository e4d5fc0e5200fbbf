"""A project's own process, started where it is written."""

import http.client
import json
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from plexica_sdk.errors import PluginError
from plexica_sdk.manifest import Manifest

LOOPBACK = "127.0.0.1"
READY_SECONDS = 30
END_SECONDS = 10
_POLL_SECONDS = 0.1
_PROCESSORS = {"x86_64": "amd64", "aarch64": "arm64"}


class NotReady(PluginError):
    """The process does not answer; `str()` says why."""


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as found:
        found.bind((LOOPBACK, 0))
        port: int = found.getsockname()[1]
        return port


class Process:
    """Runs a project's command; what it says goes to this terminal."""

    def __init__(self, directory: Path, manifest: Manifest, variables: Mapping[str, str]) -> None:
        """Start it.

        Args:
            directory: The project's.
            manifest: What is run.
            variables: The contract's, with where to listen.

        Raises:
            PluginError: It cannot be started.
        """
        self._port = int(variables["PLEXICA_LISTEN"].rpartition(":")[2])
        words = list(manifest.runtime.command)
        words[0] = _program(directory, manifest, words[0])
        try:
            # A session of its own: Ctrl-C is for us, and we end it.
            self._child = subprocess.Popen(  # noqa: S603 # the author's own command
                words,
                cwd=directory,
                env={**_own_variables(directory), **variables},
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise PluginError(f"{words[0]} cannot be started: {error.strerror}.") from error

    def wait_until_ready(self) -> None:
        """Wait until it answers that it is ready.

        Raises:
            NotReady: It has ended, or does not answer in time.
        """
        deadline = time.monotonic() + READY_SECONDS
        while not self._is_ready():
            if (code := self.ended()) is not None:
                raise NotReady(f"The plugin has ended, with exit code {code}.")
            if time.monotonic() > deadline:
                raise NotReady(f"The plugin was not ready within {READY_SECONDS} s.")
            time.sleep(_POLL_SECONDS)

    def ended(self) -> int | None:
        """Return its exit code, if it has ended."""
        return self._child.poll()

    def end(self) -> None:
        """Have it end, with all that it has started."""
        for number, seconds in ((signal.SIGTERM, END_SECONDS), (signal.SIGKILL, END_SECONDS)):
            try:
                os.killpg(self._child.pid, number)
            except ProcessLookupError:
                break
            try:
                self._child.wait(seconds)
            except subprocess.TimeoutExpired:
                continue
        self._child.poll()

    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection(LOOPBACK, self._port, timeout=1)
        try:
            connection.request("GET", "/_plexica/ready")
            answer = connection.getresponse()
            return answer.status == 200 and bool(json.loads(answer.read(16_384)))  # noqa: PLR2004 # OK
        except (OSError, http.client.HTTPException, ValueError):
            return False
        finally:
            connection.close()


def _own_variables(directory: Path) -> dict[str, str]:
    """Return the author's variables without those of a platform, and with the project's code."""
    found = {name: value for name, value in os.environ.items() if not name.startswith("PLEXICA_")}
    source = directory / "src"
    paths = [str(source if source.is_dir() else directory), found.get("PYTHONPATH", "")]
    return {
        **found,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{found.get('PATH', os.defpath)}",
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "PYTHONUNBUFFERED": "1",
    }


def _program(directory: Path, manifest: Manifest, word: str) -> str:
    if manifest.runtime.programs:
        machine = platform.machine()
        name = f"{platform.system().lower()}-{_PROCESSORS.get(machine, machine)}"
        path = directory / manifest.runtime.programs / name / word
        if not path.exists():
            raise PluginError(f"{path} is not there: build it first.")
        return str(path)
    return sys.executable if word in {"python", "python3"} else shutil.which(word) or word
