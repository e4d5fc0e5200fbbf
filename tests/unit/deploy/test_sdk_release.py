"""What the workflow that releases the SDK does: its own commands, and the files that they make."""

import os
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.local.instance import CHECKOUT
from deploy.sdk_release import SDK, build, problems_of

WORKFLOW = CHECKOUT / ".github" / "workflows" / "sdk-release.yml"
TAG = "sdk-v0.1.0"
# Whoever tries the installed SDK has none of the checkout's variables.
CLEAN = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LANG": "C.UTF-8"}
SLUG = "shopping-list"


@pytest.fixture(scope="module")
def jobs() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(WORKFLOW.read_text("utf-8"))["jobs"]
    return found


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


def test_the_workflow_checks_builds_and_publishes_without_a_token(jobs: dict[str, Any]) -> None:
    commands = [step["run"] for step in jobs["build"]["steps"] if "run" in step]
    assert commands == ['make release TAG="$GITHUB_REF_NAME"', "make sdk"]
    targets = (CHECKOUT / "Makefile").read_text("utf-8")
    assert "python -m deploy.sdk_release check $(TAG)\n" in targets
    assert "python -m deploy.sdk_release build\n" in targets
    publish = jobs["publish"]
    assert publish["needs"] == "build"
    assert publish["permissions"] == {"id-token": "write"}
    assert [step["uses"].partition("@")[0] for step in publish["steps"]] == [
        "actions/download-artifact",
        "pypa/gh-action-pypi-publish",
    ]
    assert "secrets." not in WORKFLOW.read_text("utf-8")


def test_without_a_licence_nothing_is_released() -> None:
    """The first step, as the workflow gives it."""
    done = subprocess.run(  # noqa: S603 # our own words
        ["make", "release", f"TAG={TAG}"],  # noqa: S607 # as the workflow has it
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert "names no licence" in done.stderr
    assert "releasing.md" in done.stderr


def test_a_release_needs_a_licence_its_tag_and_a_changelog(tmp_path: Path) -> None:
    shutil.copytree(SDK, tmp_path / "sdk", ignore=shutil.ignore_patterns("dist"))
    sdk, project = tmp_path / "sdk", tmp_path / "sdk" / "pyproject.toml"
    project.write_text(project.read_text().replace("[project]", '[project]\nlicense = "MIT"'))
    assert problems_of(sdk, TAG) == []
    assert "asks for sdk-v0.1.0" in problems_of(sdk, "sdk-v0.1.1")[0]
    project.write_text(project.read_text().replace('"0.1.0"', '"0.2.0"'))
    found = problems_of(sdk, "sdk-v0.2.0")
    assert [words.partition(" ")[0] for words in found] == [
        "plexica_sdk.__version__",
        "sdk/CHANGELOG.md",
    ]


def test_both_files_hold_what_they_should(files: dict[str, Path]) -> None:
    with zipfile.ZipFile(files[".whl"]) as wheel:
        names = set(wheel.namelist())
    for name in (
        "py.typed",
        "manifest.schema.json",
        "templates/.gitignore.tmpl",
        "hosting/locale/it/LC_MESSAGES/django.mo",
    ):
        assert f"plexica_sdk/{name}" in names
    assert {name.partition("/")[0] for name in names} == {
        "plexica_sdk",
        "plexica_sdk-0.1.0.dist-info",
    }
    with tarfile.open(files[".gz"]) as source:
        held = {name.partition("/")[2] for name in source.getnames()}
    assert {"README.md", "CHANGELOG.md", "pyproject.toml", "tests/test_cli.py"} <= held


def test_the_installed_wheel_begins_checks_and_builds_a_plugin(
    files: dict[str, Path], tmp_path: Path
) -> None:
    """What stands in: this environment's packages for those that an index would bring."""
    environment = tmp_path / "environment"
    venv.EnvBuilder(symlinks=True).create(environment)
    python = environment / "bin" / "python"
    run(
        *(sys.executable, "-m", "pip", "--python", python, "install", "--quiet"),
        *("--no-index", "--no-deps", files[".whl"]),
        cwd=tmp_path,
    )
    packages = next(environment.glob("lib/python*/site-packages"))
    theirs = Path(yaml.__file__).parents[1]
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
