"""Makes `.venv` from the hash-pinned requirements; runs on the system's Python alone.

It prints nothing when there is nothing to do, and a cut-off run leaves a mark by which the next one
begins anew.
"""

import fcntl
import hashlib
import shutil
import subprocess
import sys
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
VENV = CHECKOUT / ".venv"
REQUIREMENTS = CHECKOUT / "requirements" / "dev.txt"
# The SDK is developed here and installed nowhere: a line in the environment says where it is.
SDK = CHECKOUT / "sdk" / "src"
# As an installation of it would make it.
_COMMAND = """#!{}/bin/python
import sys

from plexica_sdk.cli import main

sys.exit(main())
"""
OLDEST = (3, 11)
_INSTALL_SECONDS = 1800


def main() -> int:
    """Make the environment, or bring it up to date.

    Returns:
        The exit status.
    """
    if sys.version_info < OLDEST:  # this is the file that says so
        sys.stderr.write(
            f"Plexica needs Python 3.11 or newer; this is {_version()}. "
            "Name a newer one: make up PYTHON=python3.11\n"
        )
        return 1
    lock = CHECKOUT / ".plexica" / ".venv.lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("a") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        status = _make()
        if status == 0:
            _point_to_sdk()
        return status


def stamp_text(requirements: bytes) -> str:
    """Return what the finished environment's mark says: its requirements and its Python."""
    return f"{hashlib.sha256(requirements).hexdigest()} {_version()}\n"


def _version() -> str:
    major, minor = sys.version_info[:2]
    return f"{major}.{minor}"


def _make() -> int:
    stamp = VENV / ".plexica-complete"
    wanted = stamp_text(REQUIREMENTS.read_bytes())
    found = stamp.read_text("utf-8") if stamp.exists() else ""
    if found == wanted:
        return 0
    started = time.monotonic()
    print("  Python environment: installing (a minute or two the first time) …", flush=True)  # noqa: T201
    is_ours_and_whole = found.split()[1:] == wanted.split()[1:]
    stamp.unlink(missing_ok=True)
    if not is_ours_and_whole:
        shutil.rmtree(VENV, ignore_errors=True)
        if _run([sys.executable, "-m", "venv", str(VENV)]) != 0:
            sys.stderr.write(
                "The virtual environment cannot be made. On Debian or Ubuntu its part of Python "
                "is a package of its own: apt-get install python3-venv\n"
            )
            return 1
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-input"]
    if (
        _run([*pip, "--disable-pip-version-check", "--require-hashes", "-r", str(REQUIREMENTS)])
        != 0
    ):
        sys.stderr.write("Installing the pinned requirements failed; the lines above say why.\n")
        return 1
    stamp.write_text(wanted, "utf-8")
    print(f"  {time.monotonic() - started:6.1f} s  Python environment installed", flush=True)  # noqa: T201
    return 0


def _point_to_sdk() -> None:
    for packages in VENV.glob("lib/python*/site-packages"):
        _write(packages / "plexica-sdk.pth", f"{SDK}\n")
        command = VENV / "bin" / "plexica-plugin"
        _write(command, _COMMAND.format(VENV))
        command.chmod(0o755)


def _write(path: Path, text: str) -> None:
    if not path.exists() or path.read_text("utf-8") != text:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")


def _run(command: list[str]) -> int:
    return subprocess.run(  # noqa: S603  # our own words
        command, check=False, stdin=subprocess.DEVNULL, timeout=_INSTALL_SECONDS
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
