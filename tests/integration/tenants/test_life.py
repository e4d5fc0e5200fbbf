"""Suspension, deletion and the ways back. The steps only do as told; the rest is real."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import NoReturn

import pytest
from django.utils import timezone
from pytest_django import Settings

from plexica.audit.models import AuditEntry
from plexica.core.actor import SYSTEM, Actor
from plexica.core.errors import Conflict, InvalidInput, PermanentError
from plexica.events.models import OutboxMessage
from tenants import life
from tenants.lifecycle import ForbiddenTransition, StaleTenant
from tenants.models import Domain, ProvisioningRun, Tenant, TenantSecret
from tenants.provisioning.engine import run_provisioning
from tenants.runs import TenantBusy
from tenants.secrets import ensure_secret
from tenants.services import SlugTaken, create_tenant, retry_run
from tests.integration.conftest import MakeRun
from tests.integration.tenants import steps
from tests.threads import threads

ADA = Actor(kind="user", id="ada", name="Ada")


def permanent() -> NoReturn:
    raise PermanentError("The store refused.")


@pytest.fixture(autouse=True)
def _told_steps(settings: Settings) -> Iterator[None]:
    settings.TENANT_STEPS = steps.configuration()
    settings.PLEXICA_STEP_BACKOFF_SECONDS = 0.001
    settings.PLEXICA_STEP_ATTEMPTS = 2
    steps.reset()
    yield
    steps.reset()


@pytest.fixture
def tenant(make_run: MakeRun) -> Tenant:
    """A tenant that is ACTIVE."""
    return _end(make_run())


def _end(run: ProvisioningRun) -> Tenant:
    run_provisioning(run.id)
    return Tenant.objects.get(pk=run.tenant_id)


def _state(tenant: Tenant) -> str:
    return str(Tenant.objects.values_list("state", flat=True).get(pk=tenant.pk))


def _again(tenant: Tenant) -> Tenant:
    found: Tenant = Tenant.objects.get(pk=tenant.pk)
    return found


def _end_of_grace(tenant: Tenant) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(purge_after=timezone.now())


def test_a_suspended_tenant_is_closed_before_its_run_begins(tenant: Tenant) -> None:
    run = life.suspend_tenant(tenant=tenant, actor=ADA)
    assert (_state(tenant), run.state, run.kind) == ("SUSPENDED", "QUEUED", "suspend")
    assert _end(run).state == "SUSPENDED"
    run.refresh_from_db()
    assert run.state == "SUCCEEDED"
    actions = AuditEntry.objects.filter(target=f"tenant:{tenant.slug}").values_list(
        "action", flat=True
    )
    assert {"tenant.suspension_requested", "tenant.suspended"} <= set(actions)
    assert OutboxMessage.objects.filter(
        event="tenant.suspended", payload__tenant=tenant.slug
    ).exists()


def test_a_suspension_that_fails_leaves_the_tenant_closed_and_is_tried_again(
    tenant: Tenant,
) -> None:
    steps.on("do two", permanent)
    run = life.suspend_tenant(tenant=tenant, actor=ADA)
    assert _end(run).state == "SUSPENDED"
    run.refresh_from_db()
    assert (run.state, run.failed_step) == ("FAILED", "two")
    assert not [call for call in steps.calls if call.startswith("undo")]
    again = retry_run(run=run, actor=ADA)
    assert again.kind == "suspend"
    assert _end(again).state == "SUSPENDED"
    again.refresh_from_db()
    assert again.state == "SUCCEEDED"


def test_a_resumed_tenant_opens_at_the_end_of_its_run(tenant: Tenant) -> None:
    suspended = _end(life.suspend_tenant(tenant=tenant, actor=ADA))
    run = life.resume_tenant(tenant=suspended, actor=ADA)
    assert _state(tenant) == "SUSPENDED"
    assert _end(run).state == "ACTIVE"


def test_a_resumption_that_fails_is_taken_back(tenant: Tenant) -> None:
    suspended = _end(life.suspend_tenant(tenant=tenant, actor=ADA))
    steps.reset()
    steps.on("do two", permanent)
    run = life.resume_tenant(tenant=suspended, actor=ADA)
    assert _end(run).state == "SUSPENDED"
    run.refresh_from_db()
    assert run.state == "ROLLED_BACK"
    assert steps.calls[-2:] == ["undo two", "undo one"]
    assert _end(retry_run(run=run, actor=ADA)).state == "ACTIVE"


@pytest.mark.parametrize("before", ["ACTIVE", "SUSPENDED"])
def test_a_restored_tenant_is_what_it_was(tenant: Tenant, before: str) -> None:
    if before == "SUSPENDED":
        tenant = _end(life.suspend_tenant(tenant=tenant, actor=ADA))
    deleting = _end(life.delete_tenant(tenant=tenant, actor=ADA))
    assert deleting.state == "DELETING"
    assert deleting.purge_after is not None
    days = (deleting.purge_after - timezone.now()) / timedelta(days=1)
    assert 29.9 < days <= 30
    steps.reset()
    restored = _end(life.restore_tenant(tenant=deleting, actor=ADA))
    assert (restored.state, restored.purge_after) == (before, None)
    # What a suspension has closed stays closed.
    assert steps.calls == ([] if before == "SUSPENDED" else ["do one", "do two", "do three"])


def test_a_purge_begins_when_the_time_of_grace_is_over(tenant: Tenant) -> None:
    ensure_secret(tenant=tenant, name="realm.workspace_client")
    deleting = _end(life.delete_tenant(tenant=tenant, actor=ADA, grace_days=1))
    assert life.purge_due() == []
    _end_of_grace(deleting)
    steps.reset()
    [run] = life.purge_due()
    assert life.purge_due() == []
    assert Domain.objects.filter(tenant=deleting).exists()
    gone = _end(run)
    assert steps.calls == ["undo three", "undo two", "undo one"]
    assert (gone.state, gone.owner_email, gone.contact_email) == ("DELETED", "", "")
    assert not Domain.objects.filter(tenant=gone).exists()
    assert not TenantSecret.objects.filter(tenant=gone).exists()


def test_a_purge_goes_on_past_what_fails_and_is_begun_again(tenant: Tenant) -> None:
    run = life.delete_tenant(tenant=tenant, actor=ADA, grace_days=0)
    assert run.kind == "purge"
    steps.reset()
    steps.on("undo two", permanent)
    left = _end(run)
    assert left.state == "DELETING"
    assert steps.calls == ["undo three", "undo two", "undo one"]
    run.refresh_from_db()
    assert (run.state, run.failed_step) == ("FAILED", "two")
    assert Domain.objects.filter(tenant=left).exists()
    with pytest.raises(life.RemovalBegun):
        life.restore_tenant(tenant=left, actor=ADA)
    assert life.purge_due() == []
    ProvisioningRun.objects.filter(pk=run.pk).update(
        finished_at=timezone.now() - timedelta(minutes=11)
    )
    [again] = life.purge_due()
    assert _end(again).state == "DELETED"


def test_a_tombstone_holds_the_slug_until_it_is_freed(tenant: Tenant, make_run: MakeRun) -> None:
    gone = _end(life.delete_tenant(tenant=tenant, actor=ADA, grace_days=0))
    with pytest.raises(SlugTaken, match="freed"):
        create_tenant(slug=gone.slug, name="B", owner_email="b@example.com", actor=ADA)
    life.free_slug(tenant=gone, actor=ADA)
    assert _end(make_run(gone.slug)).state == "ACTIVE"
    assert AuditEntry.objects.filter(
        target=f"tenant:{gone.slug}", action="tenant.slug_freed"
    ).exists()


def test_a_failed_tenant_is_removed_without_grace(make_run: MakeRun) -> None:
    steps.on("do two", permanent)
    steps.on("undo one", permanent)
    failed = _end(make_run())
    assert failed.state == "FAILED"
    steps.reset()
    run = life.delete_tenant(tenant=failed, actor=ADA, grace_days=30)
    assert run.kind == "purge"
    assert _end(run).state == "DELETED"
    assert steps.calls == ["undo three", "undo two", "undo one"]


def test_deleting_again_changes_the_time_of_grace(tenant: Tenant) -> None:
    deleting = _end(life.delete_tenant(tenant=tenant, actor=ADA, grace_days=30))
    first = deleting.purge_after
    sooner = _end(life.delete_tenant(tenant=deleting, actor=ADA, grace_days=2))
    assert first is not None
    assert sooner.purge_after is not None
    assert first - sooner.purge_after > timedelta(days=27)
    assert sooner.state_before_deletion == "ACTIVE"
    assert _end(life.delete_tenant(tenant=sooner, actor=ADA, grace_days=0)).state == "DELETED"


@pytest.mark.parametrize("days", [-1, 366, 10**9])
def test_a_time_of_grace_has_limits(tenant: Tenant, days: int) -> None:
    with pytest.raises(InvalidInput) as caught:
        life.delete_tenant(tenant=tenant, actor=ADA, grace_days=days)
    assert set(caught.value.fields) == {"grace_days"}
    assert _state(tenant) == "ACTIVE"


_OPERATIONS: dict[str, Callable[[Tenant], object]] = {
    "suspend": lambda tenant: life.suspend_tenant(tenant=tenant, actor=ADA),
    "resume": lambda tenant: life.resume_tenant(tenant=tenant, actor=ADA),
    "delete": lambda tenant: life.delete_tenant(tenant=tenant, actor=ADA),
    "restore": lambda tenant: life.restore_tenant(tenant=tenant, actor=ADA),
    "free": lambda tenant: life.free_slug(tenant=tenant, actor=ADA),
}


@pytest.mark.parametrize(
    ("state", "allowed"),
    [
        ("PROVISIONING", set()),
        ("ACTIVE", {"suspend", "delete"}),
        ("SUSPENDED", {"resume", "delete"}),
        ("DELETING", {"delete", "restore"}),
        ("DELETED", {"free"}),
        ("FAILED", {"delete"}),
    ],
)
@pytest.mark.parametrize("operation", _OPERATIONS)
def test_each_state_allows_what_makes_sense(
    tenant: Tenant, state: str, allowed: set[str], operation: str
) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(
        state=state, state_before_deletion="ACTIVE" if state == "DELETING" else ""
    )
    found = _again(tenant)
    if operation in allowed:
        _OPERATIONS[operation](found)
        return
    with pytest.raises(ForbiddenTransition):
        _OPERATIONS[operation](found)
    assert _state(tenant) == state
    assert not tenant.runs.exclude(kind="create").exists()


def test_one_run_at_a_time(tenant: Tenant) -> None:
    life.suspend_tenant(tenant=tenant, actor=ADA)
    for operation in ("resume", "delete"):
        with pytest.raises(TenantBusy):
            _OPERATIONS[operation](_again(tenant))
    assert _state(tenant) == "SUSPENDED"
    assert _again(tenant).purge_after is None


def test_of_many_at_once_one_wins(tenant: Tenant) -> None:
    def suspend() -> str:
        try:
            life.suspend_tenant(tenant=_again(tenant), actor=SYSTEM)
        except (Conflict, StaleTenant) as error:
            return error.code
        return "won"

    with threads(8) as submit:
        outcomes = [future.result() for future in [submit(suspend) for _ in range(8)]]
    assert outcomes.count("won") == 1
    assert set(outcomes) <= {"won", "stale-tenant", "forbidden-transition", "tenant-busy"}
    assert tenant.runs.filter(kind="suspend").count() == 1


def test_restoring_and_purging_at_once_end_whole_or_gone(tenant: Tenant) -> None:
    for _round in range(5):
        deleting = _end(life.delete_tenant(tenant=_again(tenant), actor=ADA, grace_days=1))
        _end_of_grace(deleting)

        def restore(found: Tenant = deleting) -> str:
            try:
                return life.restore_tenant(tenant=found, actor=ADA).kind
            except Conflict as error:
                return error.code

        with threads(2) as submit:
            restoring, purging = submit(restore), submit(life.purge_due)
            restored, purged = restoring.result(), purging.result()
        assert (restored == "restore") is not bool(purged), (restored, purged)
        run = tenant.runs.order_by("-created_at").first()
        assert run is not None
        ended = _end(run)
        if purged:
            assert ended.state == "DELETED"
            return
        assert ended.state == "ACTIVE"
