"""Programs of a package beside what wheels bring."""

from pathlib import Path

import pytest

from plexica.core.errors import PermanentError
from plexica_sdk.manifest import FILE_NAME
from plexica_sdk.package import Package, make_package
from plugins.runtimes.programs import install_programs, this_platform
from tests.integration.plugins.packages import MANIFEST


def package_for(*platforms: str) -> Package:
    words = {"slug": "hello", "name": "Hello", "version": "0.1.0", "author": "Ada"}
    manifest = MANIFEST.format(**words).replace("[runtime]", '[runtime]\nprograms = "programs"')
    programs = {f"programs/{each}/hello": each.encode() for each in platforms}
    return make_package({FILE_NAME: manifest.encode(), **programs})


def test_those_for_the_platform_are_written_and_can_be_run(tmp_path: Path) -> None:
    install_programs(package_for("linux-amd64", "linux-arm64"), tmp_path, target="linux-arm64")
    assert [path.name for path in tmp_path.iterdir()] == ["hello"]
    assert (tmp_path / "hello").read_bytes() == b"linux-arm64"
    assert (tmp_path / "hello").stat().st_mode & 0o777 == 0o755


def test_another_platforms_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="no program for linux-arm64, only for linux-amd64"):
        install_programs(package_for("linux-amd64"), tmp_path, target="linux-arm64")


def test_none_takes_the_name_of_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "hello").touch()
    with pytest.raises(PermanentError, match="its name is taken"):
        install_programs(package_for(this_platform()), tmp_path)
