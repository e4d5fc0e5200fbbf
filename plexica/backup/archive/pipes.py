"""Streams that others push into and others pull from: hashing, and age, which does both itself."""

import os
from collections.abc import Callable
from hashlib import sha256
from typing import IO, Any, cast

import pyrage
from django.utils.translation import gettext as _
from pyrage.x25519 import Identity, Recipient

from plexica.backup.archive.errors import ArchiveRefused
from plexica.core.context import start_thread

_BUFFER = 1024 * 1024


class SealedFile:
    """Writes a file whose last characters are the digest of all that is before them.

    What is written last must be as many placeholders; they are held back and replaced.
    """

    def __init__(self, file: IO[bytes], held_back: int) -> None:
        self._file = file
        self._digest = sha256()
        self._held_back = held_back
        self._tail = b""
        self.written = 0

    def write(self, data: bytes) -> int:
        """Take some bytes."""
        whole = self._tail + bytes(data)
        cut = max(0, len(whole) - self._held_back)
        self._tail = whole[cut:]
        self._digest.update(whole[:cut])
        self._file.write(whole[:cut])
        self.written += len(data)
        return len(data)

    def flush(self) -> None:
        """Do nothing: the file's own buffer is flushed at the end."""

    def finish(self) -> None:
        """Write the digest in place of the placeholders."""
        self._file.write(self._digest.hexdigest().encode())
        self._file.flush()


class Digested:
    """Passes bytes on to a sink and knows their digest and number."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._digest = sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        """Pass some bytes on."""
        self._digest.update(data)
        self.size += len(data)
        self._write(data)
        return len(data)

    def flush(self) -> None:
        """Do nothing: the sink is flushed by whoever has it."""

    @property
    def digest(self) -> str:
        """The SHA-256 of what was passed on until now."""
        return self._digest.hexdigest()


class Encrypting:
    """A sink whose bytes come out encrypted for some recipients.

    age reads what it encrypts; so it has a thread of its own and a pipe.
    """

    def __init__(self, sink: IO[bytes], recipients: list[Recipient]) -> None:
        source, target = os.pipe()
        self._target = os.fdopen(target, "wb", _BUFFER)
        self._error: BaseException | None = None

        def encrypt() -> None:
            try:
                with os.fdopen(source, "rb", _BUFFER) as plain:
                    pyrage.encrypt_io(plain, _Flushless(sink), recipients)
            except BaseException as error:  # noqa: BLE001 (it is raised by `close`)
                self._error = error

        self._thread = start_thread(encrypt, name="age", is_daemon=True)

    def write(self, data: bytes) -> int:
        """Encrypt some bytes."""
        return self._target.write(data)

    def flush(self) -> None:
        """Do nothing: `close` does."""

    def close(self) -> None:
        """Encrypt what is left.

        Raises:
            OSError: It could not be written.
        """
        try:
            self._target.close()
        finally:
            self._thread.join()
        if self._error is not None:
            raise OSError("The archive could not be encrypted.") from self._error


class Decrypting:
    """A source whose bytes are decrypted, a piece at a time, by age in a thread of its own."""

    def __init__(self, source: IO[bytes], identities: list[Identity]) -> None:
        taken, given = os.pipe()
        self._taken = os.fdopen(taken, "rb", _BUFFER)
        self._error: BaseException | None = None

        def decrypt() -> None:
            try:
                with os.fdopen(given, "wb", _BUFFER) as plain:
                    pyrage.decrypt_io(source, plain, identities)
            except BaseException as error:  # noqa: BLE001 (it is raised by `read`)
                self._error = error

        self._thread = start_thread(decrypt, name="age", is_daemon=True)

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes; none at the end.

        Raises:
            ArchiveRefused: No key opens it, or it is damaged.
        """
        data = self._taken.read(size)
        if size and len(data) < max(size, 1):
            self._thread.join()
            if self._error is not None:
                raise ArchiveRefused(
                    _("None of the given keys opens this archive, or it is damaged.")
                ) from self._error
        return data

    def close(self) -> None:
        """Give up what is left."""
        self._taken.close()
        self._thread.join()


class _Flushless:
    """A sink that age may flush as it likes: ZIP members are flushed by their archive."""

    def __init__(self, sink: IO[bytes]) -> None:
        self._sink = sink

    def write(self, data: bytes) -> int:
        self._sink.write(data)
        return len(data)

    def flush(self) -> None:
        pass


def as_file(stream: Any) -> IO[bytes]:
    """Return one of these as the file that libraries ask for."""
    return cast("IO[bytes]", stream)
