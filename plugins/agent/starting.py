"""Starting a backend, up to its first answer."""

import secrets
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.utils import timezone

from plexica.core.crypto import encrypt
from plexica.core.errors import PermanentError, TransientError
from plugins.agent.choice import Runtimes
from plugins.agent.ending import Ending
from plugins.agent.pace import Pace
from plugins.agent.probing import check_ready
from plugins.agent.rows import MAX_ERROR_LENGTH, change, short
from plugins.models import Backend
from plugins.runtimes.base import Order, Runtime
from plugins.selectors import get_package
from plugins.states import BackendState

_SECRET_BYTES = 32
_MOST_DOUBLINGS = 16

logger = structlog.get_logger(__name__)


class Starting:
    """What the agent's threads do to have a backend run."""

    def __init__(self, runtimes: Runtimes, pace: Pace, ending: Ending) -> None:
        self._runtimes = runtimes
        self._pace = pace
        self._ending = ending
        # How often in a row the start of a backend has failed before anything ran.
        self._failures: dict[object, int] = {}

    def start(self, backend: Backend) -> None:
        """Prepare a backend's environment, and start it."""
        is_again = backend.started_at is not None
        if not change(
            backend,
            state=BackendState.STARTING,
            started_at=timezone.now(),
            ready_at=None,
            retry_at=None,
            restarts=backend.restarts + is_again,
        ):
            return
        try:
            runtime = self._runtimes.choose(backend.release)
            change(backend, runtime=runtime.name)
            self._end_leftovers(runtime, backend.release.digest)
            runtime.prepare(get_package(release=backend.release))
            self._launch(backend, runtime)
        except DatabaseError:
            raise
        except PermanentError as error:
            logger.warning("backend_refused", words=str(error))
            change(backend, state=BackendState.REFUSED, last_error=short(error))
        except TransientError as error:
            self._wait(backend, short(error))
        except Exception:
            logger.exception("backend_start_failed")
            self._wait(backend, "It cannot be started now; the agent's log says why.")
        else:
            self._failures.pop(backend.pk, None)
            logger.info("backend_started", address=backend.address)

    def probe(self, backend: Backend) -> None:
        """Ask a backend that was started whether it is ready, as long as it may take to be."""
        try:
            self.ask(backend)
        except PermanentError as error:
            self._ending.stop(backend, BackendState.REFUSED, last_error=short(error))
        except TransientError as error:
            started_at = backend.started_at or timezone.now()
            if timezone.now() > started_at + timedelta(seconds=self._pace.ready):
                words = f"It was not ready within {self._pace.ready:g} s. {error}"
                self._ending.note_crash(backend, words)
        else:
            now = timezone.now()
            if change(backend, state=BackendState.READY, ready_at=now, last_error=""):
                logger.info("backend_ready")

    def ask(self, backend: Backend) -> None:
        """Ask a backend whether it is ready, and see that it is the one who answers.

        Raises:
            TransientError: It does not answer as it should, and may do so later.
            PermanentError: It says that it is another one, or of another contract.
        """
        manifest = backend.release.contract
        check_ready(
            backend.address,
            plugin=manifest.slug,
            version=str(manifest.version),
            seconds=self._pace.probe,
        )
        runtime = self._runtimes.of(backend)
        if runtime is None or not runtime.is_listening(backend.handle, backend.address):
            raise TransientError("Another program has taken its port.")

    def _end_leftovers(self, runtime: Runtime, digest: str) -> None:
        """End what an agent has left of a release that was ended before it could write it down."""
        for handle, found in runtime.list_running().items():
            if found == digest:
                runtime.stop(handle, self._pace.stop)

    def _launch(self, backend: Backend, runtime: Runtime) -> None:
        manifest, secret = backend.release.contract, secrets.token_urlsafe(_SECRET_BYTES)
        started = runtime.start(
            Order(
                backend_id=backend.pk,
                digest=backend.release.digest,
                manifest=manifest,
                variables={
                    "PLEXICA_HOST_URL": f"{settings.PLEXICA_INTERNAL_URL}/api/host/v1",
                    "PLEXICA_BACKEND": str(backend.pk),
                    "PLEXICA_SECRET": secret,
                    "PLEXICA_PLUGIN": manifest.slug,
                    "PLEXICA_VERSION": str(manifest.version),
                    "PLEXICA_DIGEST": backend.release.digest,
                    **_tracing(),
                },
            )
        )
        is_kept = False
        try:
            is_kept = change(
                backend,
                handle=started.handle,
                address=started.address,
                ciphertext=encrypt(secret),
                started_at=timezone.now(),
            )
        finally:
            # What no row knows of must not run.
            if not is_kept:
                runtime.stop(started.handle, self._pace.stop)

    def _wait(self, backend: Backend, words: str) -> None:
        failures = self._failures.get(backend.pk, 0)
        self._failures[backend.pk] = min(failures + 1, _MOST_DOUBLINGS)
        wait = min(self._pace.backoff * 2**failures, self._pace.max_backoff)
        change(
            backend,
            state=BackendState.WAITING,
            retry_at=timezone.now() + timedelta(seconds=wait),
            last_error=words[:MAX_ERROR_LENGTH],
        )


def _tracing() -> dict[str, str]:
    """Return what a backend needs to send spans, where the operator wants it to."""
    endpoint = settings.PLEXICA_TRACE_PLUGIN_ENDPOINT
    return {"PLEXICA_TRACE_ENDPOINT": endpoint} if endpoint else {}
