"""Following a run until it ends: live on a terminal, line by line elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from django.db import connection
from rich.console import Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from plexica.core.context import start_thread
from plexica.core.scope import platform_scope
from tenants.cli.output import Output
from tenants.models import ProvisioningRun, ProvisioningStep
from tenants.provisioning.engine import run_provisioning
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
    hint = _Hint(output)
    with _worked_on_here(run) if is_here else nullcontext():
        if output.console.is_terminal:
            return _follow_live(run, output, deadline, hint)
        return _follow_in_lines(run, output, deadline, hint)


class _Hint:
    """Says once that nobody works on a run, with what may be done about it."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._since = time.monotonic()
        self._is_given = False

    def consider(self, run: ProvisioningRun) -> None:
        is_untaken = run.state == RunState.QUEUED
        if is_untaken and not self._is_given and self._since + UNTAKEN_SECONDS < time.monotonic():
            self._is_given = True
            self._output.complain(
                "No worker has taken this up yet. Is the provisioner running? Interrupt this, and"
                " add --here to the next command to do without one; or wait."
            )


def _follow_live(
    run: ProvisioningRun, output: Output, deadline: float, hint: _Hint
) -> ProvisioningRun:
    spinner = Spinner("dots")
    with Live(console=output.console, refresh_per_second=10) as live:
        while True:
            run = get_run(tenant=run.tenant, run_id=run.id)
            hint.consider(run)
            live.update(_picture(run, spinner))
            if run.is_finished or time.monotonic() > deadline:
                return run
            time.sleep(POLL_SECONDS)


def _picture(run: ProvisioningRun, spinner: Spinner) -> Group:
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


def _follow_in_lines(
    run: ProvisioningRun, output: Output, deadline: float, hint: _Hint
) -> ProvisioningRun:
    said: dict[str, str] = {}
    while True:
        run = get_run(tenant=run.tenant, run_id=run.id)
        hint.consider(run)
        for step in run.steps.all():
            line = _line(step)
            if step.state != StepState.PENDING and said.get(step.name) != line:
                said[step.name] = line
                output.say(line)
        if run.is_finished or time.monotonic() > deadline:
            return run
        time.sleep(POLL_SECONDS)


def _line(step: ProvisioningStep) -> str:
    words = f"{step.label}: {StepState(step.state).label}"
    if step.finished_at is not None:
        words += f" ({step.seconds:.1f} s)"
    return f"{words} {step.error_message}".rstrip()


@contextmanager
def _worked_on_here(run: ProvisioningRun) -> Iterator[None]:
    """Work on a run in a thread; if a worker has taken it first, leave it to that."""

    def work() -> None:
        try:
            with platform_scope():
                run_provisioning(run.id)
        finally:
            connection.close()

    thread = start_thread(work, name="run-here")
    try:
        yield
    finally:
        thread.join()
