"""A check that is made before each act on the outside, for as long as a block runs.

Who works under a lease says how it is checked; who calls a server or writes to the database asks
for the check, knowing nothing of leases. It follows the context into threads that are given a copy
of it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import transaction

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


@contextmanager
def fenced_transaction() -> Iterator[None]:
    """Write in a transaction that holds the right to, so that nobody gets it before the end.

    A process that is frozen in it has lost its connection when it wakes up: PostgreSQL ends
    transactions that are idle for as long as a lease.

    Raises:
        Exception: What the check raises: whoever works here has lost the right to.
    """
    with transaction.atomic():
        check_fence()
        yield
