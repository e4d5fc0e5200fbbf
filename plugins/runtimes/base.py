"""What the agent asks of whatever runs backends."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar
from uuid import UUID

from plexica_sdk.manifest import Manifest
from plexica_sdk.package import Package

# How much of the end of a log the database keeps.
LOG_TAIL_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A backend to be started.

    Attributes:
        backend_id: Which.
        digest: The release's, whose environment has been prepared.
        manifest: What it says of itself.
        variables: The contract's, but for where to listen, which the runtime says.
    """

    backend_id: UUID
    digest: str
    manifest: Manifest
    variables: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Started:
    """A backend that has been started.

    Attributes:
        handle: How the runtime finds it again, whoever asks; never the same twice.
        address: Where it can be reached, as `plugins.doors` takes it.
    """

    handle: str
    address: str


class Runtime(ABC):
    """Starts and ends backends on this machine. Its methods may be called by several threads."""

    name: ClassVar[str]

    @abstractmethod
    def tidy(self) -> None:
        """Remove what an agent left half made; called by the one that works from now on."""

    @abstractmethod
    def close(self) -> None:
        """End what only serves backends: an agent calls it that has ended all of them."""

    @abstractmethod
    def trouble(self) -> str:
        """Return why nothing can be said or done of backends just now, in words, or nothing."""

    @abstractmethod
    def can_run(self, manifest: Manifest) -> bool:
        """Tell whether it is one for this kind of plugin."""

    @abstractmethod
    def refusal(self, manifest: Manifest, *, is_unconfined: bool) -> str:
        """Return why a release may not run here, in words, or nothing if it may.

        Args:
            manifest: What it says of itself.
            is_unconfined: Whether an operator lets it run without an OS user of its own.
        """

    @abstractmethod
    def prepare(self, package: Package) -> None:
        """Make what a release needs to run, unless it is there.

        Raises:
            PermanentError: It cannot be made of this package, or not on this machine.
        """

    @abstractmethod
    def remove(self, digest: str) -> None:
        """Take back what `prepare` has made. Nothing of the release may run."""

    @abstractmethod
    def start(self, order: Order) -> Started:
        """Start a backend, without waiting for its answer.

        Raises:
            TransientError: It cannot be started now.
        """

    @abstractmethod
    def stop(self, handle: str, seconds: float) -> None:
        """End a backend with all that it has started; nothing happens if it has ended.

        Args:
            handle: Which.
            seconds: How long it may take to end by itself.
        """

    @abstractmethod
    def is_alive(self, handle: str) -> bool:
        """Tell whether a backend runs."""

    @abstractmethod
    def is_of_another_time(self, handle: str) -> bool:
        """Tell whether a backend was started before the machine was: its end is no crash."""

    @abstractmethod
    def how_it_ended(self, handle: str) -> str:
        """Return how a backend ended, in words, as far as that is known."""

    @abstractmethod
    def is_listening(self, handle: str, address: str) -> bool:
        """Tell whether it is this backend that listens there, as far as that can be seen."""

    @abstractmethod
    def list_running(self) -> dict[str, str]:
        """Return the handles of all that runs here, each with its release's digest."""

    @abstractmethod
    def read_log(self, backend_id: UUID) -> str:
        """Return the end of a backend's log, and keep the log itself within its bounds."""
