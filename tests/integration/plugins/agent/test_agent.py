"""Backends that run: started, watched, started again, ended."""

import os
import signal
from pathlib import Path

import pytest

from plexica.core.actor import SYSTEM
from plugins.agent.loop import Agent
from plugins.backends import drop_backend, endpoint_of, restart_backend, wait_until_ready
from plugins.runtimes.process import ProcessRuntime
from plugins.states import BackendState
from tests.integration.plugins.agent.running import (
    ask,
    registered,
    until,
    until_state,
    wanted,
)
from tests.integration.plugins.packages import Author


def test_it_starts_and_is_reached(agent: Agent, ada: Author) -> None:
    release = registered(ada)
    backend = wanted(release)
    wait_until_ready(release=release, seconds=30)
    backend.refresh_from_db()
    found = endpoint_of(release.pk)
    assert found
    assert found.address == backend.address
    facts = ask(backend, "facts()")
    assert facts["variables"]["PLEXICA_SECRET"] == found.secret
    assert len(found.key) == 32
    assert facts["variables"]["PLEXICA_BACKEND"] == str(backend.pk)
    until(backend, lambda row: "listening" in row.log_tail and row.seen_at)


def test_it_sees_nothing_of_the_host(
    agent: Agent, ada: Author, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PLEXICA_INSTANCE", "/mark")
    assert "DATABASE_URL" in os.environ
    backend = until_state(wanted(registered(ada)), BackendState.READY)
    facts = ask(backend, "facts()")
    assert sorted(facts["variables"].keys() - {"LC_CTYPE"}) == [
        "HOME",
        "LANG",
        "PATH",
        "PLEXICA_BACKEND",
        "PLEXICA_DIGEST",
        "PLEXICA_HOST_URL",
        "PLEXICA_INSTANCE",
        "PLEXICA_LISTEN",
        "PLEXICA_PLUGIN",
        "PLEXICA_SECRET",
        "PLEXICA_VERSION",
        "TMPDIR",
        "TZ",
    ]
    assert facts["directory"] == facts["variables"]["HOME"]
    assert ask(backend, "__import__('plexica_sdk').__name__") == "plexica_sdk"
    assert ask(backend, "__import__('importlib.util').util.find_spec('tenants')") is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give OS users")
def test_each_has_an_os_user_of_its_own_and_reads_nobody_elses(
    agent: Agent, ada: Author, tmp_path: Path
) -> None:
    first = until_state(wanted(registered(ada)), BackendState.READY)
    second = until_state(wanted(registered(ada, slug="other")), BackendState.READY)
    facts, others = ask(first, "facts()"), ask(second, "facts()")
    assert len({0, facts["user"], others["user"]}) == 3
    assert facts["groups"] == []
    for backend, other, foreign in ((first, second, others), (second, first, facts)):
        for path in (
            foreign["directory"],
            f"{foreign['directory']}/anything",
            next(path for path in foreign["path"] if "environments" in path),
            f"/proc/{other.handle.partition('-')[0]}/environ",
            tmp_path / "plugins" / "logs",
        ):
            assert ask(backend, f"os.access({str(path)!r}, os.R_OK)") is False, path
            assert ask(backend, f"os.access({str(path)!r}, os.W_OK)") is False, path
        own = next(path for path in ask(backend, "sys.path") if "environments" in path)
        assert ask(backend, f"os.access({own!r}, os.R_OK)") is True
        assert ask(backend, f"os.access({own!r}, os.W_OK)") is False
        assert ask(backend, "os.access(os.getcwd(), os.W_OK)") is True
    status = dict(
        line.split(":\t", 1)
        for line in ask(first, "open('/proc/self/status').read()").splitlines()
        if ":\t" in line
    )
    assert (status["NoNewPrivs"], int(status["CapEff"], 16)) == ("1", 0)
    with pytest.raises(OSError, match=r"closed connection|Remote end"):
        ask(first, "os.setuid(0)")


def test_more_memory_than_it_may_have_is_refused_to_it(agent: Agent, ada: Author) -> None:
    backend = until_state(wanted(registered(ada)), BackendState.READY)
    assert ask(backend, "eat(32)") == "eaten"
    assert ask(backend, "eat(400)") == "too much"


def test_one_that_is_killed_is_started_again(agent: Agent, ada: Author) -> None:
    backend = until_state(wanted(registered(ada)), BackendState.READY)
    handle, ciphertext = backend.handle, backend.ciphertext
    os.kill(int(handle.partition("-")[0]), signal.SIGKILL)
    until(backend, lambda row: row.state == BackendState.READY and row.handle != handle)
    assert backend.ciphertext != ciphertext
    assert (len(backend.crashes), backend.restarts) == (1, 1)


def test_one_that_answers_no_more_is_started_again(agent: Agent, ada: Author) -> None:
    backend = until_state(wanted(registered(ada)), BackendState.READY)
    handle = backend.handle
    ask(backend, "state.update(hangs=True)")
    until(backend, lambda row: row.state == BackendState.READY and row.handle != handle)
    assert len(backend.crashes) == 1


def test_one_that_dies_at_start_ends_in_quarantine(agent: Agent, ada: Author) -> None:
    well = until_state(wanted(registered(ada, slug="well")), BackendState.READY)
    release = registered(ada, before="print('I fall'); sys.exit(7)")
    backend = until_state(wanted(release), BackendState.QUARANTINED)
    assert backend.last_error == "It ended by itself with exit code 7."
    assert len(backend.crashes) == 3
    assert backend.log_tail.count("I fall") == 3
    assert backend.handle == ""
    well.refresh_from_db()
    assert (well.state, well.crashes) == (BackendState.READY, [])


def test_one_that_hangs_at_start_ends_in_quarantine(
    agent: Agent, ada: Author, runtime: ProcessRuntime
) -> None:
    release = registered(ada, before="while True: time.sleep(1)")
    backend = until_state(wanted(release), BackendState.QUARANTINED)
    assert "not ready within 4 s" in backend.last_error
    assert runtime.list_running() == {}


@pytest.mark.parametrize(
    ("before", "words"),
    [
        ("said['contract'] = 2", "that its contract is 1"),
        ("said['version'] = '9.9.9'", "that its version is 0.1.0"),
        ("said = ['hello']", "that its contract is 1"),
    ],
)
def test_one_that_says_that_it_is_another_is_refused(
    agent: Agent, ada: Author, runtime: ProcessRuntime, before: str, words: str
) -> None:
    backend = until_state(wanted(registered(ada, before=before)), BackendState.REFUSED)
    assert words in backend.last_error
    assert runtime.list_running() == {}


def test_a_person_can_have_it_started_again(agent: Agent, ada: Author) -> None:
    backend = until_state(wanted(registered(ada)), BackendState.READY)
    handle = backend.handle
    restart_backend(backend=backend, actor=SYSTEM)
    until(backend, lambda row: row.state == BackendState.READY and row.handle != handle)
    assert (backend.crashes, backend.restarts) == ([], 1)


def test_one_that_nobody_needs_is_ended_and_leaves_nothing(
    agent: Agent, ada: Author, runtime: ProcessRuntime, tmp_path: Path
) -> None:
    release = registered(
        ada, before="import signal; signal.signal(signal.SIGTERM, lambda *_: None)"
    )
    backend = until_state(wanted(release), BackendState.READY)
    drop_backend(release=release)
    until(backend, lambda row: row.state == BackendState.STOPPED and not row.runtime)
    assert runtime.list_running() == {}
    assert list((tmp_path / "plugins" / "environments").iterdir()) == []
    assert list((tmp_path / "plugins" / "homes").iterdir()) == []


def test_an_image_is_nothing_for_processes(agent: Agent, ada: Author) -> None:
    release = registered(ada, image=f"registry.example/hello@sha256:{'0' * 64}")
    backend = until_state(wanted(release), BackendState.REFUSED)
    assert "PLEXICA_PLUGIN_RUNTIME=container" in backend.last_error
