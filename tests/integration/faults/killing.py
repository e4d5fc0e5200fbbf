"""What is killed where, how each kind of run is brought about, and how its tenant must be after."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn

from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session

from plexica.core.actor import SYSTEM
from plexica.core.errors import PermanentError
from plexica.identity.access import KEPT_CLIENTS
from plexica.identity.keycloak.realm import realm_client
from tenants.life import delete_tenant, restore_tenant, resume_tenant, suspend_tenant
from tenants.models import Domain, ProvisioningRun, Tenant
from tenants.parts import configured_parts
from tenants.scopes import tenant_scope
from tenants.states import RunKind, RunState, TenantState
from tests.integration.conftest import MakeRun
from tests.integration.faults.conftest import Act, work
from tests.integration.faults.leftovers import leftovers

Begin = Callable[[], ProvisioningRun]


@dataclass(frozen=True, slots=True)
class Case:
    """A step of a kind of run, in one direction.

    Attributes:
        kind: The kind.
        step: The step's name; empty for what the engine itself writes.
        verb: `do` or `undo`.
        fails: The step whose failure has the run taken back.
    """

    kind: RunKind
    step: str
    verb: str = "do"
    fails: str = ""

    def __str__(self) -> str:
        return f"{self.kind.lower()}-{self.verb}-{self.step or 'engine'}"


_MADE = ("schema", "bucket", "realm", "roles", "owner")
CASES = (
    *(Case(RunKind.CREATE, step) for step in (*_MADE, "")),
    *(Case(RunKind.CREATE, step, "undo", fails="owner") for step in _MADE),
    *(Case(RunKind.SUSPEND, step) for step in ("access", "sessions", "")),
    *(Case(RunKind.RESUME, step) for step in ("opening", "")),
    Case(RunKind.RESUME, "opening", "undo", fails="opening"),
    *(Case(RunKind.DELETE, step) for step in ("access", "sessions", "")),
    *(Case(RunKind.RESTORE, step) for step in ("opening", "")),
    Case(RunKind.RESTORE, "opening", "undo", fails="opening"),
    *(Case(RunKind.PURGE, step, "undo") for step in (*_MADE, "")),
)
_ENDS = {
    RunKind.CREATE: (TenantState.ACTIVE, TenantState.FAILED),
    RunKind.SUSPEND: (TenantState.SUSPENDED, None),
    RunKind.RESUME: (TenantState.ACTIVE, TenantState.SUSPENDED),
    RunKind.DELETE: (TenantState.DELETING, None),
    RunKind.RESTORE: (TenantState.ACTIVE, TenantState.DELETING),
    RunKind.PURGE: (TenantState.DELETED, None),
}
_GONE = (TenantState.FAILED, TenantState.DELETED)


@contextmanager
def stage(kind: RunKind, make_run: MakeRun) -> Iterator[Begin]:
    """Give what begins a run of a kind, again and again, with all before it done."""
    if kind == RunKind.CREATE:
        yield make_run
        return
    if kind == RunKind.PURGE:
        yield lambda: delete_tenant(tenant=_have_whole(make_run), actor=SYSTEM, grace_days=0)
        return
    tenant = _have_whole(make_run)
    yield lambda: _begin(kind, tenant)


def check_end(case: Case, run: ProvisioningRun) -> None:
    """Ask each server whether the tenant is whole, or nothing is left of it."""
    tenant = run.tenant
    done, taken_back = _ENDS[case.kind]
    is_taken_back = bool(case.fails)
    steps = {step.name: (step.state, step.error_message) for step in run.steps.all()}
    assert (run.state, tenant.state) == (
        (RunState.ROLLED_BACK, taken_back) if is_taken_back else (RunState.SUCCEEDED, done)
    ), f"{run.state}, fence {run.fence}: {steps}"
    if tenant.state in _GONE:
        left = leftovers(tenant)
        assert left == [], left
    else:
        check_whole(tenant)


def check_whole(tenant: Tenant) -> None:
    """Compare all parts of a tenant with what they should be, and its doors with its state."""
    assert [found for part in configured_parts().values() for found in part.inspect(tenant)] == []
    assert Domain.objects.filter(tenant=tenant).exists()
    clients = realm_client(tenant).list_clients()
    is_open = {client["clientId"] for client in clients if client["enabled"]} > KEPT_CLIENTS
    assert is_open == (tenant.state == TenantState.ACTIVE)
    if not is_open:
        with tenant_scope(tenant):
            assert not Session.objects.exists()


def refuse(do: Act, tenant: Tenant) -> NoReturn:
    """Do the work of a step and fail for good."""
    do(tenant)
    raise PermanentError("Refused after it was done.")


def _have_whole(make_run: MakeRun) -> Tenant:
    run = work(make_run())
    assert run.tenant.state == TenantState.ACTIVE
    return run.tenant


def _begin(kind: RunKind, tenant: Tenant) -> ProvisioningRun:
    tenant.refresh_from_db()
    if tenant.state == TenantState.SUSPENDED and kind != RunKind.RESUME:
        work(resume_tenant(tenant=tenant, actor=SYSTEM))
    if tenant.state == TenantState.DELETING and kind != RunKind.RESTORE:
        work(restore_tenant(tenant=tenant, actor=SYSTEM))
    tenant.refresh_from_db()
    if tenant.state == TenantState.ACTIVE:
        with tenant_scope(tenant):
            SessionStore().create()
    match kind:
        case RunKind.SUSPEND:
            return suspend_tenant(tenant=tenant, actor=SYSTEM)
        case RunKind.DELETE:
            return delete_tenant(tenant=tenant, actor=SYSTEM, grace_days=30)
        case RunKind.RESUME:
            if tenant.state == TenantState.ACTIVE:
                work(suspend_tenant(tenant=tenant, actor=SYSTEM))
            tenant.refresh_from_db()
            return resume_tenant(tenant=tenant, actor=SYSTEM)
        case _:
            if tenant.state == TenantState.ACTIVE:
                work(delete_tenant(tenant=tenant, actor=SYSTEM, grace_days=30))
            tenant.refresh_from_db()
            return restore_tenant(tenant=tenant, actor=SYSTEM)
