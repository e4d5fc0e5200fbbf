"""What the workflow that releases the SDK does: its own commands, and the files that they make."""

import re
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.local.instance import CHECKOUT
from deploy.sdk_release import SDK, build, problems_of

WORKFLOW = CHECKOUT / ".github" / "workflows" / "sdk-release.yml"
TAG = "sdk-v0.1.0"


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


def test_the_first_step_says_what_is_missing() -> None:
    """As the workflow gives it."""
    done = subprocess.run(  # noqa: S603 # our own words
        ["make", "release", f"TAG={TAG}"],  # noqa: S607 # as the workflow has it
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    problems = problems_of(SDK, TAG)
    assert (done.returncode == 0) is (problems == [])
    assert all(words in done.stderr for words in problems)


def test_a_release_needs_a_licence_its_tag_and_a_changelog(tmp_path: Path) -> None:
    shutil.copytree(SDK, tmp_path / "sdk", ignore=shutil.ignore_patterns("dist"))
    sdk, project = tmp_path / "sdk", tmp_path / "sdk" / "pyproject.toml"
    bare = re.sub(r"(?m)^license.*\n", "", project.read_text())
    project.write_text(bare)
    assert ["names no licence" in words for words in problems_of(sdk, TAG)] == [True]
    project.write_text(bare.replace("[project]", '[project]\nlicense = "MIT"'))
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
