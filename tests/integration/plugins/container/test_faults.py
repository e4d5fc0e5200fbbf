"""What containers, their engine and their agent survive."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from plexica.core.actor import SYSTEM
from plexica.core.context import start_thread
from plugins.agent.configured import host_targets
from plugins.agent.loop import Agent
from plugins.backends import end_quarantine
from plugins.gateway.failures import BackendBroken, BackendDown, BackendTimedOut
from plugins.models import Backend
from plugins.runtimes.container.runtime import ContainerRuntime
from plugins.states import BackendState
from tests.integration.plugins.agent.conftest import working
from tests.integration.plugins.agent.running import registered, until, until_state, wanted
from tests.integration.plugins.container.asking import SECONDS, ask, until_ready
from tests.integration.plugins.container.conftest import PACE
from tests.integration.plugins.container.engines import BASE, RealEngine
from tests.integration.plugins.packages import Author

pytestmark = pytest.mark.prove


def name_of(backend: Backend) -> str:
    return f"plexica-{backend.handle.partition('-')[0]}"


def test_one_that_is_killed_thrice_ends_in_quarantine_and_another_goes_on(
    agent: Agent, ada: Author, engine: RealEngine
) -> None:
    well = until_ready(wanted(registered(ada, slug="well")))
    backend = until_ready(wanted(registered(ada)))
    for crash in (1, 2, 3):
        engine.do("kill", name_of(backend))
        until(backend, lambda row, crash=crash: len(row.crashes) == crash, SECONDS)  # type: ignore[misc]
        if crash < 3:
            until_ready(backend)
    assert backend.state == BackendState.QUARANTINED
    assert "It was ended by SIGKILL" in backend.last_error
    assert backend.log_tail.count("listening") == 3
    well.refresh_from_db()
    assert (well.state, well.crashes) == (BackendState.READY, [])
    end_quarantine(backend=backend, actor=SYSTEM)
    until_ready(backend)


def test_one_whose_porter_is_killed_is_started_again(
    agent: Agent, ada: Author, engine: RealEngine
) -> None:
    backend = until_ready(wanted(registered(ada)))
    handle = backend.handle
    engine.do("kill", f"{name_of(backend)}-porter")
    until(backend, lambda row: row.state == BackendState.READY and row.handle != handle, SECONDS)
    assert len(backend.crashes) == 1


def test_one_that_eats_memory_is_ended_and_says_why(agent: Agent, ada: Author) -> None:
    well = until_ready(wanted(registered(ada, slug="well")))
    backend = until_ready(wanted(registered(ada)))
    handle = backend.handle
    with pytest.raises((BackendBroken, BackendDown, BackendTimedOut)):
        ask(backend, "[eat(8 * n) and state.setdefault(n, state['eaten']) for n in range(40)]")
    until(backend, lambda row: row.handle != handle and row.last_error, SECONDS)
    assert "more memory than it may have" in backend.last_error
    until_ready(backend)
    well.refresh_from_db()
    assert (well.state, well.crashes) == (BackendState.READY, [])


def test_one_that_forks_without_end_gets_no_further_than_it_may(agent: Agent, ada: Author) -> None:
    well = until_ready(wanted(registered(ada, slug="well")))
    backend = until_ready(wanted(registered(ada, memory_mb=512)))
    assert ask(backend, "fork(1000)") < 128
    assert ask(well, "1 + 1") == 2
    well.refresh_from_db()
    assert (well.state, well.crashes) == (BackendState.READY, [])


def test_one_that_never_gets_ready_ends_in_quarantine(
    runtime: ContainerRuntime, ada: Author
) -> None:
    release = registered(ada, before="while True: time.sleep(1)")
    with working(Agent([runtime], pace=replace(PACE, ready=3.0))):
        backend = until_state(wanted(release), BackendState.QUARANTINED, SECONDS)
        assert "not ready within 3 s" in backend.last_error
        assert runtime.list_running() == {}


@pytest.fixture
def _engine_is_back(engine: RealEngine) -> Iterator[None]:
    yield
    engine.kill()
    engine.start()


@pytest.mark.usefixtures("_engine_is_back")
def test_an_engine_that_is_away_is_no_crash_and_what_waited_goes_on(
    agent: Agent, ada: Author, engine: RealEngine
) -> None:
    backend = until_ready(wanted(registered(ada)))
    handle = backend.handle
    engine.kill()
    until(backend, lambda row: "cannot be reached" in row.last_error, SECONDS)
    assert backend.state == BackendState.READY
    assert ask(backend, "1 + 1") == 2, "Its containers go on without it."
    other = wanted(registered(ada, slug="other"))
    until(other, lambda row: "cannot be reached" in row.last_error, SECONDS)
    assert other.state in {BackendState.WAITING, BackendState.STARTING}

    engine.start()
    until_ready(other)
    until(backend, lambda row: row.state == BackendState.READY and not row.last_error, SECONDS)
    # Docker ends what has outlived its daemon when that comes back.
    assert engine.name == "docker" or backend.handle == handle
    assert backend.crashes == []
    other.refresh_from_db()
    assert other.crashes == []


@pytest.mark.usefixtures("_engine_is_back")
def test_what_has_ended_with_its_engine_is_started_again_without_counting(
    agent: Agent, ada: Author, engine: RealEngine
) -> None:
    backend = until_ready(wanted(registered(ada)))
    handle = backend.handle
    engine.kill()
    until(backend, lambda row: "cannot be reached" in row.last_error, SECONDS)
    engine.do("kill", name_of(backend))
    engine.start()
    until(backend, lambda row: row.handle != handle and row.state == BackendState.READY, SECONDS)
    assert backend.crashes == []


def test_what_runs_outlives_its_agent_and_is_adopted(
    engine: RealEngine, place: Path, ada: Author
) -> None:
    def runtime() -> ContainerRuntime:
        return ContainerRuntime(place, engine_url=engine.url, base=BASE, targets=host_targets())

    first, stopping = _Crashing([runtime()], pace=PACE), threading.Event()
    thread = start_thread(lambda: first.run(stopping), name="agent")
    backend = until_ready(wanted(registered(ada)))
    stray = until_ready(wanted(registered(ada, slug="stray")))
    handle = backend.handle
    stopping.set()
    thread.join(30)
    # Whatever else has happened meanwhile: one is in no row any more.
    Backend.objects.filter(pk=stray.pk).delete()
    assert ask(backend, "1 + 1") == 2, "It goes on without an agent."
    with working(Agent([runtime()], pace=PACE)):
        assert engine.do("ps", "--quiet").stdout.count("\n") == 4
        deadline = time.monotonic() + SECONDS
        while engine.do("ps", "--quiet").stdout.count("\n") != 2:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        backend.refresh_from_db()
        assert (backend.handle, backend.state) == (handle, BackendState.READY)
        assert backend.crashes == []
    assert engine.do("ps", "--all", "--quiet").stdout == ""


class _Crashing(Agent):
    """An agent that ends without ending what it runs, as one that is killed does."""

    def _end_all(self) -> None:
        self._pool.shutdown()
        self._lock.lose()
