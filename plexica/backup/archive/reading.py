"""Reading an archive that may be damaged, of somebody else, or made to do harm."""

import json
import re
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import IO, Any, cast

import zstandard
from django.utils.translation import gettext as _
from pyrage.x25519 import Identity

from plexica.backup.archive.errors import ArchiveRefused
from plexica.backup.archive.keys import is_sealed_here
from plexica.backup.archive.layout import (
    COMMENT,
    COPY_BYTES,
    DIGEST_CHARACTERS,
    FORMAT,
    MANIFEST,
    MAX_JSON_BYTES,
    MAX_MANIFEST_BYTES,
    MAX_MEMBER_NAME,
    MAX_RATIO,
    MAX_WINDOW_BYTES,
    Section,
)
from plexica.backup.archive.pipes import Decrypting, as_file

_BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zstandard.ZstdError,
    json.JSONDecodeError,
    UnicodeDecodeError,
    KeyError,
    ValueError,
    TypeError,
    EOFError,
    NotImplementedError,
    RuntimeError,
)
_MEMBER_NAME = re.compile(r"[a-z0-9_][a-z0-9_./-]{0,200}")
# Below this size a file cannot be an archive; beyond the digest there is at least a manifest.
_LEAST_BYTES = 200

OpenFile = Callable[[], IO[bytes]]
OnBytes = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Member:
    """Something in a section; read it before the next one is asked for.

    Attributes:
        name: What it is called.
        size: How many bytes it has.
        stream: Its bytes.
        facts: What else is kept of it.
    """

    name: str
    size: int
    stream: IO[bytes]
    facts: dict[str, str]

    def content(self) -> bytes:
        """Return its bytes; of something small.

        Raises:
            ArchiveRefused: It is not small.
        """
        if self.size > MAX_JSON_BYTES:
            raise damaged()
        return self.stream.read()

    def document(self) -> Any:
        """Return the document that it is."""
        return json.loads(self.content())


def damaged() -> ArchiveRefused:
    """Return the refusal of an archive that is not what was written."""
    return ArchiveRefused(
        _("This file is not an archive of Plexica, or it is damaged. Nothing was changed.")
    )


class Archive:
    """An archive, opened for reading; its manifest has been read.

    Attributes:
        manifest: What it holds.
        is_encrypted: Whether only some may open it.
        is_ours: Whether a platform with one of our encryption keys made it.
    """

    def __init__(self, open_file: OpenFile, identities: list[Identity]) -> None:
        """Open it and read its manifest.

        Args:
            open_file: Opens the file, anew for each reader.
            identities: The keys to open it with.

        Raises:
            ArchiveRefused: It is no archive, damaged, or not to be opened with these keys.
        """
        self._open_file = open_file
        self._identities = identities
        with refusing(), self._open_file() as file, zipfile.ZipFile(file) as packed:
            names = packed.namelist()
            self.is_encrypted = f"{MANIFEST}.json.age" in names
            if len(set(names)) != len(names) or not packed.comment.startswith(COMMENT):
                raise damaged()
            member = f"{MANIFEST}.json{'.age' if self.is_encrypted else ''}"
            with self._plain(packed, member) as plain:
                content = plain.read(MAX_MANIFEST_BYTES)
            outer = json.loads(content)
            inner = str(outer["manifest"])
            self.is_ours = is_sealed_here(inner.encode(), str(outer["seal"]))
            self.manifest: dict[str, Any] = json.loads(inner)
            if int(self.manifest["format"]) != FORMAT:
                raise ArchiveRefused(
                    _("This archive has a newer form than this version of Plexica knows.")
                )

    def check_digest(self, on_bytes: OnBytes | None = None) -> None:
        """Read the whole file once, and compare it with the digest at its end.

        Raises:
            ArchiveRefused: A byte is missing or different.
        """
        digest = sha256()
        with self._open_file() as file:
            file.seek(0, 2)
            size = file.tell()
            if size < _LEAST_BYTES:
                raise damaged()
            file.seek(0)
            left = size - DIGEST_CHARACTERS
            while left > 0 and (data := file.read(min(COPY_BYTES, left))):
                digest.update(data)
                left -= len(data)
                if on_bytes:
                    on_bytes(size - left, size)
            if file.read() != digest.hexdigest().encode():
                raise damaged()

    @contextmanager
    def section(self, document: dict[str, Any]) -> Iterator[Iterator[Member]]:
        """Read one section while a block runs; its end is compared with the manifest.

        Whoever leaves the block before the last member has not compared it.

        Args:
            document: What the manifest says of it.

        Raises:
            ArchiveRefused: It is not what the manifest says.
        """
        # What the block itself raises is no sign of a broken archive.
        with ExitStack() as stack:
            with refusing():
                expected = Section.of(document)
                if not _MEMBER_NAME.fullmatch(expected.member):
                    raise damaged()
                packed = stack.enter_context(
                    zipfile.ZipFile(stack.enter_context(self._open_file()))
                )
                limit = max(packed.getinfo(expected.member).file_size, 1) * MAX_RATIO
                # What we have made ourselves may hold a gigabyte of nothing.
                if expected.size > limit and not self.is_ours:
                    raise damaged()
                plain = stack.enter_context(self._plain(packed, expected.member))
                unpacker = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES)
                stream = unpacker.stream_reader(plain, read_across_frames=False, closefd=False)
                counted = _Counted(cast("IO[bytes]", stream), expected)
            yield _members(counted, expected)

    @contextmanager
    def _plain(self, packed: zipfile.ZipFile, member: str) -> Iterator[IO[bytes]]:
        info = packed.getinfo(member)
        if info.compress_type != zipfile.ZIP_STORED:
            raise damaged()
        with packed.open(info) as stored:
            if not self.is_encrypted:
                yield stored
                return
            if not self._identities:
                raise ArchiveRefused(
                    _("This archive is encrypted. Name a file with its key: --identity FILE.")
                )
            decrypting = Decrypting(stored, self._identities)
            try:
                yield as_file(decrypting)
            finally:
                decrypting.close()


class _Counted:
    """Reads a tar stream, knows its digest, and stops at the size that was announced."""

    def __init__(self, stream: IO[bytes], expected: Section) -> None:
        self._stream = stream
        self._expected = expected
        self._digest = sha256()
        self._size = 0

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._size += len(data)
        if self._size > self._expected.size:
            raise damaged()
        self._digest.update(data)
        return data

    def finish(self) -> None:
        while self.read(COPY_BYTES):
            pass
        if (self._size, self._digest.hexdigest()) != (self._expected.size, self._expected.digest):
            raise damaged()


class _Forward:
    """A member's bytes, which can be read once; tar's own reader cannot be asked what it is."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        return self._stream.read(size)


def _members(counted: _Counted, expected: Section) -> Iterator[Member]:
    count = 0
    with (
        refusing(),
        tarfile.open(fileobj=as_file(counted), mode="r|", bufsize=COPY_BYTES) as tar,
    ):
        for info in tar:
            is_plain = info.isreg() and not info.issparse()
            stream = tar.extractfile(info) if is_plain else None
            if stream is None or not 0 < len(info.name) <= MAX_MEMBER_NAME:
                raise damaged()
            count += 1
            yield Member(info.name, info.size, as_file(_Forward(stream)), dict(info.pax_headers))
            # A stream keeps what it has read of; a section may have a million members.
            tar.members = []  # type: ignore[attr-defined]
        counted.finish()
    if count != expected.count:
        raise damaged()


@contextmanager
def refusing() -> Iterator[None]:
    """Turn whatever a broken archive makes libraries raise into a refusal.

    Raises:
        ArchiveRefused: In place of what was raised.
    """
    try:
        yield
    except _BROKEN as error:
        raise damaged() from error
