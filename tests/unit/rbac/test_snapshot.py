"""A snapshot answers as the pure function of keys and patterns does."""

from hypothesis import given
from hypothesis import strategies as st

from plexica.rbac.keys import matches
from plexica.rbac.snapshot import NOTHING, Snapshot

_SEGMENTS = st.sampled_from(["a", "b", "crm", "*", "", "A", "x" * 60, "a-b"])
_TEXTS = st.lists(_SEGMENTS, min_size=1, max_size=4).map(":".join)


@given(grants=st.frozensets(_TEXTS, max_size=6), permission=_TEXTS)
def test_it_agrees_with_the_rule(grants: frozenset[str], permission: str) -> None:
    expected = any(matches(grant, permission) for grant in grants)
    assert Snapshot(roles=frozenset(), grants=grants).allows(permission) is expected


def test_nothing_allows_nothing() -> None:
    assert not NOTHING.allows("core:users:invite")
    assert not NOTHING.allows("*")
    assert NOTHING.allows_all([])
