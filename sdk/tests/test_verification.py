"""Whether a request's context is believed."""

from typing import Any

import jwt
import pytest

from plexica_sdk.hosting.verification import ContextRefused, Verifier

SECRET = bytes(range(32))
NOW = 1_800_000_000.0
METHOD, TARGET = "GET", "/notes/?page=2"


def claims(**changes: Any) -> dict[str, Any]:
    return {
        "iss": "plexica",
        "aud": "backend-1",
        "iat": NOW,
        "exp": NOW + 30,
        "jti": "one",
        "via": "page",
        "req": {"method": METHOD, "target": TARGET, "id": "request-1"},
        "tenant": {"id": "1", "slug": "acme", "name": "Acme", "locale": "", "time_zone": "UTC"},
        "installation": "installation-1",
        "user": {"id": "2", "name": "Ada", "kind": "person", "locale": "it", "time_zone": ""},
        "permissions": ["hello:notes:read"],
        "token": "host-token",
        "csrf": "csrf-value",
    } | changes


def sign(document: dict[str, Any], secret: bytes = SECRET, **header: str) -> str:
    header = {"typ": "plexica-context+jwt"} | header
    return jwt.encode(document, secret, algorithm="HS256", headers=header)


@pytest.fixture
def verifier() -> Verifier:
    return Verifier(secret=SECRET, audience="backend-1")


def verify(verifier: Verifier, text: str, *, now: float = NOW) -> Any:
    return verifier.verify(text, method=METHOD, target=TARGET, now=now)


def test_what_it_says_is_read(verifier: Verifier) -> None:
    context = verify(verifier, sign(claims()))

    assert context.tenant.slug == "acme"
    assert context.user.name == "Ada"
    assert context.permissions == {"hello:notes:read"}
    assert (context.language, context.time_zone) == ("it", "UTC")
    assert "host-token" not in repr(context)
    assert "csrf-value" not in repr(context)


def test_the_host_itself_has_no_user(verifier: Verifier) -> None:
    context = verify(verifier, sign(claims(user=None, csrf=None, via="event")))

    assert context.user is None
    assert context.csrf == ""


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "somebody"},
        {"aud": "backend-2"},
        {"aud": ["backend-1"]},
        {"iat": NOW + 6},
        {"iat": "now"},
        {"exp": NOW},
        {"exp": NOW + 61},
        {"exp": None},
        {"req": {"method": "POST", "target": TARGET, "id": "1"}},
        {"req": {"method": METHOD, "target": "/notes/", "id": "1"}},
        {"req": {"method": METHOD, "target": TARGET}},
        {"req": None},
        {"jti": None},
        {"tenant": {"id": "1"}},
        {"user": "Ada"},
        {"permissions": "hello:notes:read"},
        {"permissions": [1]},
        {"token": None},
        {"via": None},
    ],
    ids=str,
)
def test_what_is_not_right_is_refused(verifier: Verifier, changes: dict[str, Any]) -> None:
    with pytest.raises(ContextRefused):
        verify(verifier, sign(claims(**changes)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "a.b.c",
        "é" * 10,
        sign(claims(), b"\x00" * 32),
        sign(claims(), typ="JWT"),
        sign(claims())[:-3],
        sign(claims() | {"padding": "x" * 70_000}),
        jwt.encode(claims(), None, algorithm="none", headers={"typ": "plexica-context+jwt"}),
        jwt.encode(claims(), SECRET * 2, algorithm="HS512", headers={"typ": "plexica-context+jwt"}),
    ],
    ids=lambda text: text[:12],
)
def test_what_is_not_signed_by_the_host_is_refused(verifier: Verifier, text: str) -> None:
    with pytest.raises(ContextRefused):
        verify(verifier, text)


def test_its_clock_may_be_five_seconds_ahead(verifier: Verifier) -> None:
    verify(verifier, sign(claims()), now=NOW - 5)


def test_it_is_believed_once(verifier: Verifier) -> None:
    text = sign(claims())
    verify(verifier, text)

    with pytest.raises(ContextRefused, match="used before"):
        verify(verifier, text, now=NOW + 29)


def test_a_refused_one_does_not_use_up_its_id(verifier: Verifier) -> None:
    with pytest.raises(ContextRefused):
        verifier.verify(sign(claims()), method="POST", target=TARGET, now=NOW)

    verify(verifier, sign(claims()))


def test_ids_are_remembered_as_long_as_they_count_and_no_more_than_there_is_room_for() -> None:
    verifier = Verifier(secret=SECRET, audience="backend-1", max_remembered=2)
    for name in ("one", "two"):
        verify(verifier, sign(claims(jti=name)))

    with pytest.raises(ContextRefused, match="too many"):
        verify(verifier, sign(claims(jti="three")))

    later = NOW + 30
    verify(verifier, sign(claims(jti="three", iat=later, exp=later + 30)), now=later)
