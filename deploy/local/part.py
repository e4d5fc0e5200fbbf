"""What the launcher needs to know of a part of the platform."""

import signal
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from deploy.local.errors import LocalPlatformError
from deploy.local.instance import CHECKOUT, Instance


@dataclass(frozen=True, kw_only=True)
class Program:
    """A process that the supervisor keeps running.

    Attributes:
        name: Its name in `make status` and of its log file.
        command: The command line, word by word; no secrets, since others can read it.
        environment: Variables on top of the launcher's own; secrets belong here.
        directory: Where it runs.
        stop_signal: What asks it to end.
        stop_seconds: How long it may take before it is killed.
    """

    name: str
    command: Sequence[str | Path]
    environment: Mapping[str, str] = field(default_factory=dict)
    directory: Path = CHECKOUT
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: int = 20


class Part(ABC):
    """A server, or a process of Plexica itself."""

    name: ClassVar[str]
    label: ClassVar[str]
    port_names: ClassVar[tuple[str, ...]] = ()
    # Setting this variable means that the part is already there, and ours is not started.
    external_variable: ClassVar[str | None] = None
    # What else must then be set.
    external_needs: ClassVar[tuple[str, ...]] = ()
    start_timeout: ClassVar[float] = 60.0

    def __init__(self, instance: Instance) -> None:
        self.instance = instance

    @property
    def is_external(self) -> bool:
        """Whether this part is one that is already there."""
        return self.external_variable is not None and bool(
            self.instance.external.get(self.external_variable)
        )

    def check_external(self) -> None:
        """Refuse an external part of which something is not known.

        Raises:
            LocalPlatformError: Names the variables that are missing.
        """
        missing = [name for name in self.external_needs if not self.instance.external.get(name)]
        if self.is_external and missing:
            raise LocalPlatformError(
                f"{self.external_variable} is set, so {self.label} is not started here; "
                f"then {' and '.join(missing)} must be set too."
            )

    def check_system(self) -> None:  # noqa: B027  # most parts need nothing of the system
        """Refuse to begin without a program that only the system can give."""

    @property
    def is_fetched(self) -> bool:
        """Whether its programs are on this machine, whole."""
        return True

    def fetch(self) -> None:  # noqa: B027  # some parts come as wheels
        """Bring the programs that the part needs onto this machine, if they are not there."""

    def prepare(self) -> None:  # noqa: B027  # some parts keep no data
        """Make its data directory and configuration, if they are not there."""

    @abstractmethod
    def program(self) -> Program:
        """Describe the process to run."""

    def environment(self) -> dict[str, str]:
        """Return the variables by which the platform's processes find this part."""
        return {}

    @abstractmethod
    def is_ready(self) -> bool:
        """Tell whether the part answers, not only whether its process runs."""
