"""How far a run is, for the pages that show it."""

from dataclasses import dataclass

from tenants.estimates import Estimate, estimate
from tenants.models import ProvisioningRun, ProvisioningStep
from tenants.states import StepState

# Until how many seconds a run has taken, and how many pass then until a page asks for it again.
_PAUSES = ((30, 1), (120, 2))
LONGEST_PAUSE = 5


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is.

    Attributes:
        steps: Its steps, in their order.
        estimate: What past runs say about it; None when it is not on its way forward.
        again_after: After how many seconds a page asks again: the longer it takes, the rarer.
        failed_step: The name of the step that it failed at; empty if none did.
    """

    steps: list[ProvisioningStep]
    estimate: Estimate | None
    again_after: int
    failed_step: str

    @property
    def done_count(self) -> int:
        """How many steps are done."""
        return len(self._in(StepState.DONE))

    @property
    def failed(self) -> ProvisioningStep | None:
        """The step that the run failed at."""
        return next((step for step in self.steps if step.name == self.failed_step), None)

    @property
    def current(self) -> ProvisioningStep | None:
        """The first of the steps that are being done."""
        return next(iter(self._in(StepState.STARTED)), None)

    @property
    def undone(self) -> list[ProvisioningStep]:
        """The steps that were taken back."""
        return self._in(StepState.UNDONE)

    @property
    def left(self) -> list[ProvisioningStep]:
        """The steps that could not be taken back."""
        return self._in(StepState.UNDO_FAILED)

    def _in(self, state: StepState) -> list[ProvisioningStep]:
        return [step for step in self.steps if step.state == state]


def get_progress(*, run: ProvisioningRun) -> Progress:
    """Return how far a run is, for the platform's own scope."""
    taken = run.seconds or 0
    return Progress(
        steps=list(run.steps.all()),
        estimate=estimate(run),
        again_after=next((pause for until, pause in _PAUSES if taken < until), LONGEST_PAUSE),
        failed_step=run.failed_step,
    )
