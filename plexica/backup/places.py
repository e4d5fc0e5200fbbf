"""Where archives are kept: a directory, or a bucket on an S3 server."""

import io
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from plexica.backup.archive.layout import SUFFIX
from plexica.core.errors import InvalidInput, NotFound, PermanentError
from plexica.settings.servers import S3Server
from plexica.storage.clients import make_client, make_config
from plexica.storage.errors import mapped_errors

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

_PARTIAL = ".partial"
_PART_BYTES = 16 * 1024 * 1024
_WINDOW_BYTES = 8 * 1024 * 1024


class Place(ABC):
    """Where archives are kept.

    Attributes:
        name: How it is called in settings and lists.
    """

    name: str

    @abstractmethod
    @contextmanager
    def new_file(self, name: str) -> Iterator[IO[bytes]]:
        """Write a file while a block runs; it is there under its name when the block ends well."""
        yield io.BytesIO()

    @abstractmethod
    def open(self, name: str) -> IO[bytes]:
        """Open a file, to be read from any point.

        Raises:
            NotFound: There is none of this name.
        """

    @abstractmethod
    def remove(self, name: str) -> None:
        """Remove a file, if it is there, and what a write that was cut off has left of it."""


class Directory(Place):
    """A directory of this machine."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._path = path

    @contextmanager
    def new_file(self, name: str) -> Iterator[IO[bytes]]:
        """Write a file while a block runs; it is there under its name when the block ends well."""
        partial = self._path / f"{name}{_PARTIAL}"
        try:
            self._path.mkdir(parents=True, exist_ok=True)
            # Nobody else may read what it holds.
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            partial.rename(self._path / name)
        except OSError as error:
            _forget(partial)
            reason = error.strerror or "it cannot be written"
            raise PermanentError(f"The archive cannot be written: {reason}.") from error
        except BaseException:
            _forget(partial)
            raise

    def open(self, name: str) -> IO[bytes]:
        """Open a file, to be read from any point.

        Raises:
            NotFound: There is none of this name.
        """
        try:
            return (self._path / name).open("rb")
        except OSError as error:
            raise NotFound(_("There is no archive %(name)s.") % {"name": name}) from error

    def remove(self, name: str) -> None:
        """Remove a file, if it is there, and what a write that was cut off has left of it."""
        for each in (name, f"{name}{_PARTIAL}"):
            (self._path / each).unlink(missing_ok=True)


class Bucket(Place):
    """A bucket, which must be there, on an S3 server."""

    def __init__(self, bucket: str, prefix: str) -> None:
        self.name = f"s3://{bucket}/{prefix}"
        self._bucket, self._prefix = bucket, prefix
        self._client = make_client(
            _server(), make_config(connect_seconds=3, read_seconds=60, attempts=5)
        )

    @contextmanager
    def new_file(self, name: str) -> Iterator[IO[bytes]]:
        """Write an object while a block runs; it is there when the block ends well."""
        with mapped_errors("writing the archive"):
            upload = _Upload(self._client, self._bucket, self._prefix + name)
            try:
                yield cast("IO[bytes]", upload)
                upload.complete()
            except BaseException:
                upload.abort()
                raise

    def open(self, name: str) -> IO[bytes]:
        """Open an object, to be read from any point.

        Raises:
            NotFound: There is none of this name.
        """
        key = self._prefix + name
        with mapped_errors("reading the archive"):
            found = self._client.list_objects_v2(Bucket=self._bucket, Prefix=key, MaxKeys=1)
            sizes = [each["Size"] for each in found.get("Contents", ()) if each["Key"] == key]
        if not sizes:
            raise NotFound(_("There is no archive %(name)s.") % {"name": name})
        raw = _Ranged(self._client, self._bucket, key, sizes[0])
        return cast("IO[bytes]", io.BufferedReader(raw, _WINDOW_BYTES))

    def remove(self, name: str) -> None:
        """Remove an object, if it is there, and uploads of it that were cut off."""
        key = self._prefix + name
        with mapped_errors("removing an archive"):
            self._client.delete_object(Bucket=self._bucket, Key=key)
            found = self._client.list_multipart_uploads(Bucket=self._bucket, Prefix=key)
            for upload in found.get("Uploads", ()):
                self._client.abort_multipart_upload(
                    Bucket=self._bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                )


def place_of(name: str) -> Place:
    """Return a place by its name.

    Args:
        name: A directory, or `s3://bucket/prefix`.

    Raises:
        InvalidInput: It is neither.
    """
    if not name.startswith("s3://"):
        return Directory(Path(name).absolute())
    url = urlsplit(name)
    if not url.netloc:
        raise InvalidInput(_("Write a bucket as s3://bucket/prefix/."))
    prefix = url.path.lstrip("/")
    return Bucket(url.netloc, f"{prefix.rstrip('/')}/" if prefix else "")


def place_of_file(path: str) -> tuple[Place, str]:
    """Return the place of an archive, and what it is called there.

    Raises:
        InvalidInput: It is no place.
    """
    place, _slash, name = path.rpartition("/")
    return place_of(place or ("/" if _slash else ".")), name


def is_archive_name(name: str) -> bool:
    """Return whether something in a place is called as archives are."""
    return name.endswith(SUFFIX)


class _Upload:
    """A file whose parts go up as soon as there is enough for one."""

    def __init__(self, client: "S3Client", bucket: str, key: str) -> None:
        self._client = client
        self._where: Any = {"Bucket": bucket, "Key": key}
        self._buffer = bytearray()
        self._parts: list[CompletedPartTypeDef] = []
        self._id = client.create_multipart_upload(**self._where)["UploadId"]

    def write(self, data: bytes) -> int:
        self._buffer += data
        while len(self._buffer) >= _PART_BYTES:
            self._send(bytes(self._buffer[:_PART_BYTES]))
            del self._buffer[:_PART_BYTES]
        return len(data)

    def flush(self) -> None:
        pass

    def complete(self) -> None:
        if self._buffer or not self._parts:
            self._send(bytes(self._buffer))
        self._client.complete_multipart_upload(
            **self._where, UploadId=self._id, MultipartUpload={"Parts": self._parts}
        )

    def abort(self) -> None:
        with mapped_errors("removing what was written of the archive"):
            self._client.abort_multipart_upload(**self._where, UploadId=self._id)

    def _send(self, data: bytes) -> None:
        number = len(self._parts) + 1
        answer = self._client.upload_part(
            **self._where, UploadId=self._id, PartNumber=number, Body=data
        )
        self._parts.append({"ETag": answer["ETag"], "PartNumber": number})


class _Ranged(io.RawIOBase):
    """An object that is read piece by piece, from any point."""

    def __init__(self, client: "S3Client", bucket: str, key: str, size: int) -> None:
        self._client = client
        self._where: Any = {"Bucket": bucket, "Key": key}
        self._size = size
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = max(0, start + offset)
        return self._place

    def tell(self) -> int:
        return self._place

    def readinto(self, buffer: Any) -> int:
        end = min(self._place + len(buffer), self._size)
        if self._place >= end:
            return 0
        with mapped_errors("reading the archive"):
            answer = self._client.get_object(**self._where, Range=f"bytes={self._place}-{end - 1}")
            data = answer["Body"].read()
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)


def _forget(partial: Path) -> None:
    # What cannot be written to cannot be removed, perhaps; the first error says more.
    with suppress(OSError):
        partial.unlink(missing_ok=True)


def _server() -> S3Server:
    if not settings.PLEXICA_BACKUP_S3_ENDPOINT_URL:
        server: S3Server = settings.S3_SERVERS["default"]
        return server
    return S3Server(
        endpoint_url=settings.PLEXICA_BACKUP_S3_ENDPOINT_URL,
        access_key=settings.PLEXICA_BACKUP_S3_ACCESS_KEY,
        secret_key=settings.PLEXICA_BACKUP_S3_SECRET_KEY,
        region=settings.PLEXICA_BACKUP_S3_REGION,
    )
