"""Following a run until it ends: live on a terminal, line by line elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext

from django.db import connection
from rich.console import Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from tenants.cli.here import DATABASE_AWAY, worked_on_here
from tenants.cli.output import Output
from tenants.models import ProvisioningRun, ProvisioningStep
from tenants.selectors import get_run
from tenants.states import RunKind, RunState, StepState

POLL_SECONDS = 0.2
# A worker that is there takes a run up well before.
UNTAKEN_SECONDS = 15
_MARKS = {
    StepState.PENDING: ("·", "dim"),
    StepState.DONE: ("✓", "green"),
    StepState.FAILED: ("✗", "red"),
    StepState.UNDONE: ("↩", "yellow"),
    StepState.UNDO_FAILED: ("✗", "red"),
}


def follow(
    run: ProvisioningRun, output: Output, *, seconds: float, is_here: bool = False
) -> ProvisioningRun:
    """Show a run's steps until it has ended, or until it has been waited for long enough.

    Args:
        run: The run.
        output: Where to show them.
        seconds: How long to wait at most, unless this process works on it.
        is_here: Whether this process works on it, beside whatever workers there are.

    Returns:
        The run as it is now.
    """
    deadline = float("inf") if is_here else time.monotonic() + seconds
    show_all = _show_live if output.console.is_terminal else _show_in_lines
    with worked_on_here(run) if is_here else nullcontext(_nothing) as check:
        return show_all(_looks(run, _Remarks(output), deadline, check), output, run)


def _nothing() -> None:
    """Stand for a check where nothing can go wrong here."""


class _Remarks:
    """Says, once each, what keeps a run from going on, with what may be done about it."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._since = time.monotonic()
        self._made: set[str] = set()

    def consider(self, run: ProvisioningRun) -> None:
        """Remark that nobody has taken a run up, when a worker would have."""
        if run.state == RunState.QUEUED and self._since + UNTAKEN_SECONDS < time.monotonic():
            self._make(
                "No worker has taken this up yet. Is the provisioner running? To do without one,"
                f" interrupt this and call `manage.py tenant retry {run.tenant.slug} --here`."
            )

    def database_is_away(self) -> None:
        """Remark that nothing can be seen for now."""
        self._make("The database does not answer. What was begun goes on when it does.")

    def _make(self, text: str) -> None:
        if text not in self._made:
            self._made.add(text)
            self._output.complain(text)


def _looks(
    run: ProvisioningRun, remarks: _Remarks, deadline: float, check: Callable[[], None]
) -> Iterator[ProvisioningRun]:
    """Yield a run as it is, again and again, until it has ended or time is up."""
    while True:
        try:
            run = get_run(tenant=run.tenant, run_id=run.id)
        except DATABASE_AWAY:
            connection.close()
            remarks.database_is_away()
        else:
            yield run
            remarks.consider(run)
        if run.is_finished or time.monotonic() > deadline:
            return
        check()
        time.sleep(POLL_SECONDS)


def _show_live(
    looks: Iterator[ProvisioningRun], output: Output, run: ProvisioningRun
) -> ProvisioningRun:
    spinner = Spinner("dots")
    with Live(console=output.console, refresh_per_second=10) as live:
        for now in looks:
            run = now
            live.update(picture(now, spinner))
    return run


def picture(run: ProvisioningRun, spinner: Spinner) -> Group:
    """Return a run and its steps as a terminal shows them."""
    table = Table.grid(padding=(0, 1))
    for step in run.steps.all():
        mark, style = _MARKS.get(StepState(step.state), ("", ""))
        table.add_row(
            Text(mark, style=style) if mark else spinner,
            Text(str(step.label), style="dim" if step.state == StepState.PENDING else ""),
            Text("" if step.seconds is None else f"{step.seconds:.1f} s", style="dim"),
            Text(step.error_message, style="yellow"),
        )
    words = f"{RunKind(run.kind).label} of {run.tenant.slug}: {RunState(run.state).label}"
    return Group(Text(words, style="bold"), table)


def _show_in_lines(
    looks: Iterator[ProvisioningRun], output: Output, run: ProvisioningRun
) -> ProvisioningRun:
    said: dict[str, str] = {}
    for now in looks:
        run = now
        for step in now.steps.all():
            line = _line(step)
            if step.state != StepState.PENDING and said.get(step.name) != line:
                said[step.name] = line
                output.say(line)
    return run


def _line(step: ProvisioningStep) -> str:
    words = f"{step.label}: {StepState(step.state).label}"
    if step.finished_at is not None:
        words += f" ({step.seconds:.1f} s)"
    return f"{words} {step.error_message}".rstrip()
