"""The runtime that runs a backend as a process of this machine's."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import structlog

from plexica.core.errors import PermanentError, TransientError
from plexica_sdk.manifest import Manifest
from plexica_sdk.package import Package
from plugins.runtimes.base import LOG_TAIL_BYTES, Order, Runtime, Started
from plugins.runtimes.environments import Environments, Places, platform_paths
from plugins.runtimes.proc import (
    boot_id,
    find_process,
    list_processes,
    listener_of,
    user_of,
    variables_of,
)

LOOPBACK = "127.0.0.1"
# By which `make down` knows what belongs to it.
MARK = "PLEXICA_INSTANCE"
# The interpreter, its libraries and the stacks of its threads, which the manifest does not count.
INTERPRETER_MB = 160
MAX_LOG_BYTES = 1024 * 1024
_MAX_FILE_BYTES = 100 * 1024 * 1024
_STACK_BYTES = 2 * 1024 * 1024
_MAX_OPEN_FILES = 512
_MAX_PROCESSES = 128
_PROBE_SECONDS = 20.0
_POLL_SECONDS = 0.05
_KILL_SECONDS = 5.0
_MAX_SAID = 1000
_CONFINE = Path(__file__).with_name("confine.py")
_MIB = 1024 * 1024

logger = structlog.get_logger(__name__)


class ProcessRuntime(Runtime):
    """Runs backends as processes: on one address, with limits, and with OS users of their own.

    That takes root. Without it they run as the agent's user, if an operator lets them.
    """

    name = "process"

    def __init__(self, root: Path, users: range, host: str = LOOPBACK) -> None:
        """Say where and as whom.

        Args:
            root: The directory for all that belongs to backends.
            users: The numbers of OS users, which belong to nobody else; used by root only.
            host: The address of this machine, or its name, that backends listen on.
        """
        self._host = host
        self.is_confining = os.geteuid() == 0
        self._users = users
        self._places = Places(root.resolve())
        self._environments = Environments(self._places, users if self.is_confining else None)
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._places.make()

    def tidy(self) -> None:
        """Remove environments that were cut off while they were made."""
        self._environments.clear()

    def close(self) -> None:
        """Do nothing: there are backends only."""

    def trouble(self) -> str:
        """Have none: this machine can always be asked."""
        return ""

    def can_run(self, manifest: Manifest) -> bool:
        """Tell whether there is a command."""
        return bool(manifest.runtime.command)

    def refusal(self, manifest: Manifest, *, is_unconfined: bool) -> str:
        """Refuse where there can be no OS user of its own, unless an operator has agreed."""
        if self.is_confining or is_unconfined:
            return ""
        return (
            "The plugin agent does not run as root, so it cannot give the plugin an OS user of its"
            " own. If you trust this release with all that the agent's user can read, say so:"
            f" manage.py plugin unconfine {manifest.slug} {manifest.version}"
        )

    def prepare(self, package: Package) -> None:
        """Make the environment, and see that the release's user can use it."""
        environment = self._environments.prepare(package)
        command = [str(environment / "bin" / "python"), "-c", "import plexica_sdk"]
        try:
            subprocess.run(  # noqa: S603 (our own words)
                self._confined(package.digest, command, limits={}),
                check=True,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                env=self._variables(package.digest),
                cwd="/",
                timeout=_PROBE_SECONDS,
            )
        except subprocess.TimeoutExpired as error:
            raise TransientError("The plugin's environment does not answer in time.") from error
        except subprocess.CalledProcessError as error:
            logger.warning(
                "plugin_environment_unusable",
                said=error.stderr.decode("utf-8", "replace")[-_MAX_SAID:],
            )
            raise PermanentError(
                "A process of another OS user than the agent's cannot reach this machine's Python"
                f" ({sys.base_prefix}) and Plexica's packages. Let others enter their directories."
            ) from error

    def remove(self, digest: str) -> None:
        """Remove the environment and the home."""
        self._environments.remove(digest)

    def start(self, order: Order) -> Started:
        """Start the command in a session of its own."""
        address = f"{self._host}:{_free_port(self._host)}"
        variables = {
            **self._variables(order.digest),
            **order.variables,
            "PLEXICA_LISTEN": address,
        }
        if MARK in os.environ:
            variables[MARK] = os.environ[MARK]
        command = list(order.manifest.runtime.command)
        command[0] = self._program(order.digest, command[0])
        limits = self._limits(order.manifest.runtime.memory_mb)
        log = self._log(order.backend_id)
        try:
            with open(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as output:  # noqa: PTH123 (pathlib has no mode)
                child = subprocess.Popen(  # noqa: S603 (a plugin's command, confined)
                    self._confined(order.digest, command, limits=limits),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=variables,
                    cwd="/",
                    start_new_session=True,
                )
        except OSError as error:
            raise TransientError("The plugin's process cannot be started now.") from error
        found = find_process(child.pid)
        if found is None:
            raise TransientError("The plugin's process was gone at once.")
        handle = f"{found.handle}-{self._places.owner(order.digest)}"
        self._children[handle] = child
        return Started(handle, address)

    def stop(self, handle: str, seconds: float) -> None:
        """Ask the session to end, then end it, and whatever else its OS user runs."""
        pid = _pid_of(handle)
        for number, patience in ((signal.SIGTERM, seconds), (signal.SIGKILL, _KILL_SECONDS)):
            if self.is_alive(handle):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(pid, number)
                self._wait(handle, patience)
        self._end_rest(handle)
        self._children.pop(handle, None)

    def is_alive(self, handle: str) -> bool:
        """Look for the process, and bury it if it was ours and has ended."""
        child = self._children.get(handle)
        if child is not None and child.poll() is not None:
            return False
        found = find_process(_pid_of(handle))
        return found is not None and handle.startswith(f"{found.handle}-") and found.is_alive

    def is_of_another_time(self, handle: str) -> bool:
        """Compare the machine's starts."""
        return handle.split("-")[2] != boot_id()

    def how_it_ended(self, handle: str) -> str:
        """Tell the exit code or the signal, if the process was started by this agent."""
        child = self._children.pop(handle, None)
        code = child.poll() if child is not None else None
        if code is None:
            return "It ended by itself."
        if code < 0:
            return f"It was ended by {signal.Signals(-code).name}."
        return f"It ended by itself with exit code {code}."

    def is_listening(self, handle: str, address: str) -> bool:
        """Compare the OS users of the process and of the port, where each has its own."""
        if not self.is_confining:
            return True
        host, _colon, port = address.rpartition(":")
        return listener_of(host, int(port)) == _user_of(handle)

    def list_running(self) -> dict[str, str]:
        """Find the leaders of sessions that have one of our homes, or its owner."""
        homes = {home.name: home.stat().st_uid for home in self._places.homes.iterdir()}
        digests = {user: digest for digest, user in homes.items() if user in self._users}
        running: dict[str, str] = {}
        for found in list_processes():
            if not (found.is_leader and found.is_alive):
                continue
            # In some containers not even root may read another user's variables.
            home = Path(variables_of(found.pid).get("HOME", ""))
            if home.parent == self._places.homes:
                digest = home.name
            elif home == Path() and self.is_confining:
                digest = digests.get(user_of(found.pid) or 0, "")
            else:
                continue
            if digest in homes:
                running[f"{found.handle}-{homes[digest]}"] = digest
        return running

    def read_log(self, backend_id: UUID) -> str:
        """Return the end of the log; one that has become too long begins anew."""
        log = self._log(backend_id)
        try:
            with log.open("r+b") as stream:
                size = stream.seek(0, os.SEEK_END)
                stream.seek(max(0, size - LOG_TAIL_BYTES))
                tail = stream.read(LOG_TAIL_BYTES)
                if size > MAX_LOG_BYTES:
                    log.with_suffix(".old").write_bytes(tail)
                    stream.truncate(0)
        except FileNotFoundError:
            return ""
        old = log.with_suffix(".old")
        if len(tail) < LOG_TAIL_BYTES and old.exists():
            tail = (old.read_bytes() + tail)[-LOG_TAIL_BYTES:]
        # PostgreSQL keeps no null characters.
        return tail.decode("utf-8", "replace").replace("\0", "\ufffd")

    def _log(self, backend_id: UUID) -> Path:
        return self._places.logs / f"{backend_id}.log"

    def _variables(self, digest: str) -> dict[str, str]:
        home = self._places.home(digest)
        return {
            "PATH": f"{self._places.environment(digest) / 'bin'}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(home),
            "TMPDIR": str(home),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
        }

    def _program(self, digest: str, word: str) -> str:
        directory = self._places.environment(digest) / "bin"
        return shutil.which(word, path=str(directory)) or word

    def _confined(
        self, digest: str, command: Sequence[str], *, limits: dict[str, int]
    ) -> list[str]:
        """Return the words that make a command run as its release's user, with limits."""
        user = self._places.owner(digest) if self.is_confining else None
        if user is not None and user not in self._users:
            raise PermanentError(f"The home of this plugin belongs to the OS user {user}.")
        environment, home = self._places.environment(digest), self._places.home(digest)
        paths = (Path(sys.base_prefix), *platform_paths(), environment, home)
        needed = [path.resolve() for path in paths]
        closed = _closed_above(needed) if self.is_confining else []
        plan = {
            "user": user,
            "limits": limits,
            "directory": str(home),
            "closed": list(map(str, closed)),
            "shown": [
                str(path) for path in needed if any(path.is_relative_to(found) for found in closed)
            ],
        }
        return [sys.executable, "-I", "-S", str(_CONFINE), json.dumps(plan), *command]

    def _limits(self, memory_mb: int) -> dict[str, int]:
        limits = {
            "RLIMIT_CORE": 0,
            "RLIMIT_STACK": _STACK_BYTES,
            "RLIMIT_DATA": (memory_mb + INTERPRETER_MB) * _MIB,
            "RLIMIT_FSIZE": _MAX_FILE_BYTES,
            "RLIMIT_NOFILE": _MAX_OPEN_FILES,
        }
        # It counts all that a user runs, so only a user of its own can have it.
        return limits | ({"RLIMIT_NPROC": _MAX_PROCESSES} if self.is_confining else {})

    def _wait(self, handle: str, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self.is_alive(handle) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)

    def _end_rest(self, handle: str) -> None:
        """End what a backend has started, in its session or as its user."""
        if self.is_of_another_time(handle):
            return
        pid, user = _pid_of(handle), _user_of(handle)
        leader = find_process(pid)
        # The number of a session is free again only when nobody is in it any more.
        is_same = leader is None or handle.startswith(f"{leader.handle}-")
        is_own_user = self.is_confining and user in self._users
        for found in list_processes():
            is_theirs = (is_same and found.session == pid) or (
                is_own_user and user_of(found.pid) == user
            )
            if is_theirs and found.is_alive:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(found.pid, signal.SIGKILL)


def _pid_of(handle: str) -> int:
    return int(handle.partition("-")[0])


def _user_of(handle: str) -> int:
    return int(handle.rpartition("-")[2])


def _free_port(host: str) -> int:
    with socket.socket() as found:
        found.bind((host, 0))
        port: int = found.getsockname()[1]
        return port


def _closed_above(paths: Sequence[Path]) -> list[Path]:
    """Return the outermost directories above some paths that other users may not enter."""
    closed: list[Path] = []
    for path in paths:
        for above in reversed(path.parents):
            if not above.stat().st_mode & 0o001:
                closed.append(above)
                break
    return list(dict.fromkeys(closed))
