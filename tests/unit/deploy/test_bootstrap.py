import os
import sys
from pathlib import Path

import pytest

from deploy import bootstrap


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "dev.txt").write_text("a==1\n")
    monkeypatch.setattr(bootstrap, "CHECKOUT", tmp_path)
    monkeypatch.setattr(bootstrap, "VENV", tmp_path / "venv")
    monkeypatch.setattr(bootstrap, "REQUIREMENTS", tmp_path / "dev.txt")
    return tmp_path


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch, checkout: Path) -> list[list[str]]:
    """Stand in for venv and pip: only what would be run is kept."""
    seen: list[list[str]] = []

    def run(command: list[str]) -> int:
        seen.append(command)
        (checkout / "venv").mkdir(exist_ok=True)
        return 0

    monkeypatch.setattr(bootstrap, "_run", run)
    return seen


def test_it_installs_once_and_by_hash(commands: list[list[str]]) -> None:
    assert bootstrap.main() == 0
    assert [command[1:3] for command in commands] == [["-m", "venv"], ["-m", "pip"]]
    assert "--require-hashes" in commands[1]
    assert bootstrap.main() == 0
    assert len(commands) == 2


def test_changed_requirements_are_installed_into_what_is_there(
    commands: list[list[str]], checkout: Path
) -> None:
    bootstrap.main()
    (checkout / "dev.txt").write_text("a==2\n")
    bootstrap.main()
    assert [command[2] for command in commands] == ["venv", "pip", "pip"]


def test_after_a_cut_off_install_it_begins_anew(commands: list[list[str]], checkout: Path) -> None:
    (checkout / "venv").mkdir()
    (checkout / "venv" / "half").touch()
    bootstrap.main()
    assert [command[2] for command in commands] == ["venv", "pip"]
    assert not (checkout / "venv" / "half").exists()


def test_an_old_python_is_told_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    assert bootstrap.main() == 1
    assert "3.11 or newer; this is 3.9" in capsys.readouterr().err


def test_the_environment_finds_the_sdk(commands: list[list[str]], checkout: Path) -> None:
    packages = checkout / "venv" / "lib" / "python3.11" / "site-packages"
    bootstrap.main()
    packages.mkdir(parents=True)
    bootstrap.main()
    assert (packages / "plexica-sdk.pth").read_text() == f"{bootstrap.SDK}\n"
    command = checkout / "venv" / "bin" / "plexica-plugin"
    assert os.access(command, os.X_OK)
    assert command.read_text().startswith(f"#!{checkout}/venv/bin/python\n")
    # It was complete before there was an SDK: nothing is installed for it.
    assert len(commands) == 2
