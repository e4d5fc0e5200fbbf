"""Releasing the SDK: whether it may be, and what is published (docs/plugins/releasing.md)."""

import argparse
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

SDK = Path(__file__).resolve().parents[1] / "sdk"
DIST = "dist"
TAG_PREFIX = "sdk-v"
_SECONDS = 300


def problems_of(sdk: Path, tag: str) -> list[str]:
    """Return why the SDK must not be released under a tag; nothing if it may be.

    Args:
        sdk: The directory of the distribution.
        tag: The tag, such as `sdk-v0.1.0`.
    """
    project = tomllib.loads((sdk / "pyproject.toml").read_text("utf-8"))["project"]
    version = project["version"]
    found = []
    if "license" not in project:
        found.append(
            "sdk/pyproject.toml names no licence. Its owner has to choose one before anything is"
            " released: docs/plugins/releasing.md says what to write."
        )
    if tag != f"{TAG_PREFIX}{version}":
        found.append(
            f"The tag is {tag or 'missing'}, and the version asks for {TAG_PREFIX}{version}."
        )
    if f'__version__ = "{version}"' not in (sdk / "src/plexica_sdk/__init__.py").read_text("utf-8"):
        found.append("plexica_sdk.__version__ is another version than that of sdk/pyproject.toml.")
    if f"\n## {version}\n" not in (sdk / "CHANGELOG.md").read_text("utf-8"):
        found.append(f"sdk/CHANGELOG.md has no section {version}.")
    return found


def build(sdk: Path) -> list[Path]:
    """Build wheel and source distribution anew, and check what an index would show of them.

    Args:
        sdk: The directory of the distribution.

    Returns:
        The files.

    Raises:
        CalledProcessError: They cannot be built, or are not as they should be.
    """
    shutil.rmtree(sdk / DIST, ignore_errors=True)
    _run("hatchling", "build", "-d", DIST, directory=sdk)
    files = sorted((sdk / DIST).iterdir())
    _run("twine", "check", "--strict", *map(str, files), directory=sdk)
    return files


def _run(module: str, *words: str, directory: Path) -> None:
    subprocess.run(  # noqa: S603 # our own words
        [sys.executable, "-m", module, *words], cwd=directory, check=True, timeout=_SECONDS
    )


def main() -> int:
    """Do what the command line says.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(prog="python -m deploy.sdk_release", description=__doc__)
    parser.add_argument("what", choices=("check", "build"))
    parser.add_argument("tag", nargs="?", default="")
    options = parser.parse_args()
    if options.what == "build":
        try:
            build(SDK)
        except subprocess.CalledProcessError:
            return 1
        return 0
    problems = problems_of(SDK, options.tag)
    sys.stderr.writelines(f"{problem}\n" for problem in problems)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
