"""Running things that partly wait for each other, as many at once as may be."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait

from django.db import connection

from plexica.core.context import ContextThreadPool

MAX_AT_ONCE = 4


def run_side_by_side(
    needs: Mapping[str, frozenset[str]],
    act: Callable[[str], None],
    *,
    passes_over: type[Exception],
    goes_on: bool,
) -> list[BaseException]:
    """Call a function for each name once those that it needs have ended.

    Each call is made in a thread of its own with a copy of the context. What is running when
    something fails is waited for: a thread cannot be stopped.

    Args:
        needs: For each name, those that must have ended before it; names that are not keys count
            as ended.
        act: What to call.
        passes_over: The failure that is returned instead of raised.
        goes_on: Whether the others are begun although one has failed that way.

    Returns:
        The failures of that kind, in the order in which they came.

    Raises:
        Exception: The first failure of another kind, after all that was running has ended.
        ValueError: Some need each other in a circle.
    """
    waiting = dict(needs)
    running: dict[Future[None], str] = {}
    failures: list[BaseException] = []
    with ContextThreadPool(MAX_AT_ONCE, thread_name_prefix="step") as pool:
        while True:
            if not failures or goes_on:
                for name in _ready(waiting, running.values()):
                    del waiting[name]
                    running[pool.submit(_act_in_thread, act, name)] = name
                if waiting and not running:
                    raise ValueError(f"These wait for each other: {', '.join(sorted(waiting))}.")
            if not running:
                return failures
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                del running[future]
                if error := future.exception():
                    failures.append(error)
                    # Leaving the block waits for what is running.
                    if not isinstance(error, passes_over):
                        raise error


def _ready(waiting: Mapping[str, frozenset[str]], running: Iterable[str]) -> list[str]:
    unfinished = {*waiting, *running}
    return [name for name, needed in waiting.items() if not needed & unfinished]


def _act_in_thread(act: Callable[[str], None], name: str) -> None:
    try:
        act(name)
    finally:
        connection.close()
