"""Times checks of bearer tokens: `python -m bench._tokens COUNT`, JSON last.

It runs by itself, since it needs Django's settings.
"""

import json
import os
import sys
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any

import jwt
import requests

from bench._permissions import OTHER_CHECKS, Check, figures

WARM_CHECKS = 20_000


def main() -> None:
    """Measure, and print the figures."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "plexica.settings"
    import django  # noqa: PLC0415 (after the settings)

    django.setup()
    from bench import _tokens_plexica  # noqa: PLC0415 (after the set-up)

    print(json.dumps(_tokens_plexica.measure(int(sys.argv[1]))))


def with_unknown_key(token: str) -> str:
    """Return a token whose header names a key that no realm has."""
    header = json.dumps({"alg": "RS256", "typ": "JWT", "kid": "unknown"}).encode()
    return ".".join([urlsafe_b64encode(header).rstrip(b"=").decode(), *token.split(".")[1:]])


def measure_pyjwt(
    tokens: list[str], *, keys_url: str, issuer: str, audience: str
) -> dict[str, dict[str, float]]:
    """Return the figures of PyJWT, which checks what Plexica checks.

    Args:
        tokens: The tokens.
        keys_url: Where the realm publishes its keys.
        issuer: The realm that they must name.
        audience: Whom they must be for.
    """

    def check(token: str, key: Any) -> bool:
        options: Any = {"require": ["exp", "iat", "sub", "aud", "iss", "azp", "typ"]}
        claims = jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            issuer=issuer,
            audience=audience,
            leeway=30,
            options=options,
        )
        return bool(claims["typ"] == "Bearer")

    client = jwt.PyJWKClient(keys_url, cache_jwk_set=False, cache_keys=False)
    key = client.get_signing_key_from_jwt(tokens[0])
    return {
        "pyjwt_keys_at_hand": figures(checks_of(tokens, lambda each: check(each, key)), 2000),
        "pyjwt_no_cache": figures(
            checks_of(tokens, lambda each: check(each, client.get_signing_key_from_jwt(each))),
            OTHER_CHECKS,
        ),
    }


def checks_of(
    tokens: list[str], check: Callable[[str], Any], before: Callable[[str], None] | None = None
) -> Iterator[Check]:
    """Yield the check of one token after the other.

    Args:
        tokens: The tokens, which come again and again.
        check: What is timed.
        before: What is done first, untimed.
    """
    for token in cycle(tokens):
        if before is not None:
            before(token)
        yield lambda token=token: check(token)  # type: ignore[misc]


def ask_token(url: str, client_id: str, secret: str) -> str:
    """Return a token of a service account, as a program gets it."""
    answer = requests.post(
        url,
        data={"grant_type": "client_credentials"},
        auth=(client_id, secret),
        timeout=30,
    )
    answer.raise_for_status()
    return str(answer.json()["access_token"])


if __name__ == "__main__":
    main()
