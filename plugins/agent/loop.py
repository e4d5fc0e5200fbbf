"""The agent: brings what runs of the backends in line with what should (ADR 21).

One agent works at a time. It looks at every backend's row again and again; what takes longer than
a look is done in threads, one at a time for each backend. Rows are changed only from the state
that was seen, so that what a person asked for meanwhile stands.
"""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, wait
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog
from django.db import Error as DatabaseError
from django.db import connection
from django.utils import timezone

from plexica.core.context import ContextThreadPool
from plexica.core.errors import PermanentError, TransientError
from plugins.agent.choice import Runtimes
from plugins.agent.ending import Ending
from plugins.agent.lock import AgentLock
from plugins.agent.pace import Pace
from plugins.agent.rows import MAX_ERROR_LENGTH
from plugins.agent.starting import Starting
from plugins.models import Backend
from plugins.runtimes.base import Runtime
from plugins.states import BackendState

if TYPE_CHECKING:
    from uuid import UUID

Act = Callable[[Backend], None]

_MAX_JOBS = 12
_RUNNING = (BackendState.STARTING, BackendState.READY)
_SETTLED = (BackendState.STOPPED, BackendState.QUARANTINED)

logger = structlog.get_logger(__name__)


class Agent:
    """Starts, watches and ends backends, until it is told to stop."""

    def __init__(
        self,
        runtimes: Iterable[Runtime],
        *,
        pace: Pace | None = None,
        on_look: Callable[[], None] | None = None,
    ) -> None:
        """Make it.

        Args:
            runtimes: What runs backends, in the order in which each is asked.
            pace: How quickly it does things.
            on_look: Called after each look, and while another agent works.
        """
        self._runtimes = Runtimes(runtimes)
        self._pace = pace or Pace()
        self._ending = Ending(self._runtimes, self._pace)
        self._starting = Starting(self._runtimes, self._pace, self._ending)
        self._on_look = on_look or (lambda: None)
        self._lock = AgentLock()
        self._pool = ContextThreadPool(max_workers=_MAX_JOBS, thread_name_prefix="backend")
        self._jobs: dict[UUID, Future[None]] = {}
        # By backend: when it was asked last, how often in a row it did not answer, its log's end.
        self._asked: dict[UUID, datetime] = {}
        self._misses: dict[UUID, int] = {}
        self._tails: dict[UUID, int] = {}
        self._due: dict[str, datetime] = {}
        # By runtime: why nothing can be said of its backends just now.
        self._troubles: dict[str, str] = {}

    def run(self, stopping: threading.Event) -> None:
        """Work until told to stop, whatever happens meanwhile; then end all that it runs.

        Args:
            stopping: Set to have it stop.
        """
        is_away = False
        while not stopping.is_set():
            try:
                if self._lock.acquire(on_new=self._begin):
                    self.look()
                self._on_look()
                if is_away:
                    logger.info("plugin_agent_database_is_back")
                is_away = False
            except DatabaseError:
                if not is_away:
                    logger.warning("plugin_agent_database_is_away", exc_info=True)
                is_away = True
                self._lock.lose()
            except Exception:
                logger.exception("plugin_agent_look_failed")
            stopping.wait(self._pace.look)
        self._end_all()

    def look(self) -> None:
        """Look at every backend once, and begin what there is to do."""
        self._jobs = {key: job for key, job in self._jobs.items() if not job.done()}
        is_noting = self._is_due("notes", self._pace.notes)
        self._ask_runtimes()
        if self._is_due("orphans", self._pace.orphans):
            self._end_orphans()
        for backend in self._backends():
            if backend.handle and backend.runtime in self._troubles:
                continue
            try:
                self._look_at(backend, is_noting=is_noting)
            except DatabaseError:
                raise
            except Exception:
                # What is wrong with one keeps no other from being looked at.
                logger.exception("backend_look_failed", backend=str(backend.pk))
        if is_noting:
            Backend.objects.update(seen_at=timezone.now())

    def _look_at(self, backend: Backend, *, is_noting: bool) -> None:
        if is_noting and backend.handle:
            self._write_log(backend)
        if backend.pk not in self._jobs and (act := self._decide(backend)) is not None:
            self._jobs[backend.pk] = self._pool.submit(self._do, backend, act)

    def _ask_runtimes(self) -> None:
        """Note which runtimes cannot be asked, and have what waited for one go on at once."""
        found = {each.name: words for each in self._runtimes if (words := each.trouble())}
        for name, words in found.items():
            if name not in self._troubles:
                logger.warning("plugin_runtime_away", runtime=name, words=words)
                running = Backend.objects.filter(runtime=name).exclude(handle="")
                running.update(last_error=words[:MAX_ERROR_LENGTH])
        for name, words in self._troubles.items():
            if name not in found:
                logger.info("plugin_runtime_is_back", runtime=name)
                told = Backend.objects.filter(runtime=name, last_error=words[:MAX_ERROR_LENGTH])
                told.filter(state=BackendState.WAITING).update(retry_at=timezone.now())
                told.update(last_error="")
        self._troubles = found

    def _begin(self) -> None:
        """Be the one that works from now on."""
        logger.info("plugin_agent_begins", runtimes=[runtime.name for runtime in self._runtimes])
        for runtime in self._runtimes:
            runtime.tidy()
        # What could not run under the agent before may do so under this one.
        Backend.objects.filter(state=BackendState.REFUSED).update(state=BackendState.STOPPED)

    def _backends(self) -> list[Backend]:
        ours = Backend.objects.filter(attached_until=None)
        return list(ours.select_related("release__plugin").defer("log_tail"))

    def _decide(self, backend: Backend) -> Act | None:
        """Return what there is to do with a backend, if anything."""
        now = timezone.now()
        if backend.handle:
            return self._decide_running(backend, now)
        if not backend.is_wanted:
            is_settled = backend.state in _SETTLED and not backend.runtime
            return None if is_settled else self._ending.retire
        is_due = backend.retry_at is None or backend.retry_at <= now
        # One that an agent was about to start when it was ended has no handle yet.
        if backend.state in {BackendState.STOPPED, *_RUNNING} or (
            backend.state == BackendState.WAITING and is_due
        ):
            return self._starting.start
        return None

    def _decide_running(self, backend: Backend, now: datetime) -> Act | None:
        runtime = self._runtimes.of(backend)
        if runtime is None or runtime.is_of_another_time(backend.handle):
            return self._ending.forget
        if not backend.is_wanted or backend.state not in _RUNNING:
            return self._ending.stop
        if not runtime.is_alive(backend.handle):
            return self._ending.note_crash
        is_unconfined = backend.release.unconfined_at is not None
        if runtime.refusal(backend.release.contract, is_unconfined=is_unconfined):
            return self._ending.stop_refused
        if backend.state == BackendState.STARTING:
            return self._starting.probe
        asked = max(filter(None, (self._asked.get(backend.pk), backend.ready_at)), default=None)
        is_due = asked is None or asked + timedelta(seconds=self._pace.health) <= now
        return self._check_health if is_due else None

    def _do(self, backend: Backend, act: Act) -> None:
        with structlog.contextvars.bound_contextvars(
            plugin=backend.release.plugin.slug, version=backend.release.version
        ):
            try:
                act(backend)
            except DatabaseError:
                logger.warning("backend_job_without_database", exc_info=True)
            except TransientError as error:
                logger.warning("backend_job_put_off", words=str(error))
            except Exception:
                logger.exception("backend_job_failed")
            finally:
                connection.close()

    def _check_health(self, backend: Backend) -> None:
        self._asked[backend.pk] = timezone.now()
        try:
            self._starting.ask(backend)
        except (TransientError, PermanentError) as error:
            misses = self._misses.get(backend.pk, 0) + 1
            self._misses[backend.pk] = misses
            if misses >= self._pace.misses:
                self._misses.pop(backend.pk)
                self._ending.note_crash(backend, f"It was asked {misses} times. {error}")
        else:
            self._misses.pop(backend.pk, None)

    def _end_orphans(self) -> None:
        """End what runs and is no backend's; what a backend has started is ended with it."""
        busy = set(self._jobs)
        for runtime in self._runtimes:
            running = {} if runtime.name in self._troubles else runtime.list_running()
            if not running:
                continue
            rows = list(Backend.objects.values_list("pk", "handle", "release__digest"))
            minded = {digest for key, handle, digest in rows if handle or key in busy}
            keys = {digest: key for key, _handle, digest in rows}
            for handle, digest in running.items():
                if digest in minded:
                    continue
                logger.warning("backend_orphan_ended", digest=digest)
                job = self._pool.submit(runtime.stop, handle, self._pace.stop)
                if digest in keys:
                    # It is started again only when nothing else of it is left.
                    self._jobs[keys[digest]] = job

    def _end_all(self) -> None:
        """End all that runs, side by side; the rows say so, as far as they can be reached."""
        wait(self._jobs.values(), timeout=self._pace.stop)
        if not self._lock.is_anothers:
            try:
                for backend in self._backends() if self._lock.is_held else ():
                    if backend.handle:
                        self._pool.submit(self._do, backend, self._ending.stop)
            except DatabaseError:
                logger.warning("plugin_agent_ends_without_database")
            self._pool.shutdown()
            self._end_unknown()
        self._pool.shutdown()
        self._lock.lose()

    def _end_unknown(self) -> None:
        """End what the rows do not say, once the threads have ended."""
        for runtime in self._runtimes:
            try:
                for handle in runtime.list_running():
                    runtime.stop(handle, self._pace.stop)
            except TransientError as error:
                logger.warning("plugin_agent_ends_without_runtime", words=str(error))
            else:
                runtime.close()

    def _write_log(self, backend: Backend) -> None:
        runtime = self._runtimes.of(backend)
        if runtime is None:
            return
        tail = runtime.read_log(backend.pk)
        if hash(tail) != self._tails.get(backend.pk):
            Backend.objects.filter(pk=backend.pk, handle=backend.handle).update(log_tail=tail)
            self._tails[backend.pk] = hash(tail)

    def _is_due(self, what: str, seconds: float) -> bool:
        now = timezone.now()
        if self._due.get(what, now) > now:
            return False
        self._due[what] = now + timedelta(seconds=seconds)
        return True
