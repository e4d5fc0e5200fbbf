"""What requests to a Plexica have in common."""

import json
import urllib.error
import urllib.request
from typing import Any

_MAX_ANSWER_BYTES = 1024 * 1024


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follows none: the token would go along."""

    def redirect_request(self, *_: Any) -> None:
        return None


NO_REDIRECTS = _NoRedirects()


def detail_of(error: urllib.error.HTTPError) -> str:
    """Return what an answer says of an error, in words."""
    try:
        found = json.loads(error.read(_MAX_ANSWER_BYTES))
        return "\n".join([str(found["detail"]), *_fields_of(found)])
    except (OSError, ValueError, KeyError, TypeError):
        return str(error.reason)


def _fields_of(problem: dict[str, Any]) -> list[str]:
    return [
        f"{each['field']}: {each['message']}"
        for each in problem.get("errors", [])
        if "field" in each and "detail" in each
    ]
