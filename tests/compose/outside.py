"""What somebody outside meets at the proxy: names, certificates, limits, and nothing else."""

import json
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPResponse
from typing import Any

from tests.compose.podman import HOME, ComposeError
from tests.compose.stack import Stack

_SECONDS = 30
# More than the web server has threads.
_SLOW_CLIENTS = 24
_SOON_SECONDS = 3.0
_BAD_HANDSHAKES = (ssl.SSLError, ConnectionError)


class Outside:
    """A client that trusts the proxy's own authority, and knows names below localhost."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        authority = HOME / "root.crt"
        authority.write_text(
            stack.run("proxy", "cat", "/data/caddy/pki/authorities/local/root.crt"), "utf-8"
        )
        self._context = ssl.create_default_context(cafile=str(authority))

    @contextmanager
    def connected(self, host: str) -> Iterator[ssl.SSLSocket]:
        """Connect to a host, whose certificate has to be right."""
        with (
            socket.create_connection(("127.0.0.1", self._stack.port), timeout=_SECONDS) as plain,
            self._context.wrap_socket(plain, server_hostname=host) as secure,
        ):
            yield secure

    def ask(self, host: str, path: str, **headers: str) -> tuple[int, bytes]:
        """Ask for an address, and return status and body."""
        lines = [f"GET {path} HTTP/1.1", f"Host: {host}:{self._stack.port}", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        with self.connected(host) as secure:
            secure.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
            answer = HTTPResponse(secure)
            answer.begin()
            return answer.status, answer.read()


def check_outside(stack: Stack) -> list[str]:
    """See that the proxy is as it should be.

    Returns:
        What was found, a line each.

    Raises:
        ComposeError: Something is not as it should be.
    """
    outside = Outside(stack)
    expect(outside.ask("localhost", "/health")[0], 200, "the web server's health over TLS")
    issuer = f"https://auth.localhost:{stack.port}/realms/plexica"
    for forged in ({}, {"X_Forwarded_Host": "evil.example", "X_Forwarded_Proto": "http"}):
        found = _document(outside, "auth.localhost", **forged)
        expect(found["issuer"], issuer, "the issuer")
        expect(found["token_endpoint"].startswith(issuer), True, "the token's address")
    inside = stack.run(
        "web",
        *("python", "-c"),
        "import urllib.request as u; print(u.urlopen("
        "'http://keycloak:8080/realms/plexica/.well-known/openid-configuration').read().decode())",
    )
    expect(json.loads(inside)["issuer"], issuer, "the issuer as seen from inside")
    for path in ("/admin/", "/realms/master/account", "/metrics", "/health/ready"):
        expect(outside.ask("auth.localhost", path)[0], 404, f"Keycloak's {path} from outside")
    try:
        outside.ask("nobody.localhost", "/")
    except _BAD_HANDSHAKES:
        pass
    else:
        raise ComposeError("A host that is no tenant's got a certificate.")
    expect(_redirect(stack), f"https://localhost:{stack.port}/x?y=1", "the way from HTTP")
    expect(_status_of_large(outside), 413, "a body that is too large")
    took = _health_beside_slow_clients(outside)
    return [
        "certificates for known hosts only; issuer and links do not follow the request's Host",
        "the administration of Keycloak is not reached from outside; HTTP leads to HTTPS",
        f"{_SLOW_CLIENTS} clients that send bodies a byte a second: /health in {took:.2f} s",
    ]


def expect(found: object, wanted: object, what: str) -> None:
    """See that two values are the same.

    Raises:
        ComposeError: They are not.
    """
    if found != wanted:
        raise ComposeError(f"{what}: {found!r} instead of {wanted!r}.")


def _document(outside: Outside, host: str, **headers: str) -> dict[str, Any]:
    path = "/realms/plexica/.well-known/openid-configuration"
    status, body = outside.ask(host, path, **headers)
    expect(status, 200, "Keycloak's description of itself")
    found: dict[str, Any] = json.loads(body)
    return found


def _redirect(stack: Stack) -> str:
    with socket.create_connection(("127.0.0.1", stack.http_port), timeout=_SECONDS) as plain:
        plain.sendall(b"GET /x?y=1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = HTTPResponse(plain)
        answer.begin()
        return answer.headers.get("Location", "")


def _status_of_large(outside: Outside) -> int:
    with outside.connected("localhost") as secure:
        secure.sendall(
            b"POST /api/tenants HTTP/1.1\r\nHost: localhost\r\nContent-Length: 30000000\r\n"
            b"Content-Type: application/json\r\nConnection: close\r\n\r\n"
        )
        with suppress(OSError):
            for _number in range(30):
                secure.sendall(b"x" * 1_000_000)
        answer = HTTPResponse(secure)
        answer.begin()
        return answer.status


def _health_beside_slow_clients(outside: Outside) -> float:
    """Return how long the web server takes while slow clients want more threads than it has."""
    with ExitStack() as opened:
        clients = [
            opened.enter_context(outside.connected("localhost")) for _number in range(_SLOW_CLIENTS)
        ]
        for secure in clients:
            secure.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nx")
        time.sleep(1)  # a byte a second is what makes them slow
        for secure in clients:
            secure.sendall(b"x")
        started = time.monotonic()
        status, _body = outside.ask("localhost", "/health")
        took = time.monotonic() - started
    expect(status, 200, "the health beside slow clients")
    if took > _SOON_SECONDS:
        raise ComposeError(f"Slow clients hold the web server: {took:.1f} s.")
    return took
