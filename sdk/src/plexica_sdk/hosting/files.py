"""Django's storage, kept by the host in the tenant's bucket."""

import mimetypes
from datetime import datetime
from pathlib import PurePosixPath
from typing import IO, Any

from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage

from plexica_sdk.hosting.context import current
from plexica_sdk.hosting.host import NotThere, StoredFile, this_host

_UNKNOWN_TYPE = "application/octet-stream"


class HostStorage(Storage):
    """The installation's files. They have no addresses: a view of the plugin hands them on."""

    def delete(self, name: str) -> None:
        """Delete a file, whether it is there or not.

        Raises:
            HostError: The host did not do it.
        """
        this_host().delete_file(current().token, name)

    def exists(self, name: str) -> bool:
        """Return whether a file is there.

        Raises:
            HostError: The host did not say.
        """
        return self._find(name) is not None

    def size(self, name: str) -> int:
        """Return how many bytes a file has.

        Raises:
            FileNotFoundError: It is not there.
            HostError: The host did not say.
        """
        return self._stat(name).size

    def get_modified_time(self, name: str) -> datetime:
        """Return when a file was written.

        Raises:
            FileNotFoundError: It is not there.
            HostError: The host did not say.
        """
        return self._stat(name).modified_at

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        """Return the names of the directories and the files in a directory.

        Raises:
            HostError: The host did not say.
        """
        prefix = f"{path.strip('/')}/" if path.strip("/") else ""
        directories: dict[str, None] = {}
        files = []
        for found in this_host().files(current().token, prefix=prefix):
            first, _, rest = found.key.removeprefix(prefix).partition("/")
            if rest:
                directories[first] = None
            else:
                files.append(first)
        return list(directories), files

    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        if mode != "rb":
            raise ValueError("Files are opened for reading; save() writes them.")
        try:
            return ContentFile(this_host().read_file(current().token, name), name=name)
        except NotThere as error:
            raise FileNotFoundError(name) from error

    def _save(self, name: str, content: "File[Any] | IO[Any]") -> str:
        key = PurePosixPath(name).as_posix()
        kind = getattr(content, "content_type", None) or mimetypes.guess_type(key)[0]
        written = content.read()
        body = written.encode() if isinstance(written, str) else written
        this_host().write_file(current().token, key, body, kind or _UNKNOWN_TYPE)
        return key

    def _find(self, name: str) -> StoredFile | None:
        # The shortest of those that begin with it comes first.
        found = next(this_host().files(current().token, prefix=name), None)
        return found if found and found.key == name else None

    def _stat(self, name: str) -> StoredFile:
        found = self._find(name)
        if found is None:
            raise FileNotFoundError(name)
        return found
