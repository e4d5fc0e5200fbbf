"""The command, as its users call it."""

import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from conftest import MANIFEST

from plexica_sdk import reference
from plexica_sdk.cli import main
from plexica_sdk.package import read_package

SDK = Path(__file__).resolve().parents[1]


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main([str(word) for word in words])
    out, err = capsys.readouterr()
    return code, out, err


def test_from_a_project_to_a_signed_package(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = project.parent / "author.pem"
    assert run(capsys, "check", project)[:2] == (0, "hello 0.1.0: the manifest is right.\n")
    assert run(capsys, "keygen", key)[0] == 0
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert run(capsys, "build", project)[0] == 0
    package = project / "hello-0.1.0.plexica"
    code, out, _err = run(capsys, "check", package)
    assert code == 0
    assert "signed by nobody" in out
    assert run(capsys, "check", package, "--key", key.with_suffix(".pub"))[0] == 1
    assert run(capsys, "sign", package, "--key", key)[0] == 0
    code, out, _err = run(capsys, "check", package, "--key", key.with_suffix(".pub"))
    assert code == 0
    assert f"digest {read_package(package.read_bytes()).digest}" in out
    assert "(checked)" in out
    assert [path.name for path in project.iterdir() if path.name.startswith(".")] == []


def test_mistakes_are_named_with_line_and_field(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = project / "plexica-plugin.toml"
    manifest.write_text(MANIFEST.replace('"POST"', '"post"'))
    code, out, err = run(capsys, "check", project)
    assert (code, out) == (1, "")
    assert err.startswith("plexica-plugin.toml:38: routes[1].method: This has to be")
    assert run(capsys, "build", project)[0] == 1
    assert not list(project.glob("*.plexica"))


def test_what_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (
        ("check", tmp_path),
        ("check", tmp_path / "no.plexica"),
        ("build", tmp_path),
        ("sign", tmp_path / "no.plexica", "--key", tmp_path / "no.pem"),
        ("keygen", tmp_path / "no" / "author.pem"),
        ("keygen", tmp_path / "author.pub"),
    ):
        code, out, err = run(capsys, *words)
        assert (code, out) == (1, ""), words
        assert err
        assert "Traceback" not in err


def test_no_key_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = tmp_path / "author.pem"
    assert run(capsys, "keygen", key)[0] == 0
    before = key.read_bytes()
    assert run(capsys, "keygen", key)[0] == 1
    key.with_suffix(".pub").unlink()
    assert run(capsys, "keygen", key)[0] == 1
    assert key.read_bytes() == before


def test_links_are_not_followed(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "static" / "secret.txt").symlink_to("/etc/passwd")
    code, _out, err = run(capsys, "build", project)
    assert code == 1
    assert "no ordinary file" in err
    (project / "static" / "secret.txt").unlink()
    (project / "static" / "etc").symlink_to("/etc")
    assert run(capsys, "build", project)[0] == 1


def test_without_a_wheel_it_says_how_to_build_one(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = next((project / "dist").iterdir())
    elsewhere = wheel.rename(project / wheel.name)
    code, _out, err = run(capsys, "build", project)
    assert code == 1
    assert "pip wheel" in err
    assert run(capsys, "build", project, "--wheel", elsewhere)[0] == 0


def test_the_help_names_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    out = capsys.readouterr().out
    assert all(name in out for name in ("check", "build", "sign", "keygen"))


def test_every_field_is_in_the_reference() -> None:
    text = reference.manifest_reference()
    for field in ("`slug`", "`below_version`", "`memory_mb`", "`[[permissions]]`", "`secret`"):
        assert field in text


def test_the_distribution_builds_passes_twine_and_works_alone(tmp_path: Path) -> None:
    """What stands in: the empty environment sees the dependencies of this one, not the SDK."""
    python = sys.executable
    for target in ("wheel", "sdist"):
        subprocess.run(
            [python, "-m", "hatchling", "build", "-t", target, "-d", str(tmp_path)],
            cwd=SDK, check=True, capture_output=True,
        )  # fmt: skip
    built = sorted(tmp_path.iterdir())
    assert [path.name for path in built] == [
        "plexica_sdk-0.1.0-py3-none-any.whl",
        "plexica_sdk-0.1.0.tar.gz",
    ]
    checked = subprocess.run(
        [python, "-m", "twine", "check", "--strict", *map(str, built)],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout
    with zipfile.ZipFile(built[0]) as wheel:
        names = wheel.namelist()
        assert "plexica_sdk/py.typed" in names
        assert "plexica_sdk/manifest.schema.json" in names
        assert "plexica_sdk/templates/.gitignore.tmpl" in names
        assert "plexica_sdk/templates/src/@module@/views.py.tmpl" in names
        wheel.extractall(tmp_path / "installed")
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "plexica-plugin.toml").write_text(MANIFEST)
    ran = subprocess.run(
        [python, "-m", "plexica_sdk.cli", "check", "project"],
        cwd=tmp_path, check=False, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "installed")},
    )  # fmt: skip
    assert ran.stdout == "hello 0.1.0: the manifest is right.\n", ran.stderr
