"""Threads as the product has them: each in a copy of the caller's context."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from typing import ParamSpec, Protocol, TypeVar

from django.db import connection

P = ParamSpec("P")
R = TypeVar("R")


class Submit(Protocol):
    """Begins a function in a thread."""

    def __call__(self, act: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Begin it."""


def _give_back_connection(act: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    # A request of the web server ends so too. What a thread keeps, the pool never gets back.
    try:
        return act(*args, **kwargs)
    finally:
        connection.close()


@contextmanager
def threads(count: int) -> Iterator[Submit]:
    """Have threads that see the caller's scope, and that leave no connection behind."""
    with ThreadPoolExecutor(count) as pool:

        def submit(act: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
            return pool.submit(copy_context().run, _give_back_connection, act, *args, **kwargs)

        yield submit
