"""What `bench._gateway` does once Django is set up."""

import http.client
import secrets
import socket
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.test import Client
from django.utils import timezone

from bench._processes import cpu_seconds, processes_of
from deploy.local.instance import CHECKOUT
from plexica.core.actor import SYSTEM
from plexica.core.crypto import encrypt
from plexica.core.scope import platform_scope
from plexica.identity.models import BrowserSession, User
from plexica.rbac.services import assign_role
from plexica.rbac.system_roles import OWNER
from plugins.models import Backend, Installation, Plugin, Release, TrustedKey
from plugins.states import BackendState, InstallationState
from tenants.epochs import raise_epoch
from tenants.models import Tenant
from tenants.scopes import tenant_scope

LOOPBACK = "127.0.0.1"
WARM_UP = 100
THREADS = 8
_READY_SECONDS = 20
_SLUG = "bench"
_MANIFEST = {
    "manifest": 1,
    "plugin": {
        "slug": _SLUG,
        "name": "Bench",
        "version": "1.0.0",
        "description": "Answers.",
        "author": "Bench",
        "licence": "Apache-2.0",
    },
    "host": {"min_version": "0.1.0"},
    "runtime": {"command": ["bench"]},
    "permissions": [
        {"key": "bench:list:read", "label": "Read the list", "description": "See the list."}
    ],
    "routes": [{"method": "GET", "path": "/", "permission": "bench:list:read"}],
}


@dataclass(frozen=True, slots=True)
class Way:
    """A way to the backend.

    Attributes:
        name: What it is called.
        port: Where it is on loopback.
        path: What is asked for.
        headers: With what.
        status: The status that it answers with.
    """

    name: str
    port: int
    path: str
    headers: dict[str, str]
    status: int = HTTPStatus.OK


def measure(*, rounds: int, seconds: int) -> dict[str, dict[str, float]]:
    """Ask the backend in each way, in turns; then each way by itself, and under load.

    Args:
        rounds: How often each is asked.
        seconds: How long each is under load.
    """
    with ExitStack() as stack:
        backend = stack.enter_context(_granian())
        caddy = stack.enter_context(_caddy(backend))
        ways = [
            Way("direct", backend, "/", {"Plexica-Context": "x" * 900}),
            Way("caddy", caddy, "/", {"Plexica-Context": "x" * 900}),
            *_through_gateway(backend),
        ]
        times = _in_turns(ways, rounds)
        web = {way.name: _web_seconds(way, max(rounds // 4, 1)) for way in ways}
        rates = {way.name: _rate(way, seconds) for way in ways}
    figures = {}
    for way in ways:
        p50, p95 = _figures(times[way.name])
        direct50, direct95 = _figures(times["direct"])
        figures[way.name] = {
            "p50_ms": round(p50, 3),
            "p95_ms": round(p95, 3),
            "added_p50_ms": round(p50 - direct50, 3),
            "added_p95_ms": round(p95 - direct95, 3),
            "per_second": round(rates[way.name]),
            "web_cpu_ms": round(web[way.name] * 1000, 2),
        }
    return figures


def _through_gateway(backend: int) -> list[Way]:
    with platform_scope():
        tenant = Tenant.objects.get(slug="acme")
        key = TrustedKey.objects.create(name="Bench", public_key="-", fingerprint="-", added_by="-")
        plugin = Plugin.objects.create(slug=_SLUG, name="Bench", author="Bench")
        release = Release.objects.create(
            plugin=plugin,
            version="1.0.0",
            version_key="1",
            digest=secrets.token_hex(32),
            manifest=_MANIFEST,
            key=key,
            size=0,
            registered_by="Bench",
        )
        Backend.objects.create(
            release=release,
            state=BackendState.READY,
            address=f"{LOOPBACK}:{backend}",
            ciphertext=encrypt(secrets.token_urlsafe(32)),
            ready_at=timezone.now(),
        )
        Installation.objects.create(
            tenant=tenant,
            plugin=plugin,
            release=release,
            state=InstallationState.ENABLED,
            installed_by="Bench",
        )
    host = f"acme.{settings.PLEXICA_BASE_DOMAIN}{settings.PLEXICA_PORT_SUFFIX}"
    with tenant_scope(tenant):
        with transaction.atomic():
            raise_epoch()
        user = User.objects.create(
            issuer="http://bench", subject=uuid.uuid4().hex, first_name="Ada", email="a@b.example"
        )
        assign_role(holder=user, role=OWNER, actor=SYSTEM)
        client = Client(headers={"host": host})
        client.force_login(user)
        session = client.cookies["session"].value
        # What a login leaves, and what a browser has once a page was shown.
        BrowserSession.objects.create(session_id=session, user=user)
    form = secrets.token_hex(16)
    headers = {"Host": host, "Cookie": f"session={session}; csrf={form}"}
    port = settings.PLEXICA_PORT
    return [
        # What the host takes to know who asks, without a backend behind it.
        Way("host, nothing there", port, f"/x/{_SLUG}/nowhere", headers, HTTPStatus.NOT_FOUND),
        Way("gateway, fragment", port, f"/x/{_SLUG}/", {**headers, "HX-Request": "true"}),
        Way("gateway, page", port, f"/x/{_SLUG}/", headers),
    ]


def _in_turns(ways: list[Way], rounds: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {way.name: [] for way in ways}
    connections = {way.name: http.client.HTTPConnection(LOOPBACK, way.port) for way in ways}
    for number in range(WARM_UP + rounds):
        for way in ways:
            seconds = _ask(connections[way.name], way)
            if number >= WARM_UP:
                times[way.name].append(seconds)
    return times


def _ask(connection: http.client.HTTPConnection, way: Way) -> float:
    began = time.perf_counter()
    connection.request("GET", way.path, headers=way.headers)
    answer = connection.getresponse()
    answer.read()
    elapsed = time.perf_counter() - began
    if answer.status != way.status:
        raise RuntimeError(f"{way.name}: {answer.status}")
    return elapsed


def _web_seconds(way: Way, requests: int) -> float:
    """Return the processor time that the web server takes for a request, whatever else runs."""
    web = processes_of("plexica.wsgi:application", str(settings.PLEXICA_PORT))
    connection = http.client.HTTPConnection(LOOPBACK, way.port)
    before = cpu_seconds(web)
    for _each in range(requests):
        _ask(connection, way)
    return (cpu_seconds(web) - before) / requests


def _rate(way: Way, seconds: int) -> float:
    counts = [0] * THREADS
    until = time.perf_counter() + seconds

    def ask(number: int) -> None:
        connection = http.client.HTTPConnection(LOOPBACK, way.port)
        while time.perf_counter() < until:
            _ask(connection, way)
            counts[number] += 1

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(THREADS)]  # noqa: TID251 (they need no scope)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds


def _figures(seconds: list[float]) -> tuple[float, float]:
    return statistics.median(seconds) * 1000, statistics.quantiles(seconds, n=20)[-1] * 1000


@contextmanager
def _granian() -> Iterator[int]:
    port = _free_port()
    granian = Path(sysconfig.get_path("scripts")) / "granian"
    command = [
        *(sys.executable, str(granian), "--interface", "wsgi"),
        *("bench._gateway_backend:application", "--host", LOOPBACK, "--port", str(port)),
        *("--workers", "1", "--blocking-threads", "8", "--log-level", "warning"),
    ]
    with _running(command, port):
        yield port


@contextmanager
def _caddy(backend: int) -> Iterator[int]:
    port = _free_port()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "Caddyfile"
        config.write_text(
            f"{{\n  admin off\n  auto_https off\n  persist_config off\n}}\n"
            f"http://{LOOPBACK}:{port} {{\n  reverse_proxy {LOOPBACK}:{backend}\n}}\n"
        )
        caddy = Path(sysconfig.get_path("scripts")) / "caddy"
        # It would write into the checkout.
        command = [
            "env",
            f"XDG_DATA_HOME={folder}",
            str(caddy),
            "run",
            "--adapter",
            "caddyfile",
            "--config",
            str(config),
        ]
        with _running(command, port):
            yield port


@contextmanager
def _running(command: list[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(command, cwd=CHECKOUT, stderr=subprocess.DEVNULL)  # noqa: S603 (ours)
    try:
        until = time.monotonic() + _READY_SECONDS
        while True:
            try:
                socket.create_connection((LOOPBACK, port), timeout=1).close()
                break
            except OSError:
                if time.monotonic() > until or process.poll() is not None:
                    raise
                time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(10)


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind((LOOPBACK, 0))
        port: int = listening.getsockname()[1]
        return port
