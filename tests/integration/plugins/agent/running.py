"""Small plugins that run, and what waits for them."""

import base64
import hashlib
import io
import json
import time
import urllib.request
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

from plexica.core.actor import SYSTEM
from plexica_sdk.package import make_package, write_package
from plexica_sdk.signing import sign_package
from plugins.backends import want_backend
from plugins.models import Backend, Release
from plugins.services import register_release
from plugins.states import BackendState
from tests.integration.plugins.packages import MANIFEST, Author

# A backend on the standard library alone. It does at once what its package's `BEFORE` says, and
# later what it is asked to.
SERVER = """\
import json, os, socket, sys, time
from urllib.parse import quote, unquote
from urllib.request import urlopen
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

said = {"contract": 1, "plugin": os.environ["PLEXICA_PLUGIN"],
        "version": os.environ["PLEXICA_VERSION"]}
state = {"hangs": False}

#BEFORE#

def facts():
    return {"variables": dict(os.environ), "user": os.getuid(), "groups": os.getgroups(),
            "directory": os.getcwd(), "path": sys.path}

def eat(megabytes):
    try:
        state["eaten"] = bytearray(megabytes * 1024 * 1024)
    except MemoryError:
        return "too much"
    return "eaten"

def fork(most):
    for number in range(most):
        try:
            if os.fork() == 0:
                time.sleep(60)
                os._exit(0)
        except OSError:
            break
    return number

def attempt(act):
    try:
        return repr(act())
    except OSError as error:
        return str(error)

def postgres_answers(port):
    with socket.create_connection(("127.0.0.1", port), 5) as server:
        server.sendall(bytes.fromhex("0000000804d2162f"))
        return server.recv(1).decode()

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        name, _, value = self.path[1:].partition("?")
        if name == "_plexica/ready":
            while state["hangs"]:
                time.sleep(0.1)
            answer = said
        elif name == "do":
            answer = eval(unquote(value))
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass

host, _, port = os.environ["PLEXICA_LISTEN"].partition(":")
print("listening", flush=True)
ThreadingHTTPServer((host, int(port)), Handler).serve_forever()
"""


def wheel(files: Mapping[str, str]) -> bytes:
    """Return a wheel as tools build them, with the digests of its files."""
    contents = {
        **files,
        "hello-0.1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: hello\nVersion: 0.1.0\n",
        "hello-0.1.0.dist-info/WHEEL": (
            "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        ),
    }
    record = "hello-0.1.0.dist-info/RECORD"
    lines = [f"{record},,"]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in contents.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())
            lines.append(f"{name},sha256={digest.decode().rstrip('=')},{len(text.encode())}")
            archive.writestr(zipfile.ZipInfo(name), text)
        archive.writestr(zipfile.ZipInfo(record), "\n".join(lines) + "\n")
    return out.getvalue()


def registered(
    author: Author,
    *,
    slug: str = "hello",
    version: str = "0.1.0",
    before: str = "",
    command: str = '["python", "-m", "hello"]',
    image: str = "",
    memory_mb: int = 64,
    files: Mapping[str, str] | None = None,
) -> Release:
    """Register a plugin that runs; one of an image has nothing else."""
    manifest = MANIFEST.format(slug=slug, version=version, name="Hello", author="Ada").replace(
        'command = ["python", "-m", "hello"]',
        f'image = "{image}"' if image else f"command = {command}",
    )
    manifest = manifest.replace("memory_mb = 64", f"memory_mb = {memory_mb}")
    found = {
        "hello/__init__.py": "",
        "hello/__main__.py": SERVER.replace("#BEFORE#", before),
        **(files or {}),
    }
    wheels = {} if image else {"wheels/hello-0.1.0-py3-none-any.whl": wheel(found)}
    package = make_package({"plexica-plugin.toml": manifest.encode(), **wheels})
    content = write_package(sign_package(package, author.private_key))
    return register_release(content=content, actor=SYSTEM)[0]


def wanted(release: Release) -> Backend:
    """Have a release run, without waiting for it."""
    return want_backend(release=release)


def until(backend: Backend, is_so: Callable[[Backend], object], seconds: float = 30) -> Backend:
    """Wait until a backend is as it should be."""
    deadline = time.monotonic() + seconds
    while True:
        backend.refresh_from_db()
        if is_so(backend):
            return backend
        assert time.monotonic() < deadline, (
            backend.state,
            backend.last_error,
            backend.log_tail[-2000:],
        )
        time.sleep(0.05)


def until_state(backend: Backend, state: BackendState, seconds: float = 30) -> Backend:
    """Wait until a backend is in a state."""
    return until(backend, lambda found: found.state == state, seconds)


def ask(backend: Backend, expression: str) -> Any:
    """Have a backend say what an expression is there."""
    address = f"http://{backend.address}/do?{urllib.request.quote(expression)}"
    with urllib.request.urlopen(address, timeout=10) as response:
        return json.load(response)
