"""An agent that runs backends in containers of a real Podman."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from plugins.agent.configured import host_targets
from plugins.agent.loop import Agent
from plugins.agent.pace import Pace
from plugins.runtimes.container.runtime import ContainerRuntime
from tests.integration.plugins.agent.conftest import working
from tests.integration.plugins.container.podman import BASE, Podman, running_podman

# Containers start slower than processes do, and share two processors with all else.
PACE = Pace(look=0.2, ready=30.0, health=0.5, misses=2, stop=3.0, backoff=0.2, notes=0.3, orphans=1)


@pytest.fixture(scope="package")
def podman() -> Iterator[Podman]:
    """Podman's service, once for all."""
    with running_podman() as podman:
        yield podman


@pytest.fixture(scope="package")
def place() -> Iterator[Path]:
    """One directory for all tests, so that the foundation is made once; short, for sockets."""
    directory = Path(tempfile.mkdtemp(prefix="plexica-c-"))
    directory.chmod(0o711)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def runtime(podman: Podman, place: Path) -> ContainerRuntime:
    """The runtime."""
    return ContainerRuntime(place, engine_url=podman.url, base=BASE, targets=host_targets())


@pytest.fixture
def agent(runtime: ContainerRuntime) -> Iterator[Agent]:
    """An agent that works."""
    with working(Agent([runtime], pace=PACE)) as agent:
        yield agent
    assert runtime.list_running() == {}
