"""Packages that are made to misbehave: what they do wrong, the test that has them says.

A backend of theirs answers what it is told to, does what it is told to, and has at its start what
`before` says. It is written against docs/plugins/contract.md, with the standard library alone.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from plexica_sdk.package import make_package, write_package
from plexica_sdk.signing import sign_package
from tests.integration.plugins.agent.running import wheel
from tests.integration.plugins.packages import Author

MANIFEST = """\
manifest = 1

[plugin]
slug = "{slug}"
name = "{name}"
version = "{version}"
description = "Does as it is told."
author = "Mallory"
licence = "Apache-2.0"

[host]
min_version = "0.1.0"
uses = [{uses}]

[runtime]
{runtime}

[[permissions]]
key = "{slug}:all:use"
label = "Use {name}"
description = "See what it says."
roles = ["member"]

[[routes]]
method = "GET"
path = "/"
permission = "{slug}:all:use"

[[routes]]
method = "GET"
path = "/say"
permission = "{slug}:all:use"

[[routes]]
method = "POST"
path = "/say"
permission = "{slug}:all:use"

[[routes]]
method = "GET"
path = "/do"
permission = "{slug}:all:use"

[[routes]]
method = "GET"
path = "/widget"
permission = "{slug}:all:use"

[[ui.navigation]]
label = "{name}"
path = "/"

[[ui.widgets]]
key = "news"
title = "News of {name}"
path = "/widget"
{migrations}
"""
COMMAND = 'command = ["python", "-m", "hello"]'
SQL = '[migrations]\nkind = "sql"\ndirectory = "migrations"'
TABLE = {"0001_notes.sql": "CREATE TABLE notes (id bigint PRIMARY KEY, words text NOT NULL);"}

SERVER = '''\
import base64, json, os, socket, sys, time, urllib.error, urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

SLUG, VERSION = os.environ["PLEXICA_PLUGIN"], os.environ["PLEXICA_VERSION"]
READY = {"contract": 1, "plugin": SLUG, "version": VERSION}
WIDGET = "<p>All is well with " + SLUG + ".</p>"
state = {"calls": 0}

#BEFORE#

def claims(request):
    payload = request.headers["Plexica-Context"].split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))

def ask(url, *, method="GET", headers=None, body=None):
    """What somebody answers, or why not."""
    request = urllib.request.Request(url, data=body, headers=headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read().decode("utf-8", "replace")[:500]
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode("utf-8", "replace")[:500]
    except OSError as error:
        return 0, str(error)

def host(path, token, *, method="GET", body=None, **headers):
    url = os.environ["PLEXICA_HOST_URL"] + path
    headers = {"Authorization": "Bearer " + token, "Content-Type": "application/json", **headers}
    return ask(url, method=method, headers=headers, body=body)

def database(token):
    import psycopg
    return psycopg.connect(json.loads(host("/database", token, method="POST")[1])["url"])

def sql(token, *statements):
    """What the database says to each statement."""
    said = []
    with database(token) as session:
        session.autocommit = True
        for statement in statements:
            try:
                session.execute(statement)
                said.append("done")
            except Exception as error:
                said.append(str(error))
    return said

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        state["calls"] += 1
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        parts = urlsplit(self.path)
        given = parse_qs(parts.query).get("what", [""])[0]
        if parts.path == "/_plexica/ready":
            self.answer(READY)
        elif parts.path == "/say":
            said = json.loads(base64.urlsafe_b64decode(given))
            if "raw" in said:
                self.wfile.write(said["raw"].encode("latin-1"))
                self.close_connection = True
            else:
                self.reply(said.get("status", 200), said.get("headers", {}), said["body"].encode())
        elif parts.path == "/do":
            code = base64.urlsafe_b64decode(given).decode()
            names = dict(globals(), request=self, me=claims(self))
            said = eval(code, names)
            text = json.dumps(said).replace("&", "&amp;").replace("<", "&lt;")
            self.reply(200, {}, ("<pre id=said>" + text + "</pre>").encode())
        elif parts.path == "/widget":
            self.reply(200, {}, WIDGET.encode())
        else:
            self.reply(200, {}, ("<p>This is " + SLUG + ".</p>").encode())

    do_POST = do_GET

    def answer(self, document):
        self.reply(200, {"Content-Type": "application/json"}, json.dumps(document).encode())

    def reply(self, status, headers, body):
        self.send_response(status)
        headers = {"Content-Type": "text/html; charset=utf-8", **headers}
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *words):
        pass

address, _, port = os.environ["PLEXICA_LISTEN"].rpartition(":")
ThreadingHTTPServer((address, int(port)), Handler).serve_forever()
'''


def misbehaving(
    author: Author,
    slug: str,
    *,
    version: str = "0.1.0",
    before: str = "",
    server: str = SERVER,
    uses: tuple[str, ...] = (),
    migrations: Mapping[str, str] | None = None,
    runtime: str = COMMAND,
) -> bytes:
    """Return the bytes of a signed package.

    Args:
        author: Who signs it.
        slug: Its slug.
        version: Its version.
        before: What its backend does before it listens; it may change what has been made by then.
        server: The backend.
        uses: What of the host it asks for.
        migrations: SQL files by name; one that makes a table, where nothing else is said.
        runtime: What the manifest says of its runtime.
    """
    files = TABLE if migrations is None else migrations
    manifest = MANIFEST.format(
        slug=slug,
        name=slug.title(),
        version=version,
        uses=", ".join(f'"{use}"' for use in uses),
        runtime=runtime,
        migrations=SQL if files else "",
    )
    modules = {
        "hello/__init__.py": "",
        "hello/__main__.py": server.replace("#BEFORE#", before),
    }
    package = make_package(
        {
            "plexica-plugin.toml": manifest.encode(),
            "wheels/hello-0.1.0-py3-none-any.whl": wheel(modules),
            **{f"migrations/{name}": text.encode() for name, text in files.items()},
        }
    )
    return write_package(sign_package(package, author.private_key))


def saying(body: str = "", **what: Any) -> str:
    """Return the path at which a backend answers so: `status`, `headers`, or all of it as `raw`."""
    said = json.dumps({"body": body, **what})
    return f"/say?what={_packed(said)}"


def doing(code: str) -> str:
    """Return the path at which a backend shows what an expression is there, in `#said`."""
    return f"/do?what={_packed(code)}"


def _packed(text: str) -> str:
    return quote(base64.urlsafe_b64encode(text.encode()).decode())
