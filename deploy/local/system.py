"""What only the operating system can give: installed when we may, named otherwise."""

import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from deploy.local.errors import LocalPlatformError
from deploy.local.files import locked

_APT_TIMEOUT_SECONDS = 900
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_APT_LOCK = Path("/tmp/plexica-apt.lock")  # noqa: S108  # only an advisory lock, for root alone


def require_program(*, programs: tuple[str, ...], package: str) -> Path:
    """Find a program of the system, installing its Debian package if we are root.

    Args:
        programs: The names it may have on the path, the usual one first.
        package: The Debian package that brings it.

    Returns:
        The program's path.

    Raises:
        LocalPlatformError: It is not there and cannot be installed; names the command.
    """
    found = _find(programs)
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        _apt_install(package)
        found = _find(programs)
    if found is None:
        prefix = "" if os.geteuid() == 0 else "sudo "
        raise LocalPlatformError(
            f"The program {programs[0]} is missing. Install it, on Debian or Ubuntu with: "
            f"{prefix}apt-get install {package}"
        )
    return found


def require_browser() -> Path:
    """Find the browser that the end-to-end tests drive, as `require_program` does."""
    return require_program(programs=_BROWSERS, package="chromium")


def require_curl() -> Path:
    """Find what the examples that pages give to copy are tried with, as `require_program` does."""
    return require_program(programs=("curl",), package="curl")


def package_file(package: str, *parts: str) -> Path:
    """Return a file inside an installed package: programs that come as wheels.

    Raises:
        LocalPlatformError: The package or the file is not there.
    """
    spec = find_spec(package)
    for place in (spec and spec.submodule_search_locations) or ():
        path = Path(place, *parts)
        if path.exists():
            return path
    raise LocalPlatformError(
        f"The package {package} is not installed whole; remove .venv and run make up again."
    )


def run(
    command: list[str | Path],
    *,
    timeout: float,
    environment: dict[str, str] | None = None,
    directory: Path | None = None,
    doing: str,
) -> str:
    """Run a command to its end.

    Args:
        command: The command line; printed nowhere, since it may hold a path that means nothing.
        timeout: Seconds after which it is ended.
        environment: Variables on top of our own.
        directory: Where to run it.
        doing: What it does, in words, for the message of a failure.

    Returns:
        What it printed.

    Raises:
        LocalPlatformError: It failed or took too long; with the last lines that it printed.
    """
    try:
        done = subprocess.run(  # noqa: S603  # commands are the launcher's own
            [str(word) for word in command],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout,
            env=os.environ | (environment or {}),
            cwd=directory,
        )
    except subprocess.TimeoutExpired as error:
        raise LocalPlatformError(f"{doing} took longer than {timeout:.0f} s.") from error
    if done.returncode != 0:
        lines = "\n".join(f"    {line}" for line in done.stdout.strip().splitlines()[-15:])
        raise LocalPlatformError(f"{doing} failed (exit {done.returncode}):\n{lines}")
    return done.stdout


def _find(programs: tuple[str, ...]) -> Path | None:
    paths = (shutil.which(program) for program in programs)
    return next((Path(path) for path in paths if path), None)


def _apt_install(package: str) -> None:
    environment = {"DEBIAN_FRONTEND": "noninteractive"}
    with locked(_APT_LOCK):
        run(
            ["apt-get", "update", "-q"],
            timeout=_APT_TIMEOUT_SECONDS,
            environment=environment,
            doing="apt-get update",
        )
        run(
            ["apt-get", "install", "-yq", "--no-install-recommends", package],
            timeout=_APT_TIMEOUT_SECONDS,
            environment=environment,
            doing=f"apt-get install {package}",
        )
