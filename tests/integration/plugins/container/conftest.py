"""An agent that runs backends in containers of real engines."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from plugins.agent.configured import host_targets
from plugins.agent.loop import Agent
from plugins.agent.pace import Pace
from plugins.runtimes.container.places import Places
from plugins.runtimes.container.runtime import ContainerRuntime
from tests.integration.plugins.agent.conftest import working
from tests.integration.plugins.container.engines import BASE, ENGINES, RealEngine, running_engine

# Containers start slower than processes do, and share two processors with all else.
PACE = Pace(look=0.2, ready=30.0, health=0.5, misses=2, stop=3.0, backoff=0.2, notes=0.3, orphans=1)


@pytest.fixture(scope="package", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[RealEngine]:
    """Each engine, once for all tests."""
    with running_engine(request.param) as engine:
        yield engine


@pytest.fixture(scope="package")
def place(engine: RealEngine) -> Iterator[Path]:
    """One directory for all tests, so that the foundation is made once; short, for sockets."""
    directory = Path(tempfile.mkdtemp(prefix="plexica-c-"))
    directory.chmod(0o711)
    yield directory
    for name in engine.images(f"plexica-{Places(directory.resolve()).instance}/"):
        engine.do("rmi", "--force", name)
    shutil.rmtree(directory)


@pytest.fixture
def runtime(engine: RealEngine, place: Path) -> ContainerRuntime:
    """The runtime."""
    return ContainerRuntime(place, engine_url=engine.url, base=BASE, targets=host_targets())


@pytest.fixture
def agent(runtime: ContainerRuntime) -> Iterator[Agent]:
    """An agent that works."""
    with working(Agent([runtime], pace=PACE)) as agent:
        yield agent
    assert runtime.list_running() == {}
