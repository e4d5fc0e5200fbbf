"""Working on a run in the command's own process, for a machine where no worker runs."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import structlog
from django.db import InterfaceError, OperationalError, connection

from plexica.core.context import ContextThreadPool
from plexica.core.scope import platform_scope
from tenants.models import ProvisioningRun
from tenants.provisioning.engine import run_provisioning

TRY_AGAIN_SECONDS = 0.5
DATABASE_AWAY = (OperationalError, InterfaceError)

logger = structlog.get_logger(__name__)


@contextmanager
def worked_on_here(run: ProvisioningRun) -> Iterator[Callable[[], None]]:
    """Work on a run in a thread, under a lease as any worker, while a block waits for its end.

    What a worker holds is left to it; when that one has died and its lease is over, the run is
    taken here. A block that is interrupted is not held up: a thread cannot be stopped.

    Args:
        run: The run.

    Yields:
        What raises the error that ended the work too early, if one did.
    """
    is_over = threading.Event()
    pool = ContextThreadPool(1, thread_name_prefix="run-here")
    work = pool.submit(_work, run.id, is_over)

    def check() -> None:
        if work.done():
            work.result()

    try:
        yield check
        is_over.set()
        work.result()
    finally:
        is_over.set()
        pool.shutdown(wait=False)


def _work(run_id: UUID, is_over: threading.Event) -> None:
    try:
        with platform_scope():
            while not is_over.is_set():
                try:
                    run_provisioning(run_id)
                except DATABASE_AWAY:
                    logger.warning("database_away", run=str(run_id))
                    connection.close()
                is_over.wait(TRY_AGAIN_SECONDS)
    finally:
        connection.close()
