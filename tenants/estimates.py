"""How long a run is likely to take, from those of its kind that went well before it."""

from dataclasses import dataclass
from statistics import median

from django.utils import timezone

from tenants.models import ProvisioningRun
from tenants.states import RunState

PAST_RUNS = 20


@dataclass(frozen=True, slots=True)
class Estimate:
    """What past runs say about one that is under way.

    Attributes:
        usual_seconds: How long half of them took at most; None if there has been none.
        seconds_left: How long this one would still take; None while it has not started, when it
            takes longer than usual, or if there has been none before.
        is_late: Whether it takes longer than usual.
    """

    usual_seconds: float | None = None
    seconds_left: float | None = None
    is_late: bool = False


def estimate(run: ProvisioningRun) -> Estimate | None:
    """Return what past runs say about this one; None when it is not on its way forward."""
    if run.state not in {RunState.QUEUED, RunState.RUNNING}:
        return None
    past = ProvisioningRun.objects.filter(
        kind=run.kind, state=RunState.SUCCEEDED, started_at__isnull=False, finished_at__isnull=False
    ).order_by("-finished_at")
    times = past.values_list("started_at", "finished_at")[:PAST_RUNS]
    taken = [(end - start).total_seconds() for start, end in times if start and end]
    if not taken:
        return Estimate()
    usual = median(taken)
    if run.started_at is None:
        return Estimate(usual_seconds=usual)
    left = usual - (timezone.now() - run.started_at).total_seconds()
    if left <= 0:
        return Estimate(usual_seconds=usual, is_late=True)
    return Estimate(usual_seconds=usual, seconds_left=left)
