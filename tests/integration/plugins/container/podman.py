"""A real engine for tests: Podman's service on a socket, with a storage of its own."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from deploy.local.instance import CHECKOUT
from plugins.runtimes.container.engine import Engine, EngineAway

# Made once, kept between runs: bootstrapping a Debian takes a minute.
CACHE = CHECKOUT / ".plexica" / "podman"
BASE = "localhost/plexica-test-base:1"
_SUITE = "bookworm"
_MIRROR = "http://deb.debian.org/debian"
_INCLUDED = "python3,python3-venv,ca-certificates"
_MAKING_SECONDS = 600
_START_SECONDS = 20.0
# As some machines need it whose control groups are of both versions.
_CONFIGURATION = """\
[containers]
default_ulimits = []
[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
"""


@dataclass
class Podman:
    """The service, which a test may end and start again."""

    socket: Path
    environment: dict[str, str] = field(repr=False)
    _service: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The socket, as the settings name it."""
        return f"unix://{self.socket}"

    def start(self) -> None:
        """Start the service, and wait until it answers."""
        self._service = subprocess.Popen(  # noqa: S603 (our own words)
            [*self._command, "system", "service", "--time=0", self.url],
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=(CACHE / "service.log").open("wb"),
            start_new_session=True,
        )
        engine, until = Engine(self.url, "none"), time.monotonic() + _START_SECONDS
        while True:
            try:
                engine.list_ours()
            except EngineAway:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)
            else:
                return

    def kill(self) -> None:
        """End the service at once; containers go on, as they do with Podman."""
        assert self._service
        self._service.kill()
        self._service.wait()

    def do(self, *words: str, may_fail: bool = False) -> subprocess.CompletedProcess[str]:
        """Give one of Podman's own commands."""
        done = subprocess.run(  # noqa: S603 (our own words)
            [*self._command, *words],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=_MAKING_SECONDS,
            check=False,
        )
        assert may_fail or done.returncode == 0, done.stderr
        return done

    @property
    def _command(self) -> list[str]:
        return ["podman", "--root", str(CACHE / "storage"), "--runroot", str(CACHE / "run")]


@contextmanager
def running_podman() -> Iterator[Podman]:
    """Have Podman's service run; skip where that cannot be."""
    if missing := [name for name in ("podman", "runc") if shutil.which(name) is None]:
        pytest.skip(f"not run: there is no {' and no '.join(missing)} on this machine")
    if os.geteuid() != 0:
        pytest.skip("not run: only root makes a storage and control groups of its own here")
    CACHE.mkdir(parents=True, exist_ok=True)
    (CACHE / "containers.conf").write_text(_CONFIGURATION, "utf-8")
    variables = os.environ | {"CONTAINERS_CONF": str(CACHE / "containers.conf")}
    with tempfile.TemporaryDirectory(prefix="plexica-podman-") as directory:
        podman = Podman(Path(directory) / "podman.sock", variables)
        _make_base(podman)
        podman.start()
        try:
            yield podman
        finally:
            podman.kill()


def _make_base(podman: Podman) -> None:
    """Make the image that stands for `python:3.11-slim`: Debian with this machine's Python."""
    found = podman.do("image", "exists", BASE, may_fail=True)
    if found.returncode == 0:
        return
    assert found.returncode == 1, found.stderr
    if shutil.which("debootstrap") is None:
        pytest.skip("not run: no base image, and no debootstrap to make one")
    root, packed = CACHE / "root", CACHE / "root.tar"
    command = ["debootstrap", "--variant=minbase", f"--include={_INCLUDED}"]
    for words in (
        [*command, _SUITE, str(root), _mirror()],
        ["tar", "-C", str(root), "-cf", str(packed), "."],
    ):
        subprocess.run(words, check=True, capture_output=True, timeout=_MAKING_SECONDS)  # noqa: S603 (our own words)
    podman.do("import", str(packed), BASE)
    packed.unlink()
    shutil.rmtree(root)


def _mirror() -> str:
    """Return the mirror that this machine has its packages from."""
    found = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    mirrors = [line for line in found.stdout.split() if line.rstrip("/").endswith("debian")]
    return mirrors[0] if mirrors else _MIRROR
