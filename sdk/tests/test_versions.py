"""Versions in the order of SemVer 2.0.0, against a naive model."""

from functools import cmp_to_key

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexica_sdk.versions import Version

numbers = st.integers(0, 12) | st.integers(0, 10**9 - 1)
identifiers = st.one_of(
    numbers.map(str), st.from_regex(r"[0-9]{0,2}[a-zA-Z-][0-9a-zA-Z-]{0,3}", fullmatch=True)
)
versions = st.builds(
    Version,
    st.tuples(numbers, numbers, numbers),
    st.lists(identifiers, max_size=3).map(tuple),
).filter(lambda version: len(str(version)) <= 64)


def compare(left: Version, right: Version) -> int:
    """Compare as section 11 says, word by word."""
    if left.numbers != right.numbers:
        return -1 if left.numbers < right.numbers else 1
    if not left.pre_release or not right.pre_release:
        return bool(right.pre_release) - bool(left.pre_release)
    for one, other in zip(left.pre_release, right.pre_release, strict=False):
        if one == other:
            continue
        if one.isdigit() and other.isdigit():
            return -1 if int(one) < int(other) else 1
        if one.isdigit() != other.isdigit():
            return -1 if one.isdigit() else 1
        return -1 if one < other else 1
    return len(left.pre_release) - len(right.pre_release)


def test_the_example_of_the_specification() -> None:
    ordered = [
        "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2",
        "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "2.0.0", "2.1.0", "2.1.1", "2.10.0",
    ]  # fmt: skip
    found = sorted(map(Version.parse, reversed(ordered)))
    assert [str(version) for version in found] == ordered


@given(st.lists(versions, max_size=8))
def test_they_sort_as_the_specification_says(some: list[Version]) -> None:
    assert sorted(some) == sorted(some, key=cmp_to_key(compare))
    by_bytes = sorted(some, key=lambda version: version.sort_key.encode("ascii"))
    assert by_bytes == sorted(some)


@given(versions)
def test_a_version_reads_as_it_was_written(version: Version) -> None:
    assert Version.parse(str(version)) == version


@pytest.mark.parametrize(
    "text",
    [
        "", "1", "1.0", "1.0.0.0", "01.0.0", "1.00.0", "v1.0.0", "1.0.0-", "1.0.0-01", "1.0.0-a..b",
        "1.0.0+build", "1.0.0\n", " 1.0.0", "1.0.0-é", "1.0.٣", "1.0.0000000000", "1.0.1000000000",
        "1.0.0-" + "a" * 60,
    ],
)  # fmt: skip
def test_what_is_no_version(text: str) -> None:
    with pytest.raises(ValueError, match="Write a version"):
        Version.parse(text)
