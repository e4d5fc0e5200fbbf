"""A request's body, kept whole before any of it is sent on.

So a browser that sends slowly costs a backend nothing, and a form can be sent on as it came after
its token has been read.
"""

import io
import tempfile
from collections.abc import Iterator
from typing import IO, Any

from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest, QueryDict, UnreadablePostError
from django.http.multipartparser import MultiPartParser
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from plexica.core.errors import InvalidInput
from plexica.core.form_limits import BodyTooLarge
from plugins.gateway.transport import CHUNK_BYTES, MAX_BYTES

MAX_MEGABYTES = MAX_BYTES // (1024 * 1024)
_IN_MEMORY_BYTES = 1024 * 1024


class FormKeeper(FileUploadHandler):
    """Keeps the bytes of a form with files, of which Django reads the fields.

    Attributes:
        content: What came; None as long as nobody has asked for the form's fields.
    """

    content: bytes | None = None

    def handle_raw_input(
        self,
        input_data: Any,
        META: dict[str, Any],  # noqa: N803 (Django's name)
        content_length: int,
        boundary: str,
        encoding: str | None = None,
    ) -> tuple[QueryDict, MultiValueDict[str, Any]]:
        """Read all of a form, keep it, and return its fields."""
        del boundary
        self.content = input_data.read(content_length)
        return MultiPartParser(META, io.BytesIO(self.content), [_NoFiles()], encoding).parse()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Take nothing: the whole of it is kept already."""
        del start
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Make no file."""


class _NoFiles(FileUploadHandler):
    def new_file(self, *args: Any, **kwargs: Any) -> None:
        del args, kwargs
        raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:  # pragma: no cover
        del start
        return raw_data

    def file_complete(self, file_size: int) -> None:
        del file_size


class Body:
    """What is sent on.

    Attributes:
        length: How many bytes it has; None: the request has no body.
    """

    def __init__(self, content: IO[bytes] | None = None, length: int | None = None) -> None:
        self._content = content
        self.length = length

    def chunks(self) -> Iterator[bytes]:
        """Yield it from its beginning."""
        if self._content is not None:
            self._content.seek(0)
            while chunk := self._content.read(CHUNK_BYTES):
                yield chunk

    @classmethod
    def of(cls, content: bytes) -> "Body":
        """Return the body of some bytes."""
        return cls(io.BytesIO(content), len(content))


def check_length(request: HttpRequest) -> None:
    """Refuse a request whose body is too large, before anything of it is read.

    Raises:
        BodyTooLarge: It is, or does not say how large.
    """
    length = request.META.get("CONTENT_LENGTH") or "0"
    is_known = length.isdecimal() and not request.META.get("HTTP_TRANSFER_ENCODING")
    if not is_known or int(length) > MAX_BYTES:
        raise BodyTooLarge(_("At most %(max)d MB are taken here at once.") % {"max": MAX_MEGABYTES})


def read_body(request: HttpRequest) -> Body:
    """Return a request's body.

    Raises:
        InvalidInput: It ends before its end.
    """
    length = int(request.META.get("CONTENT_LENGTH") or 0)
    if not length:
        return Body(length=None if request.method in {"GET", "HEAD"} else 0)
    try:
        content = _kept(request)
    except UnreadablePostError as error:
        raise InvalidInput(_("The request ended before all of it was there.")) from error
    return Body(content or spool_body(request), length)


def spool_body(request: HttpRequest) -> IO[bytes]:
    """Return a request's body, of which nothing has been read, from its beginning.

    Raises:
        InvalidInput: It ends before its end.
    """
    content: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115 (it goes with the request)
    try:
        while chunk := request.read(CHUNK_BYTES):
            content.write(chunk)
    except UnreadablePostError as error:
        raise InvalidInput(_("The request ended before all of it was there.")) from error
    if content.tell() != int(request.META.get("CONTENT_LENGTH") or 0):
        raise InvalidInput(_("The request ended before all of it was there."))
    content.seek(0)
    return content


def _kept(request: HttpRequest) -> IO[bytes] | None:
    """Return the body of a form, which Django reads when it looks for the form's token."""
    keepers = [each for each in request.upload_handlers if isinstance(each, FormKeeper)]
    if request.method != "POST" or not keepers:
        return None
    if request.content_type == "multipart/form-data":
        request.POST  # noqa: B018 (has the form read, if nobody has)
        return io.BytesIO(keepers[0].content or b"")
    if request.content_type == "application/x-www-form-urlencoded":
        return io.BytesIO(request.body)
    return None
