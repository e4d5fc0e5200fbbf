"""What a step of a run is. The steps live with the apps that own what they make."""

from abc import ABC, abstractmethod
from functools import lru_cache
from typing import ClassVar

from django.conf import settings
from django.utils.module_loading import import_string

from tenants.models import Tenant
from tenants.states import RunKind


class Step(ABC):
    """One thing that a run makes or changes.

    Both methods may be called again after they ended, failed or were cut off anywhere: `do`
    finishes a half-finished earlier one, `undo` is fit for something done never, half or wholly.
    Neither touches what is not this tenant's. They run in the platform's scope, outside any
    transaction, and enter the tenant's scope themselves.

    Attributes:
        name: The step's stable name.
        label: What it makes, in words for people.
        needs: The names of the steps that must be done before; the others go on side by side.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    needs: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def do(self, tenant: Tenant) -> None:
        """Make it.

        Raises:
            TransientError: It may work the next time; the engine tries again.
            PermanentError: It will not; the engine takes everything back.
        """

    @abstractmethod
    def undo(self, tenant: Tenant) -> None:
        """Leave nothing of it.

        Raises:
            TransientError: It may work the next time; the engine tries again.
            PermanentError: It will not; the engine records it and goes on.
        """


@lru_cache(maxsize=16)
def _load(paths: tuple[str, ...]) -> dict[str, Step]:
    steps: dict[str, Step] = {}
    for path in paths:
        step: Step = import_string(path)()
        steps[step.name] = step
    return steps


def configured_steps(kind: RunKind = RunKind.CREATE) -> dict[str, Step]:
    """Return the steps of a kind of run, by name, in the order in which people read them."""
    return _load(tuple(settings.TENANT_STEPS.get(kind, ())))
