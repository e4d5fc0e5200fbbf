"""What is accepted as a bearer token: only what the realm signed, for us, and for now."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plexica.identity.jwt.bearer import realm_roles, validate_bearer
from plexica.identity.jwt.errors import TokenRefused
from plexica.identity.jwt.tokens import MAX_TOKEN_BYTES, read_token
from plexica.identity.principals import principal_of
from tests.unit.identity.conftest import KeyServer, good_claims, new_key


def encode(part: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def refuse(realm: KeyServer, token: str) -> str:
    with pytest.raises(TokenRefused) as refused:
        validate_bearer(token, realm.provider)
    return refused.value.detail


def test_good_token_is_accepted(realm: KeyServer) -> None:
    claims = validate_bearer(realm.sign(), realm.provider)
    assert claims["sub"] == "ada"
    assert realm_roles(claims) == {"super-admin"}


def test_one_audience_as_a_word_is_accepted(realm: KeyServer) -> None:
    assert validate_bearer(realm.sign(aud="plexica-workspace"), realm.provider)


@pytest.mark.parametrize("alg", ["none", "None", "NONE", ""])
def test_unsigned_is_refused(realm: KeyServer, alg: str) -> None:
    header = encode({"alg": alg, "kid": "first", "typ": "JWT"})
    for signature in ("", "x"):
        refuse(realm, f"{header}.{encode(good_claims())}.{signature}")


@pytest.mark.parametrize("form", ["pem", "der", "jwk"])
def test_hs256_with_the_public_key_as_its_secret_is_refused(realm: KeyServer, form: str) -> None:
    secrets = {
        "pem": realm.key.as_pem(private=False),
        "der": realm.key.as_der(private=False),
        "jwk": json.dumps(realm.key.as_dict(private=False)).encode(),
    }
    signed = f"{encode({'alg': 'HS256', 'kid': 'first'})}.{encode(good_claims())}"
    digest = hmac.new(secrets[form], signed.encode(), hashlib.sha256).digest()
    refuse(realm, f"{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}")


@pytest.mark.parametrize("alg", ["RS384", "RS512", "PS256"])
def test_other_algorithm_of_the_same_key_is_refused(realm: KeyServer, alg: str) -> None:
    from joserfc import jwt  # noqa: PLC0415 (only this test signs by other algorithms)

    refuse(
        realm, jwt.encode({"alg": alg, "kid": "first"}, good_claims(), realm.key, algorithms=[alg])
    )


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "exp", "iat", "azp", "typ"])
def test_missing_claim_is_refused(realm: KeyServer, claim: str) -> None:
    refuse(realm, realm.sign(without=(claim,)))


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "http://login.example/realms/globex"},
        {"iss": "http://login.example/realms/acme/"},
        {"iss": ["http://login.example/realms/acme"]},
        {"aud": "plexica-api"},
        {"aud": ["account"]},
        {"aud": []},
        {"aud": {"plexica-workspace": True}},
        {"typ": "ID"},
        {"typ": "Refresh"},
        {"typ": ["Bearer"]},
        {"azp": ""},
        {"azp": 7},
        {"azp": ["robot"]},
        {"sub": ""},
        {"sub": 7},
        {"exp": "tomorrow"},
        {"exp": None},
        {"exp": True},
        {"iat": "now"},
        {"nbf": "now"},
    ],
)  # fmt: skip
def test_wrong_claim_is_refused(realm: KeyServer, claims: dict[str, Any]) -> None:
    refuse(realm, realm.sign(**claims))


def test_not_a_number_never_expires_and_is_refused(realm: KeyServer) -> None:
    refuse(realm, realm.sign(exp=float("nan")))
    refuse(realm, realm.sign(exp=float("inf")))


@pytest.mark.parametrize("claim", ["exp", "iat", "nbf"])
def test_clocks_may_differ_by_half_a_minute(realm: KeyServer, claim: str) -> None:
    now = int(time.time())
    sign = -1 if claim == "exp" else 1
    assert validate_bearer(realm.sign(**{claim: now + sign * 20}), realm.provider)
    refuse(realm, realm.sign(**{claim: now + sign * 45}))


def test_expired_says_so(realm: KeyServer) -> None:
    assert "expired" in refuse(realm, realm.sign(exp=int(time.time()) - 60))


def test_oversized_is_refused_before_keys_are_fetched(realm: KeyServer) -> None:
    refuse(realm, realm.sign(more="x" * MAX_TOKEN_BYTES))
    assert realm.requests == 0


def test_other_key_under_a_known_id_is_refused(realm: KeyServer) -> None:
    refuse(realm, realm.sign(key=new_key("first", "other")))


@pytest.mark.parametrize(
    "header", [{"kid": None}, {"kid": 7}, {"kid": ["first"]}, {"crit": ["exp"], "exp": 1},
               {"jwk": {"kty": "RSA"}}, {"jku": "http://evil.example/"}],
)  # fmt: skip
def test_odd_headers_are_refused_or_ignored_but_never_followed(
    realm: KeyServer, header: dict[str, Any]
) -> None:
    stranger = new_key("stranger")
    signed = f"{encode({'alg': 'RS256', 'kid': 'first'} | header)}.{encode(good_claims())}"
    from joserfc.jws import JWSRegistry  # noqa: PLC0415 (only this test signs by hand)

    signature = JWSRegistry.algorithms["RS256"].sign(signed.encode(), stranger)
    refuse(realm, f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}")


def test_id_token_needs_this_client_as_its_audience(realm: KeyServer) -> None:
    good = realm.sign(typ="ID", aud="plexica-workspace", azp="plexica-workspace")
    assert read_token(good, provider=realm.provider, audience="plexica-workspace", kind="ID")
    with pytest.raises(TokenRefused):
        read_token(realm.sign(), provider=realm.provider, audience="plexica-workspace", kind="ID")


@settings(
    max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(st.text(max_size=200))
def test_junk_is_refused_and_never_fails(realm: KeyServer, junk: str) -> None:
    refuse(realm, junk)


@settings(
    max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(position=st.integers(min_value=0), by=st.integers(min_value=1, max_value=63))
def test_a_changed_letter_is_refused(realm: KeyServer, position: int, by: int) -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    token = realm.sign(iat=1, exp=int(time.time()) + 300)
    # The last letter of a signature has bits that stand for nothing.
    at = position % (len(token) - 1)
    if token[at] == ".":
        return
    letter = alphabet[(alphabet.index(token[at]) + by) % 64]
    refuse(realm, token[:at] + letter + token[at + 1 :])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@settings(
    max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(st.sampled_from(["iss", "aud", "typ", "sub", "exp", "iat", "nbf", "azp"]), json_values)
def test_signed_oddities_end_in_acceptance_or_refusal(
    realm: KeyServer, claim: str, value: Any
) -> None:
    try:
        claims = validate_bearer(realm.sign(**{claim: value}), realm.provider)
    except TokenRefused:
        return
    # What comes through has the types that everything after this relies on.
    assert claims["iss"] == realm.provider.issuer
    assert isinstance(claims["sub"], str)
    assert isinstance(claims["azp"], str)
    assert claims["typ"] == "Bearer"


@given(st.dictionaries(st.sampled_from(["realm_access", "sub"]), json_values))
def test_roles_of_any_claims(claims: dict[str, Any]) -> None:
    assert all(isinstance(role, str) for role in realm_roles(claims))


def test_service_account_is_known_by_its_client() -> None:
    principal = principal_of(good_claims())
    assert (principal.actor.kind, principal.actor.id) == ("service_account", "robot")
    assert principal.actor.roles == {"super-admin"}


def test_person_is_known_by_their_subject() -> None:
    principal = principal_of(good_claims() | {"preferred_username": "ada"})
    assert (principal.actor.kind, principal.actor.id, principal.actor.name) == (
        "user",
        "ada",
        "ada",
    )
