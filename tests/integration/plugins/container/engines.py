"""Real engines for tests: Podman's service and Docker's daemon, each with a storage of its own."""

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.local.instance import CHECKOUT
from plugins.runtimes.container.engine import Engine, EngineAway

# Kept between runs: bootstrapping a Debian takes a minute or two.
CACHE = CHECKOUT / ".plexica" / "engines"
BASE = "localhost/plexica-test-base:1"
_ROOT = CACHE / "base.tar"
_SUITE = "bookworm"
_INCLUDED = "python3,python3-venv,ca-certificates"
_MAKING_SECONDS = 600
_START_SECONDS = 60.0
# As some machines need it whose control groups are of both versions; and apart from every other
# Podman, which would take what runs here for something from before a start of the machine.
_ALIVE = Path("/run") / f"plexica-{hashlib.sha256(os.fsencode(CACHE)).hexdigest()[:8]}"
_PODMAN = """\
[containers]
default_ulimits = []
[engine]
cgroup_manager = "cgroupfs"
tmp_dir = "{alive}"
runtime = "runc"
"""
# No bridge, no rule of a firewall: what the tests show holds without either.
_DOCKER = ("--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false",
           "--ip-masq=false", "--userland-proxy=false")  # fmt: skip


class RealEngine(ABC):
    """An engine that a test may end and start again."""

    name: str
    needs: tuple[str, ...]

    def __init__(self, directory: Path) -> None:
        """Say where its socket shall be."""
        self.directory = directory
        self.url = f"unix://{directory / 'socket'}"
        self.registry_port = _free_port()
        self.environment = dict(os.environ)
        self._service: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def client(self) -> list[str]:
        """The words that its own commands begin with."""

    @property
    @abstractmethod
    def service(self) -> list[str]:
        """The words that its service is started with."""

    def start(self) -> None:
        """Start the service, and wait until it answers."""
        self._service = subprocess.Popen(  # noqa: S603 (our own words)
            self.service,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=(CACHE / f"{self.name}.log").open("ab"),
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
        """End the service at once; what runs in containers goes on."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End the service in order."""
        self._end(signal.SIGTERM)

    def do(self, *words: str, may_fail: bool = False) -> subprocess.CompletedProcess[str]:
        """Give one of its own commands."""
        done = subprocess.run(  # noqa: S603 (our own words)
            [*self.client, *words],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=_MAKING_SECONDS,
            check=False,
        )
        assert may_fail or done.returncode == 0, done.stderr
        return done

    def images(self, part: str) -> list[str]:
        """Return the names of images that have a part in them."""
        said = self.do("images", "--format", "{{.Repository}}:{{.Tag}}").stdout
        return [name for name in said.split() if part in name]

    def have_base(self) -> None:
        """Have the image that stands for `python:3.11-slim`: Debian with its Python."""
        if not self.do("images", "--quiet", BASE).stdout:
            self.do("import", str(_base()), BASE)

    def _end(self, number: signal.Signals) -> None:
        if self._service is not None:
            self._service.send_signal(number)
            self._service.wait()


class Podman(RealEngine):
    """Podman, as root."""

    name = "podman"
    needs = ("podman", "runc")

    def __init__(self, directory: Path) -> None:
        """Configure it."""
        super().__init__(directory)
        (directory / "containers.conf").write_text(_PODMAN.format(alive=_ALIVE), "utf-8")
        (directory / "registries.conf").write_text(
            f'[[registry]]\nlocation = "127.0.0.1:{self.registry_port}"\ninsecure = true\n', "utf-8"
        )
        self.environment |= {
            "CONTAINERS_CONF": str(directory / "containers.conf"),
            "CONTAINERS_REGISTRIES_CONF": str(directory / "registries.conf"),
        }

    @property
    def client(self) -> list[str]:
        """It needs no service for its own commands."""
        return ["podman", "--root", str(CACHE / "podman"), "--runroot", str(CACHE / "podman-run")]

    @property
    def service(self) -> list[str]:
        """Its service speaks Docker's API."""
        return [*self.client, "system", "service", "--time=0", self.url]


class Docker(RealEngine):
    """Docker, without any network of its own."""

    name = "docker"
    needs = ("dockerd", "docker", "runc")

    @property
    def client(self) -> list[str]:
        """Its commands go to the service."""
        return ["docker", "--host", self.url]

    @property
    def service(self) -> list[str]:
        """The daemon."""
        places = ("--data-root", str(CACHE / "docker"), "--exec-root", str(self.directory / "exec"))
        return ["dockerd", *places, "--pidfile", str(self.directory / "pid"), "--host", self.url,
                *_DOCKER]  # fmt: skip


ENGINES: dict[str, Callable[[Path], RealEngine]] = {"podman": Podman, "docker": Docker}


@contextmanager
def running_engine(name: str) -> Iterator[RealEngine]:
    """Have an engine run; skip where that cannot be."""
    with tempfile.TemporaryDirectory(prefix="plexica-e-") as directory:
        engine = ENGINES[name](Path(directory))
        if missing := [each for each in engine.needs if shutil.which(each) is None]:
            pytest.skip(f"not run: there is no {' and no '.join(missing)} on this machine")
        if os.geteuid() != 0:
            pytest.skip("not run: only root starts an engine with a storage of its own")
        CACHE.mkdir(parents=True, exist_ok=True)
        engine.start()
        try:
            engine.have_base()
            yield engine
        finally:
            engine.stop()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def _base() -> Path:
    if _ROOT.exists():
        return _ROOT
    if shutil.which("debootstrap") is None:
        pytest.skip("not run: no base image, and no debootstrap to make one")
    root, packed = CACHE / "root", CACHE / "root.tar"
    command = ["debootstrap", "--variant=minbase", f"--include={_INCLUDED}"]
    for words in (
        [*command, _SUITE, str(root), _mirror()],
        ["tar", "-C", str(root), "-cf", str(packed), "."],
    ):
        subprocess.run(words, check=True, capture_output=True, timeout=_MAKING_SECONDS)  # noqa: S603 (our own words)
    shutil.rmtree(root)
    return packed.rename(_ROOT)


def _mirror() -> str:
    """Return the mirror that this machine has its packages from; without one nothing is made."""
    found = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    mirrors = [line for line in found.stdout.split() if line.rstrip("/").endswith("debian")]
    if not mirrors:
        pytest.skip("not run: no base image, and apt knows no mirror of Debian to make one from")
    return mirrors[0]
