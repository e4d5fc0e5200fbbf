"""A realm's keys, made here and served by a small HTTP server in place of Keycloak's."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from redis.exceptions import ConnectionError as RedisConnectionError

from plexica.identity.jwt import keys
from plexica.identity.providers import Provider

ISSUER = "http://login.example/realms/acme"
AUDIENCE = "plexica-workspace"


class KeyServer:
    """Serves the public keys of a realm, and counts how often it is asked."""

    def __init__(self) -> None:
        self.key = new_key("first")
        self.published = [self.key]
        self.requests = 0
        self.status = 200
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner.requests += 1
                published = [
                    key.as_dict(private=False) | {"use": "sig", "alg": "RS256"}
                    for key in owner.published
                ]
                self.send_response(owner.status)
                self.end_headers()
                self.wfile.write(json.dumps({"keys": published}).encode())

            def log_message(self, *_args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()
        self.provider = Provider(
            realm="acme",
            issuer=ISSUER,
            internal_url=f"http://127.0.0.1:{self._server.server_port}",
            client_id=AUDIENCE,
            api_audience=AUDIENCE,
            home_url="http://acme.localhost:8000",
            read_client_secret=lambda: "secret",
        )

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def sign(
        self,
        *,
        key: RSAKey | None = None,
        header: dict[str, Any] | None = None,
        without: tuple[str, ...] = (),
        **claims: Any,
    ) -> str:
        """Return a good token, but for what is asked for."""
        signer = key or self.key
        merged = {
            name: value for name, value in (good_claims() | claims).items() if name not in without
        }
        return jwt.encode({"alg": "RS256", "kid": signer.kid} | (header or {}), merged, signer)


@cache
def new_key(kid: str, variant: str = "") -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid})


def good_claims() -> dict[str, Any]:
    now = int(time.time())
    return {
        "iss": ISSUER,
        "aud": [AUDIENCE, "account"],
        "sub": "ada",
        "azp": "robot",
        "typ": "Bearer",
        "iat": now,
        "exp": now + 300,
        "preferred_username": "service-account-robot",
        "realm_access": {"roles": ["super-admin"]},
    }


class NoRedis:
    """A cache whose server is down."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        def fail(*_args: Any, **_options: Any) -> None:
            raise RedisConnectionError(f"No Redis to {name} in.")

        return fail


@pytest.fixture
def realm(monkeypatch: pytest.MonkeyPatch) -> Iterator[KeyServer]:
    monkeypatch.setattr(keys, "cache", NoRedis())
    server = KeyServer()
    yield server
    server.stop()
    keys.forget_keys(server.provider)
