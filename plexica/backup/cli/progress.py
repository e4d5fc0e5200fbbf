"""How far a backup is, where somebody looks."""

from collections.abc import Iterator
from contextlib import contextmanager

from plexica.backup.meter import Meter
from tenants.cli.output import Output

_MEGABYTE = 1_000_000


@contextmanager
def shown(output: Output) -> Iterator[Meter]:
    """Yield a meter whose counting is shown: on one line of a terminal, elsewhere by phase."""
    if not output.console.is_terminal:
        phases: list[str] = []

        def say(phase: str, _count: int) -> None:
            if phase not in phases:
                phases.append(phase)
                output.say(phase)

        yield Meter(say)
        return
    with output.console.status("") as status:

        def update(phase: str, count: int) -> None:
            status.update(f"{phase}: {count / _MEGABYTE:,.1f} MB")

        yield Meter(update)
