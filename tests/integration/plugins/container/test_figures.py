"""How long the example takes to run in a container, and what memory it has there."""

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings

from plexica.core.actor import SYSTEM
from plexica_sdk.building import build_package
from plexica_sdk.package import write_package
from plexica_sdk.signing import sign_package
from plexica_sdk.wheel_building import build_wheel
from plugins.agent.loop import Agent
from plugins.backends import restart_backend
from plugins.runtimes.container.runtime import ContainerRuntime
from plugins.services import register_release
from plugins.states import BackendState
from tests.integration.plugins.agent.running import until, wanted
from tests.integration.plugins.container.asking import SECONDS, until_ready
from tests.integration.plugins.container.engines import RealEngine
from tests.integration.plugins.packages import Author

pytestmark = pytest.mark.prove

# The manifest's own limit, and what an install may take of the 30 s to be ready.
MOST_MB = 256
MOST_SECONDS = 30


def test_hello_is_ready_in_time_and_takes_little_memory(
    agent: Agent,
    ada: Author,
    engine: RealEngine,
    runtime: ContainerRuntime,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    project = shutil.copytree(Path(settings.BASE_DIR) / "examples" / "hello", tmp_path / "hello")
    build_wheel(project, tmp_path / "dist", isolated=False)
    package = build_package(project, wheels=list((tmp_path / "dist").iterdir()))
    content = write_package(sign_package(package, ada.private_key))
    release = register_release(content=content, actor=SYSTEM)[0]
    figures: dict[str, float] = {}

    begun = time.monotonic()
    runtime.make_ready()
    figures["the foundation, once a version of the platform"] = time.monotonic() - begun

    begun = time.monotonic()
    backend = until_ready(wanted(release))
    figures["from wanted to running, its image made anew"] = time.monotonic() - begun
    handle, begun = backend.handle, time.monotonic()
    restart_backend(backend=backend, actor=SYSTEM)
    until(backend, lambda row: row.handle != handle and row.state == BackendState.READY, SECONDS)
    figures["from a restart asked for to running"] = time.monotonic() - begun

    key = backend.handle.partition("-")[0]
    for what, name in (("backend", f"plexica-{key}"), ("porter", f"plexica-{key}-porter")):
        said = engine.do("stats", "--no-stream", "--format", "{{.MemUsage}}", name).stdout
        figures[f"memory of its {what}, MB"] = _megabytes(said.split("/")[0])
    record_property(f"{engine.name} {json.dumps(figures)}", 1)
    assert figures["from wanted to running, its image made anew"] < MOST_SECONDS
    assert figures["memory of its backend, MB"] < MOST_MB


def _megabytes(words: str) -> float:
    units = {"GiB": 1074, "MiB": 1.049, "KiB": 0.001, "GB": 1000, "MB": 1, "kB": 0.001, "B": 1e-6}
    words = words.strip()
    unit = next(name for name in units if words.endswith(name))
    return float(words.removesuffix(unit)) * units[unit]
