"""What other apps put into the platform's own schema after its migrations."""

from collections.abc import Callable

from plexica.core.scope import platform_scope

_preparers: list[Callable[[], None]] = []


def register_preparer(prepare: Callable[[], None]) -> None:
    """Have something called, in the platform's scope, after each migration of its schema.

    It may be called again and must then change nothing that is right.
    """
    if prepare not in _preparers:
        _preparers.append(prepare)


def prepare_platform() -> None:
    """Call what was registered."""
    with platform_scope():
        for prepare in _preparers:
            prepare()
