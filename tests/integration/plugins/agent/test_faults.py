"""What the agent outlives, and what outlives it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.utils import timezone

from deploy.local import control
from plexica.core.actor import SYSTEM
from plexica_sdk.package import Package
from plugins.agent.loop import Agent
from plugins.backends import drop_backend, end_quarantine, restart_backend, set_unconfined
from plugins.models import Backend, Release
from plugins.runtimes import process
from plugins.runtimes.proc import list_processes, user_of
from plugins.runtimes.process import ProcessRuntime
from plugins.states import BackendState
from tests.conftest import Servers
from tests.integration.plugins.agent.conftest import QUICK, Begin, working
from tests.integration.plugins.agent.running import (
    ask,
    registered,
    until,
    until_state,
    wanted,
)
from tests.integration.plugins.packages import Author
from tests.threads import threads

ROOT = Path(settings.BASE_DIR)


def pid_of(backend: Backend) -> int:
    return int(backend.handle.partition("-")[0])


@pytest.fixture
def command(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The agent as a process of its own, as the platform runs it."""
    variables = os.environ | {
        "PLEXICA_PLUGIN_DIR": str(tmp_path / "plugins"),
        "PLEXICA_LOG_LEVEL": "INFO",
    }
    with (tmp_path / "agent.log").open("wb") as log:
        child = subprocess.Popen(  # noqa: S603 (our own words)
            [sys.executable, ROOT / "manage.py", "plugin_agent"],
            env=variables,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
        )
        yield child
        child.kill()
        child.wait(10)


def test_what_runs_outlives_its_agent_and_the_next_one_adopts_it(
    command: subprocess.Popen[bytes], runtime: ProcessRuntime, ada: Author, begin: Begin
) -> None:
    backend = until_state(wanted(registered(ada)), BackendState.READY)
    handle, seen_at = backend.handle, backend.seen_at
    command.kill()
    command.wait(10)
    assert ask(backend, "facts()")["directory"]
    begin(runtime, QUICK)
    until(backend, lambda row: row.seen_at and row.seen_at != seen_at)
    assert (backend.state, backend.handle) == (BackendState.READY, handle)
    assert (backend.restarts, backend.crashes) == (0, [])
    # It was started by another, and is watched and ended all the same.
    os.kill(pid_of(backend), signal.SIGKILL)
    until(backend, lambda row: row.state == BackendState.READY and row.handle != handle)
    assert len(backend.crashes) == 1


def test_an_agent_that_is_told_to_stop_ends_what_it_runs(
    command: subprocess.Popen[bytes], runtime: ProcessRuntime, ada: Author, tmp_path: Path
) -> None:
    backend = until_state(wanted(registered(ada)), BackendState.READY)
    assert time.time() - (tmp_path / "plugins" / "looked").stat().st_mtime < 10
    command.terminate()
    assert command.wait(30) == 0
    assert runtime.list_running() == {}
    backend.refresh_from_db()
    assert (backend.state, backend.handle, backend.is_wanted) == (BackendState.STOPPED, "", True)


def test_one_agent_works_at_a_time(agent: Agent, ada: Author, tmp_path: Path, begin: Begin) -> None:
    second = ProcessRuntime(tmp_path / "second", settings.PLEXICA_PLUGIN_USERS)
    begin(second, QUICK)
    backend = until_state(wanted(registered(ada)), BackendState.READY)
    until(backend, lambda row: row.seen_at)
    assert second.list_running() == {}
    assert backend.restarts == 0


@pytest.mark.parametrize("is_closed", [False, True], ids=["", "variables unreadable"])
def test_what_is_nobodys_is_ended(
    runtime: ProcessRuntime,
    ada: Author,
    begin: Begin,
    command: subprocess.Popen[bytes],
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_closed: bool,
) -> None:
    if is_closed:
        # Stands in for a container in which root may not look into others' processes.
        monkeypatch.setattr(process, "variables_of", lambda _pid: {})
    release = registered(ada)
    backend = until_state(wanted(release), BackendState.READY)
    pid = pid_of(backend)
    command.kill()
    command.wait(10)
    # As an agent leaves it that was killed before it had written the handle down.
    Backend.objects.update(handle="", state=BackendState.STARTING)
    begin(runtime, QUICK)
    until(backend, lambda row: row.state == BackendState.READY)
    assert pid_of(backend) != pid
    deadline = time.monotonic() + 10
    while len(runtime.list_running()) > 1:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert list(runtime.list_running()) == [backend.handle]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give OS users")
def test_what_it_starts_is_ended_with_it(agent: Agent, ada: Author) -> None:
    sleeping = "[sys.executable, '-c', 'import time; time.sleep(600)']"
    before = f"import subprocess; subprocess.Popen({sleeping}, start_new_session=True)"
    release = registered(ada, before=before)
    backend = until_state(wanted(release), BackendState.READY)
    user = int(backend.handle.rpartition("-")[2])

    def running() -> list[int]:
        return [
            found.pid for found in list_processes() if found.is_alive and user_of(found.pid) == user
        ]

    assert len(running()) == 2
    # Longer than it takes the agent to look for what is nobody's.
    since = timezone.now() + timedelta(seconds=3 * QUICK.orphans)
    until(backend, lambda row: row.seen_at and row.seen_at > since)
    assert (len(running()), backend.state, backend.crashes) == (2, BackendState.READY, [])
    drop_backend(release=release)
    until(backend, lambda row: not row.runtime)
    assert running() == []


def wait_for_database() -> None:
    """Wait until the pool of this process has found that the server is back."""
    deadline = time.monotonic() + 30
    while True:
        try:
            Backend.objects.exists()
        except OperationalError:
            connection.close()
            assert time.monotonic() < deadline
        else:
            return


def test_the_database_goes_and_comes_back(agent: Agent, ada: Author, servers: Servers) -> None:
    backend = until_state(wanted(registered(ada)), BackendState.READY)
    handle, seen_at = backend.handle, backend.seen_at
    connection.close()
    control.stop_part(servers.instance, "postgres")
    try:
        # Long enough for some looks, and for the questions that a backend is asked.
        until_elapsed = time.monotonic() + 2
        while time.monotonic() < until_elapsed:
            assert ask(backend, "1") == 1
    finally:
        control.start_part(servers.instance, "postgres")
    wait_for_database()
    until(backend, lambda row: row.seen_at and row.seen_at != seen_at)
    assert (backend.state, backend.handle) == (BackendState.READY, handle)


def test_the_log_has_its_bounds(
    agent: Agent, ada: Author, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "MAX_LOG_BYTES", 200_000)
    backend = until_state(wanted(registered(ada)), BackendState.READY)
    ask(
        backend,
        "print('x' * 99 + chr(10) , end='') or [print('y' * 99) for _ in range(5000)] and 1",
    )
    ask(backend, "print('the end' + chr(0), flush=True)")
    until(backend, lambda row: "the end" in row.log_tail)
    assert len(backend.log_tail.encode()) <= 64 * 1024 + 10
    (log,) = (tmp_path / "plugins" / "logs").glob("*.log")
    deadline = time.monotonic() + 10
    while log.stat().st_size > 200_000:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert ask(backend, "print('further', flush=True)") is None
    until(backend, lambda row: row.log_tail.rstrip().endswith("further"))
    assert "the end" in backend.log_tail


def test_a_package_that_cannot_be_installed_is_refused_at_once(agent: Agent, ada: Author) -> None:
    release = registered(ada, files={"hello-0.1.0.data/nowhere/x": "x"})
    backend = until_state(wanted(release), BackendState.REFUSED)
    assert "hello-0.1.0-py3-none-any.whl cannot be installed" in backend.last_error


def test_a_command_that_is_not_there_ends_in_quarantine_which_a_person_ends(
    agent: Agent, ada: Author
) -> None:
    release = registered(ada, command='["nothing"]')
    backend = until_state(wanted(release), BackendState.QUARANTINED)
    assert "nothing" in backend.log_tail
    drop_backend(release=release)
    until(backend, lambda row: not row.runtime)
    assert backend.state == BackendState.QUARANTINED
    wanted(release)
    end_quarantine(backend=backend, actor=SYSTEM)
    until(backend, lambda row: row.state == BackendState.QUARANTINED and row.restarts > 3)


def test_without_root_only_what_an_operator_has_marked_runs(
    ada: Author, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The agent runs as whoever runs the tests; only what it thinks of that is replaced."""
    monkeypatch.setattr(process.os, "geteuid", lambda: 1000)
    runtime = ProcessRuntime(tmp_path / "plugins", settings.PLEXICA_PLUGIN_USERS)
    release = registered(ada)
    with working(Agent([runtime], pace=QUICK)):
        backend = until_state(wanted(release), BackendState.REFUSED)
        assert "manage.py plugin unconfine hello 0.1.0" in backend.last_error
        set_unconfined(release=release, allowed=True, actor=SYSTEM)
        until_state(backend, BackendState.READY)
        set_unconfined(release=release, allowed=False, actor=SYSTEM)
        until_state(backend, BackendState.REFUSED)
        assert runtime.list_running() == {}


def test_told_to_stop_without_the_database_it_ends_what_it_runs_all_the_same(
    runtime: ProcessRuntime, ada: Author, servers: Servers
) -> None:
    with working(Agent([runtime], pace=QUICK)):
        backend = until_state(wanted(registered(ada)), BackendState.READY)
        connection.close()
        control.stop_part(servers.instance, "postgres")
    try:
        assert runtime.list_running() == {}
    finally:
        control.start_part(servers.instance, "postgres")
    # The row still says that it runs; the next agent finds that it does not.
    with working(Agent([runtime], pace=QUICK)):
        handle = backend.handle
        until(backend, lambda row: row.state == BackendState.READY and row.handle != handle)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give OS users")
def test_another_who_answers_at_its_port_is_not_taken_for_it(
    runtime: ProcessRuntime, ada: Author, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Impostor(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"contract": 1, "plugin": "hello", "version": "0.1.0"}')

    with ThreadingHTTPServer(("127.0.0.1", 0), Impostor) as server, threads(1) as submit:
        submit(server.serve_forever)
        monkeypatch.setattr(process, "_free_port", lambda _host: server.server_port)
        release = registered(ada, before="while True: time.sleep(1)")
        try:
            with working(Agent([runtime], pace=replace(QUICK, ready=1.0, crashes=1))):
                backend = until_state(wanted(release), BackendState.QUARANTINED)
        finally:
            server.shutdown()
    assert "Another program has taken its port" in backend.last_error


def test_one_whose_preparation_hangs_keeps_nobody_waiting(
    runtime: ProcessRuntime, ada: Author, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_over = threading.Event()
    prepare = runtime.prepare

    def hang(package: Package) -> None:
        if package.manifest.slug == "slow":
            is_over.wait(60)
        prepare(package)

    monkeypatch.setattr(runtime, "prepare", hang)
    with working(Agent([runtime], pace=QUICK)):
        slow = wanted(registered(ada, slug="slow"))
        until_state(slow, BackendState.STARTING)
        until_state(wanted(registered(ada)), BackendState.READY)
        assert until_state(slow, BackendState.STARTING).handle == ""
        is_over.set()
        until_state(slow, BackendState.READY)


def test_one_that_cannot_be_looked_at_keeps_no_other_from_it(agent: Agent, ada: Author) -> None:
    broken = until_state(wanted(registered(ada, slug="broken")), BackendState.READY)
    # As an SDK that has become stricter would find it.
    Release.objects.filter(pk=broken.release_id).update(manifest={})
    until_state(wanted(registered(ada)), BackendState.READY)


def test_what_ran_before_the_machine_was_started_has_not_crashed(
    runtime: ProcessRuntime, ada: Author, begin: Begin
) -> None:
    backend = wanted(registered(ada))
    # Its number is another's now, and of another time.
    handle = f"{os.getpid()}-1-00000000-0"
    Backend.objects.update(
        state=BackendState.READY, runtime="process", handle=handle, address="127.0.0.1:1"
    )
    begin(runtime, QUICK)
    until(backend, lambda row: row.state == BackendState.READY and row.handle != handle)
    assert backend.crashes == []


def test_it_waits_longer_each_time_unless_a_person_does_not(
    runtime: ProcessRuntime, ada: Author, begin: Begin
) -> None:
    begin(runtime, replace(QUICK, backoff=100.0))
    release = registered(ada, before="sys.exit(1)")
    backend = wanted(release)
    for seconds in (100, 200):
        until_state(backend, BackendState.WAITING)
        assert backend.retry_at
        waits = (backend.retry_at - timezone.now()).total_seconds()
        assert seconds - 30 < waits <= seconds
        restarts = backend.restarts
        restart_backend(backend=backend, actor=SYSTEM)
        until(backend, lambda row, before=restarts: row.restarts > before)
    until_state(backend, BackendState.QUARANTINED)
