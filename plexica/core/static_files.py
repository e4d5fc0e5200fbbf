"""Static files as browsers get them: named after what is in them, and compressed in advance.

ADR 20 says what a page may weigh.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.apps import StaticFilesConfig
from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage


class CollectedFilesConfig(StaticFilesConfig):
    """Leaves out what packages bring and no page of ours shows."""

    ignore_patterns = [*StaticFilesConfig.ignore_patterns, "redoc", "rest_framework"]


class WholeFileCompressor(Compressor):  # type: ignore[misc] # it publishes no types
    """Writes a file whole or not at all: who is stopped half-way leaves nothing to be served."""

    def write_data(self, path: str, data: bytes, suffix: str, stat_result: Any) -> str:
        """Write beside the place, and move there."""
        unfinished = super().write_data(path, data, f"{suffix}.unfinished", stat_result)
        return str(Path(unfinished).replace(path + suffix))


class StaticStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc] # the same
    """Compresses each content once, however often files are collected.

    A name with a hash says what is in the file, so what is compressed already stays right. What
    has no hash in its name is not asked for by any page.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._addresses: dict[str, str] = {}

    def url(self, name: str, force: bool = False) -> str:  # noqa: FBT001, FBT002 (Django's signature)
        """Return the address of a file, which is the same for as long as the process runs."""
        address = self._addresses.get(name)
        if address is None or force:
            address = str(super().url(name, force))
            if not force:
                # Only templates ask, so there are as many as they name.
                self._addresses[name] = address
        return address

    def create_compressor(self, **options: Any) -> Compressor:
        """Return what compresses one file; maps are for developers only."""
        skipped = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")
        return WholeFileCompressor(**{**options, "extensions": skipped})

    def compress_files(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Compress what has a hash in its name and is not compressed yet."""
        hashed = set(self.hashed_files.values())
        # Brotli is written first: where gzip's file is, both are.
        fresh = [
            path for path in paths if path in hashed and not Path(self.path(f"{path}.gz")).exists()
        ]
        yield from super().compress_files(fresh)
