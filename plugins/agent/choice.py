"""Which runtime runs what."""

from collections.abc import Iterable, Iterator

from plexica.core.errors import PermanentError
from plugins.models import Backend, Release
from plugins.runtimes.base import Runtime


class Runtimes:
    """The runtimes of this machine, by name, in the order in which they are asked."""

    def __init__(self, runtimes: Iterable[Runtime]) -> None:
        self._runtimes = {runtime.name: runtime for runtime in runtimes}

    def __iter__(self) -> Iterator[Runtime]:
        return iter(self._runtimes.values())

    def of(self, backend: Backend) -> Runtime | None:
        """Return the runtime that runs a backend, if it is here."""
        return self._runtimes.get(backend.runtime)

    def choose(self, release: Release) -> Runtime:
        """Return the runtime that may run a release.

        Raises:
            PermanentError: None may; it says why.
        """
        manifest = release.contract
        for runtime in self:
            if runtime.can_run(manifest):
                refusal = runtime.refusal(manifest, is_unconfined=release.unconfined_at is not None)
                if refusal:
                    raise PermanentError(refusal)
                return runtime
        raise PermanentError(
            "The manifest names an image, and plugins run as processes here. An operator can have"
            " them run in containers: PLEXICA_PLUGIN_RUNTIME=container."
        )
