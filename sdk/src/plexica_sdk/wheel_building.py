"""Making the wheel of a project, with whatever it is built by."""

import os
import subprocess
import sys
from pathlib import Path

from plexica_sdk.errors import PluginError

PROJECT = "pyproject.toml"
_SECONDS = 300
# The first moment that a ZIP can name, by which builders write the same bytes each time.
_EPOCH = "315532800"


def build_wheel(directory: Path, into: Path, *, isolated: bool = True) -> None:
    """Make the wheel of a project, without those that it needs.

    Args:
        directory: The project's.
        into: Where to put the wheel.
        isolated: Whether what it is built by is fetched anew, as its pyproject.toml says;
            otherwise that of this Python is taken.

    Raises:
        PluginError: It cannot be built.
    """
    words = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-input", "--no-deps"]
    words += ["--disable-pip-version-check", "--wheel-dir", str(into)]
    if not isolated:
        words.append("--no-build-isolation")
    try:
        done = subprocess.run(  # noqa: S603 # our own words
            [*words, str(directory.resolve())],
            env={"SOURCE_DATE_EPOCH": _EPOCH, **os.environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise PluginError(f"The wheel was not built in {_SECONDS} seconds.") from error
    if done.returncode:
        words_of_pip = done.stdout.decode("utf-8", "replace").strip()
        raise PluginError(f"The wheel cannot be built:\n{words_of_pip}")
