"""Podman with images, containers and networks of its own, apart from whatever else it runs here."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from deploy.local.instance import CHECKOUT

HOME = CHECKOUT / ".plexica" / "compose"
PROJECT = "plexica-verify"
_ALIVE = Path("/run") / f"plexica-{hashlib.sha256(bytes(HOME)).hexdigest()[:8]}"
PROGRAMS = ("podman", "runc", "catatonit", "debootstrap")
_NETWORK_PROGRAMS = (Path("/usr/lib/podman/netavark"), Path("/usr/lib/podman/aardvark-dns"))
# Hybrid control groups are more than Podman's default runtime understands.
_CONTAINERS = """[containers]
default_ulimits = []
[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
# Where it notes whether the machine was started anew; shared, another Podman would decide.
tmp_dir = "{alive}"
[network]
network_backend = "netavark"
network_config_dir = "{home}/networks"
"""
_STORAGE = """[storage]
driver = "overlay"
graphroot = "{home}/storage"
runroot = "{home}/run"
"""
BUILD_SECONDS = 3000
_SECONDS = 300


class ComposeError(Exception):
    """A command failed, or something is not as it should be."""


def why_not() -> str:
    """Return why this cannot run here, or nothing."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    missing += [str(path) for path in _NETWORK_PROGRAMS if not path.exists()]
    if missing:
        return f"{', '.join(missing)} is not here"
    if os.geteuid() != 0:
        return "it needs root, to make a Debian and networks"
    return ""


def prepare() -> None:
    """Write the configuration that keeps this apart."""
    HOME.mkdir(parents=True, exist_ok=True)
    (HOME / "networks").mkdir(exist_ok=True)
    for name, text in (("containers.conf", _CONTAINERS), ("storage.conf", _STORAGE)):
        (HOME / name).write_text(text.format(home=HOME, alive=_ALIVE), "utf-8")


def environment() -> dict[str, str]:
    """Return the variables that Podman reads."""
    return {
        **os.environ,
        "CONTAINERS_CONF": str(HOME / "containers.conf"),
        "CONTAINERS_STORAGE_CONF": str(HOME / "storage.conf"),
        "PODMAN_IGNORE_CGROUPSV1_WARNING": "1",
    }


def podman(*words: str, data: bytes | None = None, seconds: float = _SECONDS) -> str:
    """Run Podman.

    Args:
        words: The command.
        data: Its standard input.
        seconds: How long it may take.

    Returns:
        What it printed.

    Raises:
        ComposeError: It failed; with the end of what it said.
    """
    return _run(["podman", *words], data=data, seconds=seconds, variables={})


def log_of(name: str, lines: int) -> str:
    """Return the end of a container's log, whichever stream it was written to."""
    done = subprocess.run(  # noqa: S603 (our own words)
        ["podman", "logs", "--tail", str(lines), name],  # noqa: S607 (whichever there is)
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=_SECONDS,
        check=False,
        env=environment(),
    )
    return done.stdout.decode("utf-8", "replace").strip()


def is_successful(*words: str) -> bool:
    """Run Podman, and return whether it succeeded."""
    try:
        podman(*words)
    except ComposeError:
        return False
    return True


def compose(*words: str, variables: dict[str, str], seconds: float = _SECONDS) -> str:
    """Run podman-compose on compose.yaml and compose.override.yaml, with values for their names.

    Raises:
        ComposeError: It failed; with the end of what it said.
    """
    program = CHECKOUT / ".venv" / "bin" / "podman-compose"
    return _run(
        [str(program), "--project-name", PROJECT, "--in-pod", "false", *words],
        data=None,
        seconds=seconds,
        variables=variables,
    )


def container(service: str) -> str:
    """Return the name of a service's container."""
    return f"{PROJECT}_{service}_1"


def _run(words: list[str], *, data: bytes | None, seconds: float, variables: dict[str, str]) -> str:
    try:
        done = subprocess.run(  # noqa: S603 (our own words)
            words,
            input=data,
            stdin=subprocess.DEVNULL if data is None else None,
            capture_output=True,
            timeout=seconds,
            check=False,
            cwd=CHECKOUT,
            env=environment() | variables,
        )
    except subprocess.TimeoutExpired as error:
        raise ComposeError(f"{' '.join(words[:4])} took longer than {seconds:.0f} s.") from error
    if done.returncode != 0:
        said = (done.stdout + done.stderr).decode("utf-8", "replace").strip().splitlines()[-25:]
        raise ComposeError("\n".join([f"{' '.join(words[:6])} failed:", *said]))
    return done.stdout.decode("utf-8", "replace")
