"""An agent that works quickly, and leaves nothing that runs."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from django.conf import settings

from plexica.core.context import start_thread
from plugins.agent.loop import Agent
from plugins.agent.pace import Pace
from plugins.runtimes.process import ProcessRuntime

QUICK = Pace(
    look=0.1,
    ready=4.0,
    probe=1.0,
    health=0.3,
    misses=2,
    stop=3.0,
    backoff=0.2,
    notes=0.2,
    orphans=0.3,
)


@pytest.fixture
def runtime(tmp_path: Path) -> ProcessRuntime:
    """The runtime, in a directory of its own."""
    return ProcessRuntime(tmp_path / "plugins", settings.PLEXICA_PLUGIN_USERS)


@contextmanager
def working(agent: Agent) -> Iterator[Agent]:
    """Have an agent work for as long as a block runs; then it ends all that it runs."""
    stopping = threading.Event()
    thread = start_thread(lambda: agent.run(stopping), name="agent")
    try:
        yield agent
    finally:
        stopping.set()
        thread.join(30)
        assert not thread.is_alive()


@pytest.fixture
def agent(runtime: ProcessRuntime) -> Iterator[Agent]:
    """An agent that works."""
    with working(Agent([runtime], pace=QUICK)) as agent:
        yield agent
    assert runtime.list_running() == {}


Begin = Callable[[ProcessRuntime, Pace], Agent]


@pytest.fixture
def begin() -> Iterator[Begin]:
    """Begin further agents."""
    with ExitStack() as stack:
        yield lambda runtime, pace: stack.enter_context(working(Agent([runtime], pace=pace)))
