"""Writes what a release is made of: `python -m deploy.sbom DIRECTORY` (CycloneDX 1.6, JSON)."""

import json
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from deploy.local.node import npm_command

CHECKOUT = Path(__file__).resolve().parent.parent
PYTHON, NPM = "plexica-python.cdx.json", "plexica-npm.cdx.json"
_TIMEOUT = 300


def write(directory: Path) -> list[Path]:
    """Write the parts lists of what runs in production, for Python and for browsers.

    Returns:
        The files.

    Raises:
        ValueError: A list is not valid.
    """
    directory.mkdir(parents=True, exist_ok=True)
    tool = Path(sysconfig.get_path("scripts")) / "cyclonedx-py"
    made = {
        PYTHON: _run(
            *(str(tool), "requirements", "requirements/base.txt", "--pyproject", "pyproject.toml"),
            *("--output-reproducible", "--sv", "1.6"),
        ),
        NPM: _run(
            *npm_command(),
            *("sbom", "--sbom-format", "cyclonedx", "--package-lock-only", "--omit", "dev"),
        ),
    }
    for name, text in made.items():
        check(text)
        (directory / name).write_text(text, encoding="utf-8")
    return [directory / name for name in made]


def check(text: str) -> dict[str, Any]:
    """Return a parts list, if it is one and names anything.

    Raises:
        ValueError: It is not valid, or empty.
    """
    found: dict[str, Any] = json.loads(text)
    version = SchemaVersion[f"V{found['specVersion'].replace('.', '_')}"]
    problem = JsonStrictValidator(version).validate_str(text)
    if problem is not None:
        raise ValueError(f"This is no valid parts list: {problem}")
    if not found.get("components"):
        raise ValueError("The parts list names nothing.")
    return found


def _run(*command: str) -> str:
    done = subprocess.run(  # noqa: S603 (pinned tools of our own environment)
        command, cwd=CHECKOUT, capture_output=True, check=True, text=True, timeout=_TIMEOUT
    )
    return done.stdout


if __name__ == "__main__":
    for path in write(Path(sys.argv[1])):
        print(path)
