"""Whatever comes in, the answer is a refusal in words or what was asked for, never a failure."""

import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tenants.models import Tenant
from tests.integration.api.conftest import PREFIX, TENANTS, Api

NUMBERS = st.integers() | st.floats()
TEXTS = st.text(max_size=40) | st.sampled_from(["", "\0", "\ud800", "x" * 300, "a@b.example"])
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
SLUGS = st.from_regex(r"[a-z0-9-]{0,34}", fullmatch=True).map(lambda rest: PREFIX + rest)
ALMOST = st.fixed_dictionaries(
    {"slug": SLUGS | ANYTHING, "name": TEXTS | ANYTHING, "owner_email": st.emails() | ANYTHING},
    optional={"contact_email": st.emails() | ANYTHING, "more": ANYTHING},
)
HEADERS = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=300)


def check(answer: Any, *accepted: int) -> None:
    assert answer.status_code in accepted or 400 <= answer.status_code < 500, answer.content
    if answer.status_code >= 400:
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code
    Tenant.objects.filter(slug__startswith=PREFIX).delete()


@settings(max_examples=60, deadline=None)
@given(body=ANYTHING | ALMOST)
@example(body={"slug": "api-x", "name": "x", "owner_email": "a@b.example", "contact_email": ""})
def test_any_json_as_a_new_tenant(token: str, body: Any) -> None:
    check(Api(token).post(body), 202)


@settings(max_examples=40, deadline=None)
@given(body=st.binary(max_size=200) | ANYTHING.map(lambda value: json.dumps(value).encode()[:-1]))
def test_any_bytes_as_a_new_tenant(token: str, body: bytes) -> None:
    check(Api(token).send("POST", TENANTS, body))


@settings(max_examples=30, deadline=None)
@given(body=ANYTHING, if_match=HEADERS)
def test_any_json_as_a_change(token: str, body: Any, if_match: str) -> None:
    api = Api(token)
    api.post({"slug": "api-x", "name": "x", "owner_email": "a@b.example"})
    check(api.patch(f"{TENANTS}/api-x", body, if_match=if_match), 200)


@settings(max_examples=40, deadline=None)
@given(key=HEADERS, prefer=HEADERS)
@example(key="k", prefer="wait=0")
@example(key="k", prefer='wait="0";x, foo=",", wait=')
def test_any_headers(token: str, key: str, prefer: str) -> None:
    body = {"slug": "api-x", "name": "x", "owner_email": "a@b.example"}
    check(Api(token).post(body, idempotency_key=key, prefer=prefer), 202)
