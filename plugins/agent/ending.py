"""Ending backends, and what follows when one has ended by itself."""

from datetime import datetime, timedelta

import structlog
from django.utils import timezone

from plexica.core.errors import PermanentError
from plugins.agent.choice import Runtimes
from plugins.agent.pace import Pace
from plugins.agent.rows import MAX_ERROR_LENGTH, NOT_RUNNING, change, short
from plugins.models import Backend
from plugins.states import BackendState

_RUNNING = (BackendState.STARTING, BackendState.READY)

logger = structlog.get_logger(__name__)


class Ending:
    """What the agent's threads do to have a backend run no more, or again."""

    def __init__(self, runtimes: Runtimes, pace: Pace) -> None:
        self._runtimes = runtimes
        self._pace = pace

    def stop(self, backend: Backend, state: str = "", **values: object) -> None:
        """End what runs of a backend; one that is asked to start again does so.

        Args:
            backend: Which.
            state: What becomes of it; empty: what it shall be already, or stopped.
            values: What else its row has to say.
        """
        runtime = self._runtimes.of(backend)
        if runtime is None:
            return
        runtime.stop(backend.handle, self._pace.stop)
        if not state:
            is_asked = backend.is_wanted and backend.state not in _RUNNING
            state = backend.state if is_asked else BackendState.STOPPED
        tail = runtime.read_log(backend.pk)
        if change(backend, state=state, log_tail=tail, **NOT_RUNNING, **values):
            logger.info("backend_stopped", state=str(state))

    def stop_refused(self, backend: Backend) -> None:
        """End what may run here no more."""
        try:
            self._runtimes.choose(backend.release)
        except PermanentError as error:
            self.stop(backend, BackendState.REFUSED, last_error=short(error))

    def note_crash(self, backend: Backend, words: str = "") -> None:
        """Write down that a backend has ended, or has to be, and when it is started again.

        Args:
            backend: Which.
            words: Why it has to be ended; empty: it has ended by itself.
        """
        runtime = self._runtimes.of(backend)
        if runtime is None:
            return
        words = words or runtime.how_it_ended(backend.handle)
        # Of one that has ended, others may be left that it has started.
        runtime.stop(backend.handle, self._pace.stop)
        now = timezone.now()
        since = now - timedelta(seconds=self._pace.window)
        counting = [at for at in backend.crashes if datetime.fromisoformat(at) > since]
        crashes = [*counting, now.isoformat()][-self._pace.crashes :]
        is_over = len(crashes) >= self._pace.crashes
        wait = min(self._pace.backoff * 2 ** (len(crashes) - 1), self._pace.max_backoff)
        logger.warning("backend_crashed", crashes=len(crashes), words=words)
        change(
            backend,
            state=BackendState.QUARANTINED if is_over else BackendState.WAITING,
            retry_at=None if is_over else now + timedelta(seconds=wait),
            crashes=crashes,
            last_error=words[:MAX_ERROR_LENGTH],
            log_tail=runtime.read_log(backend.pk),
            **NOT_RUNNING,
        )

    def forget(self, backend: Backend) -> None:
        """Take note that what ran has ended with the machine, or is another runtime's."""
        change(backend, state=BackendState.STOPPED, **NOT_RUNNING)

    def retire(self, backend: Backend) -> None:
        """Leave nothing on this machine of a release that nobody needs. A quarantine goes on."""
        runtime = self._runtimes.of(backend)
        if runtime is not None:
            runtime.remove(backend.release.digest)
        if backend.state == BackendState.QUARANTINED:
            change(backend, runtime="")
        else:
            change(backend, state=BackendState.STOPPED, runtime="", retry_at=None, crashes=[])
