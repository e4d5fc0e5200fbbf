"""Lists as files: lines made while they are sent, so that no export is held in memory."""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from typing import Any

from django.http import StreamingHttpResponse
from django.utils.cache import add_never_cache_headers

# What a spreadsheet takes for the beginning of a formula. Where people write `1,5`, it takes a
# semicolon for the end of a cell.
_FORMULA = re.compile(r"(^|[;\t\r\n])(?=\s*[=+\-@＝＋－＠])")
_BREAKS = ("\t", "\r", "\n")
CSV = "text/csv; charset=utf-8"
JSON_LINES = "application/x-ndjson; charset=utf-8"


def plain_cell(value: object) -> str:
    """Return a value as a cell that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    if text.startswith(_BREAKS):
        text = f"'{text}"
    return _FORMULA.sub(r"\1'", text)


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Return a table as lines of CSV (RFC 4180), the header first."""
    buffer = StringIO()
    writer = csv.writer(buffer)
    for row in _with_header(header, rows):
        writer.writerow([plain_cell(value) for value in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def json_lines(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Return objects as lines of JSON."""
    for row in rows:
        yield json.dumps(row, ensure_ascii=False) + "\n"


def file_response(
    lines: Iterable[str], *, content_type: str, filename: str
) -> StreamingHttpResponse:
    """Return lines as a file that the browser saves.

    Args:
        lines: What is in it; made while it is sent.
        content_type: Of which kind it is.
        filename: What it is called: ASCII, without quotes.
    """
    response = StreamingHttpResponse(
        lines,
        content_type=content_type,
        headers={"Content-Disposition": f'attachment; filename="{filename}"'},
    )
    add_never_cache_headers(response)
    return response


def _with_header(
    header: Sequence[str], rows: Iterable[Sequence[object]]
) -> Iterator[Sequence[object]]:
    yield header
    yield from rows
