import threading
from pathlib import Path

import pytest

from deploy.local.errors import LocalPlatformError
from deploy.local.files import locked, make_whole, write_whole
from deploy.local.secrets_store import SECRETS, load_secrets


def test_a_written_file_is_private(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "secret"
    write_whole(path, "x")
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["secret"]


def test_a_failed_build_leaves_nothing_that_looks_whole(tmp_path: Path) -> None:
    target = tmp_path / "tool"

    def fail(directory: Path) -> None:
        (directory / "half").touch()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        make_whole(target, fail)
    assert not target.exists()
    assert not list(tmp_path.glob("*partial*"))


def test_what_a_killed_build_left_is_swept_away(tmp_path: Path) -> None:
    leftover = tmp_path / ".tool.partial-abc"
    leftover.mkdir()
    (leftover / "half").touch()
    assert make_whole(tmp_path / "tool", lambda directory: (directory / "whole").touch())
    assert (tmp_path / "tool" / "whole").exists()
    assert not leftover.exists()


def test_what_is_whole_is_not_built_again(tmp_path: Path) -> None:
    (tmp_path / "tool").mkdir()
    assert not make_whole(tmp_path / "tool", lambda _: pytest.fail("built again"))


def test_two_builders_at_once_build_once(tmp_path: Path) -> None:
    built: list[Path] = []
    both = threading.Barrier(2)

    def build() -> None:
        both.wait(timeout=5)
        make_whole(tmp_path / "tool", built.append)

    threads = [threading.Thread(target=build) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert len(built) == 1


def test_a_held_lock_is_waited_for_and_then_reported(tmp_path: Path) -> None:
    waited: list[bool] = []
    with (
        locked(tmp_path / "lock"),
        pytest.raises(LocalPlatformError, match="is it stuck"),
        locked(tmp_path / "lock", timeout=0, on_wait=lambda: waited.append(True)),
    ):
        pytest.fail("two hold one lock")
    assert waited == [True]
    with locked(tmp_path / "lock", timeout=0):
        pass


def test_secrets_are_made_once_and_differ(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    made = load_secrets(path)
    assert made.keys() == SECRETS.keys()
    assert len(set(made.values())) == len(made)
    assert load_secrets(path) == made
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_secret_that_came_later_is_added_and_the_others_stay(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    write_whole(path, '{"secret_key": "kept"}')
    made = load_secrets(path)
    assert made["secret_key"] == "kept"
    assert made.keys() == SECRETS.keys()
