"""Which pattern covers which key, against a naive model."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexica.rbac.keys import is_key, is_pattern, matches

segments = st.from_regex(r"[a-z][a-z0-9_-]{0,5}", fullmatch=True)
keys = st.tuples(segments, segments, segments)
# Few names, so that patterns and keys meet often.
near_segments = st.sampled_from(["a", "ab", "b", "a-b", "a_"])
near_keys = st.tuples(near_segments, near_segments, near_segments)
near_patterns = st.one_of(
    st.just(("*",)),
    st.tuples(near_segments, st.just("*")),
    st.tuples(near_segments, near_segments, st.just("*")),
    near_keys,
)


def _covers(pattern: tuple[str, ...], key: tuple[str, ...]) -> bool:
    """Compare segment by segment, the wildcard standing for all that follow."""
    for position, wanted in enumerate(pattern):
        if wanted == "*":
            return True
        if position >= len(key) or key[position] != wanted:
            return False
    return len(pattern) == len(key)


@given(near_patterns, near_keys)
def test_matches_agrees_with_a_naive_model(pattern: tuple[str, ...], key: tuple[str, ...]) -> None:
    assert matches(":".join(pattern), ":".join(key)) is _covers(pattern, key)


@given(near_patterns, near_patterns, near_keys)
def test_a_covered_pattern_covers_nothing_more(
    wide: tuple[str, ...], narrow: tuple[str, ...], key: tuple[str, ...]
) -> None:
    if matches(":".join(wide), ":".join(narrow)) and matches(":".join(narrow), ":".join(key)):
        assert matches(":".join(wide), ":".join(key))


@given(keys)
def test_every_key_is_covered_by_itself_and_its_wildcards(key: tuple[str, ...]) -> None:
    namespace, resource, _action = key
    text = ":".join(key)
    assert is_key(text)
    for pattern in ("*", f"{namespace}:*", f"{namespace}:{resource}:*", text):
        assert is_pattern(pattern)
        assert matches(pattern, text)


@given(st.text(), keys)
def test_what_is_no_pattern_covers_nothing(text: str, key: tuple[str, ...]) -> None:
    if not is_pattern(text):
        assert not matches(text, ":".join(key))
        assert not matches("*", text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "*:*",
        "*:deals:read",
        "core",
        "core:",
        "core:users",
        "core:*:invite",
        "core:users:in*",
        "core:users:invite:now",
        "core:users:invite\n",
        " core:users:invite",
        "Core:users:invite",
        "core:users:1st",
        "core:us\x00ers:invite",
        "core:users:" + "a" * 50,
        "cöre:users:invite",
    ],
)
def test_malformed_patterns(text: str) -> None:
    assert not is_pattern(text)
    assert not is_key(text)


def test_a_namespace_is_not_a_prefix_of_another() -> None:
    assert not matches("core:*", "corex:users:invite")
    assert not matches("core:users:*", "core:users-old:invite")
    assert not matches("core:users:*", "core:*")
