"""How the fake host answers."""

import json
import sys
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qs, unquote, urlsplit

if TYPE_CHECKING:
    from plexica_sdk.testing.host import FakeHost, FakeInstallation

PREFIX = "/api/host/v1"
PAGE_SIZE = 2
MAX_EVENT_BYTES = 64 * 1024
_NEEDS = {"users": "users:read", "files": "storage", "events": "events", "mails": "mail"}


class Refused(Exception):
    """A call that the host does not answer with what was asked for."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class HostServer(ThreadingHTTPServer):
    """Serves a fake host's API.

    Attributes:
        host: The host.
    """

    daemon_threads = True

    def __init__(self, address: tuple[str, int], host: "FakeHost") -> None:
        super().__init__(address, Handler)
        self.host = host

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Write what went wrong, but not that somebody had read enough."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """Answers the calls of the contract, each in the name of the token's installation."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer a GET."""
        self._answer()

    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 # as the server calls them

    def log_message(self, *_: object) -> None:
        """Write nothing."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            status, kind, content = self._result(body)
        except Refused as refused:
            problem = {"type": "about:blank", "status": refused.status, "detail": str(refused)}
            status, kind = refused.status, "application/problem+json"
            content = json.dumps(problem).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _result(self, body: bytes) -> tuple[int, str, bytes]:
        host = cast("HostServer", self.server).host
        installation = host.by_token(self.headers.get("Authorization", "").removeprefix("Bearer "))
        if installation is None:
            raise Refused(401, "The token is over, or its installation is not served.")
        parts = urlsplit(self.path)
        path = unquote(parts.path.removeprefix(PREFIX))
        installation.calls.append(f"{self.command} {path}")
        kind, _, rest = path.strip("/").partition("/")
        if (need := _NEEDS.get(kind)) and need not in installation.uses:
            raise Refused(403, f"The tenant has not agreed to {need}.")
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        if kind == "files" and rest:
            return self._file(installation, rest, body)
        found = _CALLS.get((self.command, kind))
        if found is None or rest:
            raise Refused(404, "There is no such call.")
        status, document = found(host, installation, query, body)
        return status, "application/json", json.dumps(document).encode()

    def _file(
        self, installation: "FakeInstallation", key: str, body: bytes
    ) -> tuple[int, str, bytes]:
        if self.command == "PUT":
            installation.files[key] = (self.headers.get("Content-Type", ""), body)
            return 204, "text/plain", b""
        if self.command == "DELETE":
            installation.files.pop(key, None)
            return 204, "text/plain", b""
        if key not in installation.files:
            raise Refused(404, "There is no such file.")
        return 200, *installation.files[key]


Query = dict[str, str]
Answer = tuple[int, Any]


def _installation(host: "FakeHost", it: "FakeInstallation", _: Query, __: bytes) -> Answer:
    tenant = {name: getattr(it.tenant, name) for name in ("id", "slug", "name")}
    return 200, {
        "id": it.id,
        "plugin": host.backend.plugin,
        "version": host.backend.version,
        "tenant": tenant,
        "uses": it.uses,
        "settings": it.settings,
    }


def _database(_: "FakeHost", it: "FakeInstallation", __: Query, ___: bytes) -> Answer:
    if it.database is None:
        raise Refused(404, "This test has no database: give the fake host a PostgreSQL's address.")
    valid_until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    return 200, {
        "url": it.database.url,
        "schema": it.database.schema,
        "valid_until": valid_until,
    }


def _users(_: "FakeHost", it: "FakeInstallation", query: Query, __: bytes) -> Answer:
    people = [
        {
            "id": member.user.id,
            "name": member.user.name,
            "email": member.email,
            "is_active": True,
        }
        for member in it.people
    ]
    return 200, _page(people, "id", query)


def _files(_: "FakeHost", it: "FakeInstallation", query: Query, __: bytes) -> Answer:
    modified_at = datetime.now(UTC).isoformat()
    found = [
        {"key": key, "size": len(content), "modified_at": modified_at}
        for key, (_, content) in it.files.items()
        if key.startswith(query.get("prefix", ""))
    ]
    return 200, _page(found, "key", query)


def _events(host: "FakeHost", it: "FakeInstallation", _: Query, body: bytes) -> Answer:
    found = _document(body)
    known = host.manifest.document.get("events", {}).get("publishes", [])
    if found.get("event") not in {event["type"] for event in known}:
        raise Refused(403, "The manifest does not name this event.")
    if not isinstance(found.get("payload"), dict) or len(body) > MAX_EVENT_BYTES:
        raise Refused(400, "The payload is no object, or too large.")
    it.events.append((found["event"], found["payload"]))
    return 202, {}


def _mails(_: "FakeHost", it: "FakeInstallation", __: Query, body: bytes) -> Answer:
    found = _document(body)
    if found.get("to") not in {member.user.id for member in it.people}:
        raise Refused(400, "There is nobody of this id in the tenant.")
    it.mails.append({name: str(found.get(name)) for name in ("to", "subject", "text")})
    return 202, {}


_CALLS = {
    ("GET", "installation"): _installation,
    ("POST", "database"): _database,
    ("GET", "users"): _users,
    ("GET", "files"): _files,
    ("POST", "events"): _events,
    ("POST", "mails"): _mails,
}


def _page(rows: list[dict[str, Any]], key: str, query: Query) -> dict[str, Any]:
    """Return a page: a small one, so that a plugin that reads only the first is found out."""
    left = sorted(row[key] for row in rows if row[key] > query.get("after", ""))
    shown = left[:PAGE_SIZE]
    return {
        "results": [row for wanted in shown for row in rows if row[key] == wanted],
        "next": shown[-1] if len(left) > len(shown) else None,
    }


def _document(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Refused(400, "This is not a JSON object.")
    return found
