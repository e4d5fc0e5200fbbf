"""Background jobs: every task runs in a scope that its message names.

Whoever sends a task, and however, the tenant of the sender's scope goes along in a header, and the
task runs in that tenant's scope again, if it is still active. One sent from the platform, or by the
clock, runs in the platform's.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import structlog
from celery import Task, current_app
from celery.exceptions import Retry
from celery.signals import before_task_publish
from django.db import close_old_connections, transaction
from kombu.exceptions import OperationalError

from plexica.core.observe.metrics import TASK_SECONDS, TASK_WAIT_SECONDS
from plexica.core.observe.tracing import TRACE_HEADER, Role, span, trace_headers
from plexica.core.queues import queue_names
from plexica.core.schedules import is_scheduled, note_run
from plexica.core.scope import current_scope_or_none, platform_scope

TENANT_HEADER = "plexica_tenant"
# When a message was sent, in Unix time.
SENT_HEADER = "plexica_sent_at"

logger = structlog.get_logger(__name__)

ScopeOpener = Callable[[str], AbstractContextManager[object]]
_open_tenant_scope: ScopeOpener | None = None


def register_tenant_scope(opener: ScopeOpener) -> None:
    """Tell how a tenant's scope is entered by its slug; the tenants app does at start.

    `opener` raises when the tenant is not active, and the task is then not run.
    """
    global _open_tenant_scope  # noqa: PLW0603 (set once, at start)
    _open_tenant_scope = opener


class ScopedTask(Task):  # type: ignore[type-arg] # not generic at run time
    """The base of every task."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the task in the scope that its message names."""
        slug = getattr(self.request, TENANT_HEADER, None) or (self.request.headers or {}).get(
            TENANT_HEADER
        )
        began, outcome = time.time(), "failed"
        self._note_wait(began)
        parent = getattr(self.request, TRACE_HEADER, None) or ""
        try:
            with (
                span(self.name, Role.CONSUMER, parent=parent, task=self.name),
                scope_of_tenant(slug),
            ):
                result = super().__call__(*args, **kwargs)
        except Retry:
            outcome = "retried"
            raise
        else:
            outcome = "succeeded"
            return result
        finally:
            TASK_SECONDS.labels(self.name, outcome).observe(time.time() - began)
            if is_scheduled(self.name):
                note_run(self.name, began=began, has_failed=outcome == "failed")
            if not self.request.is_eager:
                close_old_connections()

    def _note_wait(self, began: float) -> None:
        sent_at = getattr(self.request, SENT_HEADER, None)
        queue = (self.request.delivery_info or {}).get("routing_key")
        # A task that is tried again, or called here and now, has not waited for a worker.
        if isinstance(sent_at, float) and queue in queue_names() and not self.request.retries:
            TASK_WAIT_SECONDS.labels(queue).observe(max(0.0, began - sent_at))


def scope_of_tenant(slug: str | None) -> AbstractContextManager[object]:
    """Return the scope of a tenant that must be active, or the platform's for None.

    Raises:
        RuntimeError: No app has said how a tenant's scope is entered.
    """
    if slug is None:
        return platform_scope()
    if _open_tenant_scope is None:
        raise RuntimeError("No app has said how a tenant's scope is entered.")
    return _open_tenant_scope(slug)


def send_after_commit(name: str, *, expires_seconds: int | None = None, **kwargs: Any) -> None:
    """Send a task, by its name, once the present transaction is committed.

    It runs in the scope that it is sent from. A broker that does not answer is logged and nothing
    more: what the task works on is in the database, and the sweep that beat runs finds it there.

    Args:
        name: The task's.
        expires_seconds: After how long nobody needs to run it any more; never when None.
        kwargs: What it is called with.
    """
    # The scope may be another by the time of the commit.
    slug = _senders_tenant()

    def send() -> None:
        try:
            # None is said and not left out, so that nothing else is filled in.
            current_app.send_task(
                name, kwargs=kwargs, headers={TENANT_HEADER: slug}, expires=expires_seconds
            )
        except (OperationalError, OSError) as error:
            logger.warning("task_not_queued", task=name, error=type(error).__name__)

    transaction.on_commit(send)


@before_task_publish.connect
def carry_tenant(headers: dict[str, Any] | None = None, **_message: object) -> None:
    """Put the tenant of the sender's scope into a message that does not name one, and the time."""
    if headers is not None:
        headers.setdefault(TENANT_HEADER, _senders_tenant())
        headers[SENT_HEADER] = time.time()
        headers.update(trace_headers())


def _senders_tenant() -> str | None:
    scope = current_scope_or_none()
    return scope.tenant_slug if scope else None
