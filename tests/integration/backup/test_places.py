"""Archives in a directory and in a bucket: written in one go, read from anywhere, removed."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from plexica.backup.places import Place, place_of
from plexica.core.errors import NotFound
from plexica.storage.buckets import remove_bucket
from plexica.storage.clients import get_client

CONTENT = os.urandom(33 * 1024 * 1024)


@pytest.fixture(params=["directory", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "directory":
        yield place_of(str(tmp_path / "archives"))
        return
    client, name = get_client("default"), f"backups-{uuid.uuid4().hex[:8]}"
    client.create_bucket(Bucket=name)
    yield place_of(f"s3://{name}/plexica")
    remove_bucket(client, name)


def write(place: Place, *, fails: bool = False) -> None:
    with place.new_file("a.plexica") as file:
        for start in range(0, len(CONTENT), 1_000_000):
            file.write(CONTENT[start : start + 1_000_000])
        if fails:
            raise KeyboardInterrupt


def test_what_is_written_is_read_from_anywhere_and_removed(place: Place) -> None:
    write(place)
    with place.open("a.plexica") as file:
        file.seek(-10, os.SEEK_END)
        assert file.read() == CONTENT[-10:]
        file.seek(0)
        assert file.read() == CONTENT
    place.remove("a.plexica")
    with pytest.raises(NotFound):
        place.open("a.plexica")


def test_what_is_cut_off_leaves_nothing(place: Place, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        write(place, fails=True)
    with pytest.raises(NotFound):
        place.open("a.plexica")
    assert not list(tmp_path.rglob("*.partial"))
