"""Supervision of an instance's programs by supervisord, over its socket."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy

import psutil
from supervisor.xmlrpc import Faults, SupervisorTransport

from deploy.local.errors import LocalPlatformError, PartDiedError
from deploy.local.files import write_whole
from deploy.local.instance import Instance
from deploy.local.part import Program

_START_SECONDS = 10.0
_STOP_SECONDS = 60.0
_LOG_LINES = 12
_LOG_WIDTH = 240
_DEAD = ("FATAL", "EXITED", "BACKOFF", "UNKNOWN")
_ALIVE = ("RUNNING", "STARTING")
_UNWRITABLE = ("\n", "\r", '"', "\\", " ;", " #")
# Tells the instance's processes from all others on the machine.
_MARK = "PLEXICA_INSTANCE"


@dataclass(frozen=True)
class State:
    """What the supervisor says of a program.

    Attributes:
        name: The program.
        status: Supervisor's word: RUNNING, STARTING, STOPPED, BACKOFF, EXITED, FATAL, …
        pid: Its process id, or 0.
        started_at: When it started, in seconds since the epoch.
        detail: What supervisor adds, such as "exited too quickly".
    """

    name: str
    status: str
    pid: int
    started_at: int
    detail: str

    @property
    def is_alive(self) -> bool:
        """Whether a process runs, be it just started."""
        return self.status in _ALIVE

    @property
    def is_dead(self) -> bool:
        """Whether it ended without having been asked to."""
        return self.status in _DEAD


class Supervisor:
    """One instance's supervisord: started on demand, spoken to by XML-RPC on a private socket."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance

    @property
    def _rpc(self) -> Any:  # xmlrpc makes methods up as they are called
        """A new proxy each time: one is not safe between threads."""
        transport = SupervisorTransport(
            "plexica",
            self._instance.secrets["supervisor_password"],
            serverurl=f"unix://{self._instance.socket}",
        )
        return ServerProxy("http://127.0.0.1", transport=transport).supervisor

    def is_running(self) -> bool:
        """Tell whether supervisord answers."""
        try:
            self._rpc.getState()
        except (OSError, Fault):
            return False
        return True

    @property
    def _configuration(self) -> Path:
        return self._instance.run / "supervisord.conf"

    def is_configured(self, programs: Sequence[Program]) -> bool:
        """Tell whether the configuration on disk is the one for these programs."""
        path = self._configuration
        return path.exists() and path.read_text("utf-8") == render(self._instance, programs)

    def ensure(self, programs: Sequence[Program], *, withhold: Collection[str] = ()) -> None:
        """Have supervisord running with exactly these programs configured.

        A program that runs with another configuration is stopped.

        Args:
            programs: What it shall know; none is started by this.
            withhold: Variables of our own environment that no program may inherit.
        """
        write_whole(self._configuration, render(self._instance, programs))
        if not self.is_running():
            self.end_orphans()
            self._launch(withhold)
            return
        added, changed, removed = self._rpc.reloadConfig()[0]
        for name in [*changed, *removed]:
            self._rpc.stopProcessGroup(name)
            self._rpc.removeProcessGroup(name)
        for name in [*added, *changed]:
            self._rpc.addProcessGroup(name)

    def states(self) -> dict[str, State]:
        """Return what runs, by name; empty if supervisord itself does not."""
        if not self.is_running():
            return {}
        return {
            row["name"]: State(
                row["name"], row["statename"], row["pid"], row["start"], row["spawnerr"]
            )
            for row in self._rpc.getAllProcessInfo()
        }

    def state(self, name: str) -> State:
        """Return what supervisord says of one program."""
        return self.states()[name]

    def start(self, name: str) -> None:
        """Start a program, if it does not run, without waiting for it."""
        try:
            self._rpc.startProcess(name, False)
        except Fault as fault:
            if fault.faultCode not in (Faults.ALREADY_STARTED, Faults.SPAWN_ERROR):
                raise LocalPlatformError(
                    f"{name} cannot be started: {fault.faultString}"
                ) from fault

    def stop(self, name: str) -> None:
        """Stop a program and wait until its process is gone."""
        try:
            self._rpc.stopProcess(name)
        except Fault as fault:
            if fault.faultCode not in (Faults.NOT_RUNNING, Faults.BAD_NAME):
                raise LocalPlatformError(
                    f"{name} cannot be stopped: {fault.faultString}"
                ) from fault

    def kill(self, name: str) -> None:
        """End a program's process at once, as a crash would; supervisord starts it again."""
        self._rpc.signalProcess(name, "KILL")

    def check_alive(self, name: str) -> None:
        """Refuse a program that has died.

        Raises:
            PartDiedError: Says which, and shows the last lines of its log.
        """
        state = self.state(name)
        if state.is_dead:
            raise PartDiedError(
                f"{name} died ({state.detail or state.status}). "
                f"The end of {self.log(name)}:\n{self.log_tail(name)}"
            )

    def log(self, name: str) -> Path:
        """Return a program's log file."""
        return self._instance.logs / f"{name}.log"

    def log_tail(self, name: str, lines: int = _LOG_LINES) -> str:
        """Return the end of a program's log, indented."""
        path = self.log(name)
        text = path.read_text("utf-8", errors="replace") if path.exists() else ""
        return (
            "\n".join(f"    {line[:_LOG_WIDTH]}" for line in text.splitlines()[-lines:])
            or "    (empty)"
        )

    def shut_down(self, order: Sequence[str] = ()) -> None:
        """Stop the programs, the named ones first and in that order, then supervisord itself."""
        if self.is_running():
            states = self.states()
            for name in order:
                if name in states and states[name].is_alive:
                    self.stop(name)
            pid = self._rpc.getPID()
            self._rpc.shutdown()
            try:
                psutil.Process(pid).wait(_STOP_SECONDS)
            except psutil.NoSuchProcess:
                pass
            except psutil.TimeoutExpired as error:
                raise LocalPlatformError(f"supervisord (process {pid}) does not end.") from error
        self.end_orphans()

    def end_orphans(self) -> None:
        """End processes of this instance that a killed supervisord left behind."""
        orphans = [process for process in psutil.process_iter() if self._is_ours(process)]
        for process in orphans:
            _signal(process, signal.SIGTERM)
        _, stubborn = psutil.wait_procs(orphans, timeout=10)
        for process in stubborn:
            _signal(process, signal.SIGKILL)
        psutil.wait_procs(stubborn, timeout=10)

    def _launch(self, withhold: Collection[str]) -> None:
        self._instance.socket.unlink(missing_ok=True)
        command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(self._configuration)]
        done = subprocess.run(  # noqa: S603  # our own words
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_START_SECONDS,
            env={
                **{name: value for name, value in os.environ.items() if name not in withhold},
                _MARK: str(self._instance.root),
            },
        )
        deadline = time.monotonic() + _START_SECONDS
        while not self.is_running():
            if done.returncode != 0 or time.monotonic() > deadline:
                raise LocalPlatformError(f"supervisord does not start: {done.stderr.strip()}")
            time.sleep(0.05)

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            return process.pid != os.getpid() and process.environ().get(_MARK) == str(
                self._instance.root
            )
        except (psutil.Error, OSError):
            return False


def render(instance: Instance, programs: Sequence[Program]) -> str:
    """Write supervisord's configuration; it holds secrets and must be private."""
    password = instance.secrets["supervisor_password"]
    lines = [
        "[unix_http_server]",
        f"file={_escape(instance.socket)}",
        "chmod=0600",
        "username=plexica",
        f"password={password}",
        "[supervisord]",
        f"logfile={_escape(instance.logs / 'supervisord.log')}",
        "logfile_maxbytes=5MB",
        "logfile_backups=1",
        f"pidfile={_escape(instance.run / 'supervisord.pid')}",
        f"directory={_escape(instance.root)}",
        "umask=077",
        *(["user=root"] if os.geteuid() == 0 else []),
        "[rpcinterface:supervisor]",
        "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
    ]
    for program in programs:
        environment = {_MARK: str(instance.root), **program.environment}
        pairs = ",".join(f'{name}="{_escape(value)}"' for name, value in environment.items())
        lines += [
            f"[program:{program.name}]",
            f"command={' '.join(_quote(word) for word in program.command)}",
            f"directory={_escape(program.directory)}",
            f"environment={pairs}",
            "autostart=false",
            "autorestart=true",
            "startsecs=1",
            "startretries=3",
            f"stopsignal={program.stop_signal.name.removeprefix('SIG')}",
            f"stopwaitsecs={program.stop_seconds}",
            "stopasgroup=false",
            "killasgroup=true",
            "redirect_stderr=true",
            f"stdout_logfile={_escape(instance.logs / program.name)}.log",
            "stdout_logfile_maxbytes=10MB",
            "stdout_logfile_backups=2",
        ]
    return "\n".join(lines) + "\n"


def _escape(value: object) -> str:
    text = str(value)
    if any(piece in text for piece in _UNWRITABLE):
        raise LocalPlatformError(
            "A path or a variable holds a quote, a backslash, a line break, ' ;' or ' #': "
            "the supervisor's configuration cannot carry that."
        )
    return text.replace("%", "%%")


def _quote(word: object) -> str:
    return f'"{_escape(word)}"'


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return
