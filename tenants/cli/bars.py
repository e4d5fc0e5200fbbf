"""How far something is, where somebody looks."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.progress import TimeRemainingColumn as TimeLeftColumn

from tenants.cli.output import Output


@contextmanager
def progress_bar(output: Output, label: str) -> Iterator[Any]:
    """Show how far something is and how long it may take, where somebody looks."""
    if not output.console.is_terminal:
        yield lambda _done, _total: None
        return
    columns = (TextColumn(label), BarColumn(), MofNCompleteColumn(), TimeLeftColumn())
    with Progress(*columns, console=output.console, transient=True) as progress:
        task: TaskID = progress.add_task(label, total=None)

        def advance(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        yield advance
