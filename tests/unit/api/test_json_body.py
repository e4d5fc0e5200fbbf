import io
import json
from contextlib import suppress
from typing import Any

import pytest
from django.http import UnreadablePostError
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ParseError

from plexica.core.json_body import StrictJSONParser

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def parse(body: bytes) -> Any:
    return StrictJSONParser().parse(io.BytesIO(body))


@given(JSON)
def test_reads_what_is_json(value: Any) -> None:
    assert parse(json.dumps(value).encode()) == value


@given(st.binary(max_size=100))
def test_reads_or_refuses_any_bytes(body: bytes) -> None:
    with suppress(ParseError):
        parse(body)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"\xff", "not UTF-8"),
        (b"", "not JSON"),
        (b'{"a": 1, "b": 2, "a": 3}', "'a' is there twice"),
        (b'[{"a": [{"x": 1, "x": 1}]}]', "'x' is there twice"),
        (b"NaN", "NaN is not a number"),
        (b"[-Infinity]", "-Infinity is not a number"),
        (b"[" * 60_000, "nested too deeply"),
        (b'{"a":' * 12_000, "nested too deeply"),
        (b"1" * 5_000, "too long"),
    ],
)
def test_says_what_is_wrong(body: bytes, words: str) -> None:
    with pytest.raises(ParseError, match=words):
        parse(body)


def test_a_body_that_breaks_off_is_the_callers_mistake() -> None:
    class Broken(io.BytesIO):
        def read(self, *_: Any) -> bytes:
            raise UnreadablePostError("gone")

    with pytest.raises(ParseError, match="ended before"):
        StrictJSONParser().parse(Broken())
