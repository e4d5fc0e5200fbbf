"""A plugin's backend that does nearly nothing, for granian."""

from collections.abc import Callable, Iterable
from typing import Any

CONTENT = b"<ul>" + b"<li>A line of some length, as lists have them</li>" * 40 + b"</ul>"


def application(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    """Answer with a fragment of two kilobytes (WSGI)."""
    del environ
    headers = [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Length", str(len(CONTENT))),
    ]
    start_response("200 OK", headers)
    return [CONTENT]
