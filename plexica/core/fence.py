"""A check that is made before each act on the outside, for as long as a block runs.

Who works under a lease says how it is checked; who calls a server asks for the check, knowing
nothing of leases. It follows the context into threads that are given a copy of it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_check: ContextVar[Callable[[], None] | None] = ContextVar("fence", default=None)


@contextmanager
def fenced(check: Callable[[], None]) -> Iterator[None]:
    """Have a check made before each outward act of a block.

    Args:
        check: Raises when nothing may be done any more. It is called in whatever scope and
            transaction the act is in.
    """
    token = _check.set(check)
    try:
        yield
    finally:
        _check.reset(token)


def check_fence() -> None:
    """Make the check of the block that this is called in; without one, do nothing.

    Raises:
        Exception: What the check raises: whoever works here has lost the right to.
    """
    check = _check.get()
    if check is not None:
        check()
