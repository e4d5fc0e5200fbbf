"""The SDK as somebody installs it, in an environment of their own."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import installer
import pytest

from deploy.sdk_release import SDK, build

# Whoever tries the installed SDK has none of the checkout's variables.
_CHECKOUTS = ("PLEXICA_", "PYTHON", "DJANGO_", "VIRTUAL_ENV")
CLEAN = {name: text for name, text in os.environ.items() if not name.startswith(_CHECKOUTS)}
SLUG = "shopping-list"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Wheel and source distribution, built of a copy as `make sdk` builds them."""
    sdk = tmp_path_factory.mktemp("release") / "sdk"
    shutil.copytree(SDK, sdk, ignore=shutil.ignore_patterns("dist", "__pycache__"))
    return {path.suffix: path for path in build(sdk)}


def run(*words: object, cwd: Path) -> str:
    done = subprocess.run(  # noqa: S603 # our own words
        [str(word) for word in words],
        cwd=cwd,
        env=CLEAN,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_installed_wheel_begins_checks_and_builds_a_plugin(
    files: dict[str, Path], tmp_path: Path
) -> None:
    """What stands in: the platform's own packages for those that an index would bring."""
    environment = tmp_path / "environment"
    venv.EnvBuilder(symlinks=True).create(environment)
    python = environment / "bin" / "python"
    run(
        *(sys.executable, "-m", "pip", "--python", python, "install", "--quiet"),
        *("--no-index", "--no-deps", files[".whl"]),
        cwd=tmp_path,
    )
    packages = next(environment.glob("lib/python*/site-packages"))
    theirs = Path(installer.__file__).parents[1]
    (packages / "others.pth").write_text(f"{theirs}\n")
    where = run(python, "-c", "import plexica_sdk; print(plexica_sdk.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(environment)
    begin_and_build(environment / "bin" / "plexica-plugin", tmp_path, "--no-isolation")


@pytest.mark.prove
@pytest.mark.parametrize("suffix", [".whl", ".gz"])
def test_it_installs_from_an_index_and_a_plugins_own_tests_pass(
    files: dict[str, Path], suffix: str, tmp_path: Path, database_url: str
) -> None:
    environment = tmp_path / "environment"
    venv.EnvBuilder(symlinks=True, with_pip=True).create(environment)
    python = environment / "bin" / "python"
    wanted = f"plexica-sdk[hosting] @ {files[suffix].as_uri()}"
    run(python, "-m", "pip", "install", "--quiet", wanted, "pytest", cwd=tmp_path)
    project = begin_and_build(environment / "bin" / "plexica-plugin", tmp_path)
    said = run(
        *("env", f"PLEXICA_TEST_DATABASE_URL={database_url}", python, "-m", "pytest", "-q"),
        cwd=project,
    )
    assert " passed" in said


def begin_and_build(command: Path, directory: Path, *words: str) -> Path:
    """Begin a plugin by an installed command, check and build it, and return its directory."""
    assert run(command, "--version", cwd=directory).strip() == "plexica-sdk 0.1.0"
    run(command, "new", SLUG, cwd=directory)
    project = directory / SLUG
    assert "the manifest is right" in run(command, "check", cwd=project)
    run(command, "build", *words, cwd=project)
    package = f"{SLUG}-0.1.0.plexica"
    assert "the package is right" in run(command, "check", package, cwd=project)
    return project
