"""How many requests may be with a backend, and who waits for his turn."""

import time

from plugins.gateway.slots import STALL_SECONDS, Slots
from tests.threads import threads


def test_nobody_waits_for_a_backend_that_hangs() -> None:
    slots = Slots(per_backend=2, in_all=3)
    assert slots.take("hangs") is not None
    assert slots.take("hangs") is not None
    began = time.monotonic()
    assert slots.take("hangs", wait=60) is None
    assert time.monotonic() - began < 10 * STALL_SECONDS
    assert slots.take("other") is not None


def test_somebody_waits_where_requests_end() -> None:
    slots = Slots(per_backend=1, in_all=2)
    with threads(3) as submit:

        def ask() -> int:
            answered = 0
            for _ in range(20):
                give_back = slots.take("busy", wait=10)
                if give_back is not None:
                    time.sleep(0.005)
                    give_back()
                    answered += 1
            return answered

        assert [each.result(30) for each in [submit(ask) for _ in range(3)]] == [20, 20, 20]
