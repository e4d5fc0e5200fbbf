"""The children: each works on a run with the product's own code, and stops at a place of it.

Each outward act is preceded by the fence's own query, so the statements that a step sends to
PostgreSQL are also the places before and after each call of Keycloak and S3.
"""

import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NoReturn
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.backends.signals import connection_created

from plexica.core.errors import PermanentError
from plexica.core.scope import platform_scope
from tenants.models import ProvisioningRun, Tenant
from tenants.provisioning.engine import run_provisioning
from tenants.provisioning.step import Step, configured_steps
from tenants.states import RunKind
from tests.integration.faults.zygote import Ending, Order

# Quick to expire, so that a test need not wait; the child renews it three times as often.
LEASE_SECONDS = 0.3
# What a frozen worker's open transaction holds is given up after this.
IDLE_IN_TRANSACTION_MS = 1500


class _Places:
    """Counts the places that a child comes by, and stops it at one of them."""

    _current: ContextVar[tuple[str, str] | None] = ContextVar("current", default=None)

    def __init__(self, order: Order) -> None:
        self._order = order
        self._passed = 0
        self._lock = threading.Lock()

    @contextmanager
    def inside(self, step: str, verb: str) -> Iterator[None]:
        if self._current.get() is not None:
            # One step that does its work by way of another.
            yield
            return
        token = self._current.set((step, verb))
        try:
            self._pass_by()
            yield
            self._pass_by()
        finally:
            self._current.reset(token)

    def around_statement(
        self, execute: Callable[..., Any], sql: str, params: Any, *more: Any
    ) -> Any:
        if threading.current_thread().name.startswith("lease"):
            return execute(sql, params, *more)
        if not self._order.freezes:
            self._pass_by()
        result = execute(sql, params, *more)
        if self._order.freezes:
            self._pass_by()
        return result

    def _pass_by(self) -> None:
        if (self._current.get() or ("", self._order.verb)) != (self._order.step, self._order.verb):
            return
        with self._lock:
            here, self._passed = self._passed, self._passed + 1
        if here == self._order.at:
            os.kill(os.getpid(), signal.SIGSTOP if self._order.freezes else signal.SIGKILL)


def _work(order: Order) -> None:
    settings.PLEXICA_LEASE_SECONDS = LEASE_SECONDS
    options = settings.DATABASES["default"]["OPTIONS"]
    options["options"] += f" -c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_MS}"
    places = _Places(order)

    def watch(connection: Any, **_signal: Any) -> None:
        # A pooled connection announces itself each time that it is taken.
        if places.around_statement not in connection.execute_wrappers:
            connection.execute_wrappers.append(places.around_statement)

    def wrap(step: Step, verb: str) -> None:
        real = getattr(type(step), verb)

        def act(self: Step, tenant: Tenant) -> None:
            with places.inside(self.name, verb):
                real(self, tenant)
            if verb == "do" and self.name == order.fails:
                raise PermanentError("Refused after it was done.")

        setattr(type(step), verb, act)

    with platform_scope():
        kind = RunKind(ProvisioningRun.objects.get(pk=order.run).kind)
        for step in configured_steps(RunKind.CREATE if kind == RunKind.PURGE else kind).values():
            wrap(step, "do")
            wrap(step, "undo")
        connection_created.connect(watch, weak=False)
        connection.close()
        run_provisioning(UUID(order.run))


def _be_child(order: Order) -> NoReturn:
    code = 1
    try:
        _work(order)
        code = 0
    except Exception:  # noqa: BLE001 (it is told by the exit code, and the process ends)
        traceback.print_exc()
    finally:
        # Nothing of the zygote's is to be cleaned up by its child.
        os._exit(code)


def _wait(pid: int) -> Ending:
    _, status = os.waitpid(pid, os.WUNTRACED)
    if os.WIFSTOPPED(status):
        return "frozen"
    if os.WIFSIGNALED(status):
        return "killed"
    return "failed" if os.WEXITSTATUS(status) else "ended"


def serve() -> None:
    """Fork a child for each order, and say how it ended."""
    # Loaded once for all children: the steps, and what they call.
    for kind in settings.TENANT_STEPS:
        configured_steps(RunKind(kind))
    pid = 0
    for line in sys.stdin:
        order = json.loads(line)
        if order is None:
            os.kill(pid, signal.SIGCONT)
        else:
            pid = os.fork()
            if pid == 0:
                os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
                _be_child(Order(**order))
        sys.stdout.write(json.dumps(_wait(pid)) + "\n")
        sys.stdout.flush()
