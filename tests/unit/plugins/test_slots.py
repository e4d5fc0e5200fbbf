"""How many requests may be with backends at once."""

import threading

from plugins.gateway.slots import Slots


def test_a_backend_that_is_full_leaves_room_for_others() -> None:
    slots = Slots(per_backend=2, in_all=3)
    first = slots.take("a", wait=0)
    assert first is not None
    assert slots.take("a", wait=0) is not None
    assert slots.take("a", wait=0) is None
    assert slots.take("b", wait=0) is not None
    assert slots.take("c", wait=0) is None, "That would be too many in all."
    first()
    first()
    assert slots.take("a", wait=0) is not None
    assert slots.take("a", wait=0) is None, "What is given back twice counts once."


def test_who_waits_gets_what_becomes_free() -> None:
    slots = Slots(per_backend=1, in_all=1)
    release = slots.take("a", wait=0)
    assert release is not None
    timer = threading.Timer(0.05, release)
    timer.start()
    assert slots.take("a", wait=10) is not None
    timer.join()
