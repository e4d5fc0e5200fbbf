import os
import shutil
import sys
from pathlib import Path

import pytest

from deploy.local import system
from deploy.local.errors import LocalPlatformError


def test_any_of_the_names_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    second = tmp_path / "chromium-browser"
    second.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert system.require_browser() == second


def test_without_root_one_message_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(LocalPlatformError, match="sudo apt-get install maven"):
        system.require_program(programs=("mvn",), package="maven")


def test_a_failed_command_shows_what_it_printed(tmp_path: Path) -> None:
    with pytest.raises(LocalPlatformError, match=r"Trying failed \(exit 3\):\n    words"):
        system.run(
            [sys.executable, "-c", "print('words'); raise SystemExit(3)"],
            timeout=20,
            directory=tmp_path,
            doing="Trying",
        )


def test_a_command_that_hangs_is_ended() -> None:
    with pytest.raises(LocalPlatformError, match="Trying took longer than"):
        system.run([sys.executable, "-c", "input()"], timeout=0, doing="Trying")


def test_a_missing_package_says_what_to_do() -> None:
    with pytest.raises(LocalPlatformError, match=r"remove \.venv"):
        system.package_file("no_such_package", "bin", "x")
