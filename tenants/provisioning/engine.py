"""The engine: runs the steps of a run, and takes them back in reverse when one fails for good.

It knows no server and no vendor. It writes STARTED before a step and DONE after it, so that a run
that is cut off anywhere is picked up where it was; it takes back whatever was *started*, and goes
on past a step that cannot be taken back. Steps that do not need each other run side by side. What
a run's end means for its tenant is said by its kind (`tenants.provisioning.kinds`).
"""

from collections.abc import Callable
from time import monotonic
from uuid import UUID

import structlog
from django.conf import settings
from django.db import InterfaceError, InternalError, OperationalError
from django.utils import timezone
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential_jitter,
)

from plexica.core.errors import OutwardError, TransientError
from plexica.core.fence import fenced
from tenants.claim import working_on
from tenants.metrics import STEP_SECONDS
from tenants.models import ProvisioningRun, ProvisioningStep, Tenant
from tenants.provisioning import outcome
from tenants.provisioning.kinds import Kind, kind_of
from tenants.provisioning.lease import Lease, LeaseLost, acquire, kept_alive
from tenants.provisioning.side_by_side import run_side_by_side
from tenants.states import RunState, StepState

MAX_BACKOFF_SECONDS = 16.0
UNEXPECTED_MESSAGE = "This step failed in a way that nobody foresaw; the log has the details."
# What the rows have room for.
MAX_MESSAGE = 500
DATABASE_MESSAGE = "The database did not answer."
# A server that restarts, a connection that broke, two changes to the catalog at once.
_TRANSIENT_DATABASE_ERRORS = (OperationalError, InterfaceError, InternalError)

logger = structlog.get_logger(__name__)


class StepFailed(Exception):
    """A step failed for good. `str()` may be shown."""


def run_provisioning(run_id: UUID) -> None:
    """Work on a run until it ends; do nothing if it has ended or if somebody else is at it.

    Raises:
        OperationalError: The database is away. The run stays as it is, and is picked up when the
            lease has expired.
    """
    lease = acquire(run_id)
    if lease is None:
        logger.info("run_not_taken", run=str(run_id))
        return
    run_held(lease)


def run_held(lease: Lease) -> None:
    """Work on a run that the caller has taken, until it ends or is lost.

    Raises:
        OperationalError: The database is away. The run stays as it is, and is picked up when the
            lease has expired.
    """
    with structlog.contextvars.bound_contextvars(run=str(lease.run_id), fence=lease.fence):
        try:
            with (
                kept_alive(lease),
                fenced(lease.check_from_anywhere),
                working_on(lease.run_id),
            ):
                _work(lease)
        except LeaseLost:
            logger.warning("run_lost")


def _work(lease: Lease) -> None:
    run = ProvisioningRun.objects.select_related("tenant").get(id=lease.run_id)
    kind = kind_of(run.kind)
    if run.state != RunState.ROLLING_BACK:
        outcome.mark_running(lease)
        failures = _do_actions(lease, run, kind)
        if not failures:
            outcome.succeed(lease, kind)
            return
        outcome.mark_failing(lease, kind, message=str(failures[0]))
    if kind.is_taken_back:
        _undo_actions(lease, run, kind)
    outcome.fail(lease, kind)


def _do_actions(lease: Lease, run: ProvisioningRun, kind: Kind) -> list[BaseException]:
    actions = kind.actions()
    records = {record.name: record for record in run.steps.exclude(state=StepState.DONE)}

    def act(name: str) -> None:
        _perform(
            lease,
            records[name],
            actions[name].do,
            run.tenant,
            doing=StepState.STARTED,
            done=StepState.DONE,
        )

    return run_side_by_side(
        {name: actions[name].needs for name in records},
        act,
        passes_over=StepFailed,
        goes_on=kind.goes_on,
    )


def _undo_actions(lease: Lease, run: ProvisioningRun, kind: Kind) -> None:
    actions = kind.actions()
    started = run.steps.exclude(state__in=(StepState.PENDING, StepState.UNDONE))
    records = {record.name: record for record in started.order_by("-position")}

    def act(name: str) -> None:
        undo = actions[name].undo
        if undo is None:
            raise TypeError(f"{name} cannot be taken back.")
        _perform(
            lease,
            records[name],
            undo,
            run.tenant,
            doing=StepState.UNDOING,
            done=StepState.UNDONE,
        )

    run_side_by_side(
        {
            name: frozenset(other for other in records if name in actions[other].needs)
            for name in records
        },
        act,
        passes_over=StepFailed,
        goes_on=True,
    )


def _perform(
    lease: Lease,
    record: ProvisioningStep,
    act: Callable[[Tenant], None],
    tenant: Tenant,
    *,
    doing: StepState,
    done: StepState,
) -> None:
    """Do or undo one step, again and again while its failure is transient.

    Raises:
        StepFailed: It failed for good, which is recorded.
        LeaseLost: Somebody else has the run now.
    """
    failed = StepState.FAILED if doing == StepState.STARTED else StepState.UNDO_FAILED

    def attempt() -> None:
        outcome.record_step(
            lease,
            record,
            state=doing,
            attempts=record.attempts + 1,
            started_at=record.started_at or timezone.now(),
            finished_at=None,
        )
        try:
            act(tenant)
        except _TRANSIENT_DATABASE_ERRORS as error:
            raise TransientError(DATABASE_MESSAGE) from error

    def note(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        logger.info("step_retried", step=record.name, attempt=record.attempts, exc_info=error)
        outcome.record_step(lease, record, state=doing, error_message=_words(error))

    retrying = Retrying(
        retry=retry_if_exception_type(TransientError),
        stop=stop_after_attempt(settings.PLEXICA_STEP_ATTEMPTS),
        wait=wait_exponential_jitter(
            multiplier=settings.PLEXICA_STEP_BACKOFF_SECONDS, max=MAX_BACKOFF_SECONDS
        ),
        before_sleep=note,
        reraise=True,
    )
    began = monotonic()

    def count(outcome: str) -> None:
        action = "do" if doing == StepState.STARTED else "undo"
        meter = STEP_SECONDS.labels(record.run.kind, record.name, action, outcome)
        meter.observe(monotonic() - began)

    try:
        retrying(attempt)
    except LeaseLost:
        raise
    except Exception as error:
        count("failed")
        logger.exception("step_failed", step=record.name)
        outcome.record_step(
            lease,
            record,
            state=failed,
            error_message=_words(error),
            finished_at=timezone.now(),
        )
        raise StepFailed(_words(error)) from error
    count("done")
    outcome.record_step(lease, record, state=done, error_message="", finished_at=timezone.now())


def _words(error: BaseException | None) -> str:
    return str(error)[:MAX_MESSAGE] if isinstance(error, OutwardError) else UNEXPECTED_MESSAGE
