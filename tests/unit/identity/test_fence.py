"""Who has lost the right to act calls Keycloak no more."""

import pytest

from plexica.core.fence import fenced
from plexica.identity.keycloak.tokens import ServiceAccount, get_token
from plexica.identity.keycloak.transport import Transport
from tests.unit.identity.conftest import KeyServer


class Lost(Exception):
    pass


def lose() -> None:
    raise Lost


def test_call_after_the_fence_is_lost_is_not_sent(realm: KeyServer) -> None:
    transport = Transport(realm.provider.internal_url)
    with fenced(lose), pytest.raises(Lost):
        transport.call("GET", "/certs")
    assert realm.requests == 0
    assert transport.call("GET", "/certs").body["keys"]
    assert realm.requests == 1


def test_call_is_sent_while_the_fence_holds(realm: KeyServer) -> None:
    asked: list[int] = []
    with fenced(lambda: asked.append(1)):
        Transport(realm.provider.internal_url).call("GET", "/certs")
    assert (len(asked), realm.requests) == (1, 1)


def test_token_is_not_asked_for_after_the_fence_is_lost(realm: KeyServer) -> None:
    account = ServiceAccount(realm.provider.internal_url, "acme", "client", "secret")
    with fenced(lose), pytest.raises(Lost):
        get_token(account)
