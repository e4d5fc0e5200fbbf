"""Reading a package that comes as the body of a request."""

from collections.abc import Mapping
from typing import IO, Any

from django.http import UnreadablePostError
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from plexica_sdk.package import MAX_BYTES


class PackageParser(BaseParser):
    """Reads the bytes as they are; `plexica.core.limits` has looked at their number before."""

    media_type = "application/octet-stream"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,  # noqa: ARG002 (the framework's signature)
        parser_context: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> Any:
        """Return the body.

        Raises:
            ParseError: It ended too early.
        """
        try:
            return stream.read(MAX_BYTES + 1)
        except UnreadablePostError as error:
            raise ParseError("The body ended before its Content-Length.") from error
