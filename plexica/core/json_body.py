"""JSON request bodies, read strictly (RFC 8259, RFC 7493): one text has one meaning."""

import json
from collections.abc import Mapping
from typing import IO, Any, ClassVar, NoReturn

from django.http import UnreadablePostError
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer


class StrictJSONParser(BaseParser):
    """Reads JSON in UTF-8, and refuses what two readers could understand in two ways."""

    media_type = "application/json"
    renderer_class: ClassVar[type[JSONRenderer]] = JSONRenderer

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,  # noqa: ARG002 (the framework's signature)
        parser_context: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> Any:
        """Return what the body says.

        Raises:
            ParseError: It is not UTF-8, not JSON, nested too deeply, names a member twice, or
                holds a number that JSON does not have.
        """
        try:
            text = stream.read().decode("utf-8")
        except UnicodeDecodeError as error:
            raise ParseError("The body is not UTF-8.") from error
        except UnreadablePostError as error:
            raise ParseError("The body ended before its Content-Length.") from error
        try:
            return json.loads(
                text, object_pairs_hook=_object_of_unique_names, parse_constant=_refuse_constant
            )
        except json.JSONDecodeError as error:
            raise ParseError(
                f"The body is not JSON: {error.msg}, line {error.lineno}, column {error.colno}."
            ) from error
        except RecursionError as error:
            raise ParseError("The body is nested too deeply.") from error
        except ValueError as error:
            # Python refuses to convert integers of thousands of digits.
            raise ParseError("The body holds a number that is too long.") from error


def _object_of_unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _value in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ParseError(f"The member {twice[:100]!r} is there twice.")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ParseError(f"{name} is not a number in JSON.")
