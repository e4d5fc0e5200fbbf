import pytest
from django.conf import LazySettings
from hypothesis import given
from hypothesis import strategies as st

from tenants.api.waiting import MAX_WAIT_SECONDS, _WaitingRoom, preferred_wait


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("wait=10", 10),
        ("WAIT=10", 10),
        (" wait = 10 ", 10),
        ('wait="10"', 10),
        ("wait=010", 10),
        ("wait=0", 0),
        ("wait=31", MAX_WAIT_SECONDS),
        ("wait=999999999", MAX_WAIT_SECONDS),
        ("respond-async, wait=5", 5),
        ("wait=5;x=1, wait=6", 5),
        ('foo="a;b"; c, wait=7', 7),
        ("", None),
        ("wait", None),
        ("wait=", None),
        ("wait=-1", None),
        ("wait=1.5", None),
        ('wait="5', None),
        ("wait=٣", None),
        ("await=5", None),
        ("wait=9999999999", None),
    ],
)
def test_reads_how_long_a_caller_prefers_to_wait(header: str, seconds: int | None) -> None:
    assert preferred_wait(header) == seconds


@given(st.text(max_size=2000))
def test_reads_any_header(header: str) -> None:
    assert preferred_wait(header) in {None, *range(MAX_WAIT_SECONDS + 1)}


def test_a_room_has_so_many_places_and_gets_each_back(settings: LazySettings) -> None:
    settings.PLEXICA_MAX_WAITERS = 1
    room = _WaitingRoom()
    with room.place() as first, room.place() as second:
        assert (first, second) == (True, False)
    with pytest.raises(ZeroDivisionError), room.place():
        raise ZeroDivisionError
    with room.place() as again:
        assert again
