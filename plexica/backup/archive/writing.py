"""Writing an archive, from its first byte to its last, without going back."""

import io
import json
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

import zstandard
from pyrage.x25519 import Recipient

from plexica.backup.archive.keys import seal
from plexica.backup.archive.layout import (
    COMMENT,
    COPY_BYTES,
    DIGEST_CHARACTERS,
    FORMAT,
    MANIFEST,
    README,
    README_TEXT,
    Section,
)
from plexica.backup.archive.pipes import Digested, Encrypting, SealedFile, as_file

_LEVEL = 3
# typeshed does not know `copybufsize`.
_open_tar: Any = tarfile.open
# What a ZIP's members are dated, so that equal contents make equal archives.
_DATE = (1980, 1, 1, 0, 0, 0)


class SectionWriter:
    """Takes the members of one section."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.count = 0

    def add(self, name: str, content: bytes) -> None:
        """Add something small, which is in memory already."""
        self.add_stream(name, io.BytesIO(content), size=len(content))

    def add_document(self, name: str, document: Any) -> None:
        """Add a document."""
        self.add(name, json.dumps(document, sort_keys=True).encode())

    def add_stream(
        self, name: str, stream: IO[bytes], *, size: int, facts: Mapping[str, str] | None = None
    ) -> None:
        """Add what a stream gives.

        Args:
            name: What to call it.
            stream: Its bytes.
            size: How many there are.
            facts: What else is to be kept of it.

        Raises:
            OSError: There are fewer bytes.
        """
        info = tarfile.TarInfo(name)
        info.size = size
        info.pax_headers = dict(facts or {})
        self._tar.addfile(info, stream)
        self.count += 1


class ArchiveWriter:
    """An archive that is being written."""

    def __init__(self, file: IO[bytes], recipients: list[Recipient]) -> None:
        """Begin.

        Args:
            file: Where its bytes go.
            recipients: Who may open it; everybody if there are none.
        """
        self._file = SealedFile(file, DIGEST_CHARACTERS)
        self._recipients = recipients
        self._zip = zipfile.ZipFile(
            as_file(_Unseekable(self._file)), "w", zipfile.ZIP_STORED, allowZip64=True
        )
        self._zip.comment = COMMENT + b"0" * DIGEST_CHARACTERS
        self._zip.writestr(zipfile.ZipInfo(README, _DATE), README_TEXT)

    @property
    def written(self) -> int:
        """How many bytes the archive has until now."""
        return self._file.written

    @property
    def is_encrypted(self) -> bool:
        """Whether only some may open it."""
        return bool(self._recipients)

    @contextmanager
    def section(self, name: str, found: dict[str, Any]) -> Iterator[SectionWriter]:
        """Write one section while a block runs.

        Args:
            name: What to call it.
            found: Gets under the section's name what the manifest says of it.
        """
        member = f"{name}.tar.zst{'.age' if self.is_encrypted else ''}"
        with self._stored(member) as sink:
            compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
            with compressor.stream_writer(sink, closefd=False) as packed:
                digested = Digested(packed.write)
                with _open_tar(
                    fileobj=as_file(digested),
                    mode="w|",
                    format=tarfile.PAX_FORMAT,
                    bufsize=COPY_BYTES,
                    copybufsize=COPY_BYTES,
                ) as tar:
                    writer = SectionWriter(tar)
                    yield writer
        found[name.rpartition("/")[2]] = Section(
            member=member, digest=digested.digest, size=digested.size, count=writer.count
        ).as_document()

    def finish(self, manifest: Mapping[str, Any]) -> None:
        """Write the manifest, and with it the end.

        Args:
            manifest: What the archive holds.
        """
        content = json.dumps({"format": FORMAT, **manifest}, sort_keys=True).encode()
        document = {"manifest": content.decode(), "seal": seal(content)}
        with self._stored(f"{MANIFEST}.json{'.age' if self.is_encrypted else ''}") as sink:
            sink.write(json.dumps(document).encode())
        self._zip.close()
        self._file.finish()

    @contextmanager
    def _stored(self, member: str) -> Iterator[IO[bytes]]:
        with self._zip.open(zipfile.ZipInfo(member, _DATE), "w", force_zip64=True) as stored:
            if not self._recipients:
                yield stored
                return
            encrypting = Encrypting(stored, self._recipients)
            try:
                yield as_file(encrypting)
            finally:
                encrypting.close()


class _Unseekable:
    """A file that ZIP does not try to go back in, so that it can be a pipe or an upload."""

    def __init__(self, file: SealedFile) -> None:
        self._file = file

    def write(self, data: bytes) -> int:
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()
