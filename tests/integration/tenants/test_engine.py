"""The engine: order, retries, taking back, leases. The steps only do as told; the rest is real."""

from collections.abc import Iterator
from datetime import timedelta
from threading import Barrier, Event
from typing import NoReturn

import pytest
from django.core.cache import cache
from django.db import OperationalError
from django.db.models import F
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import Settings

from plexica.audit.models import AuditEntry
from plexica.core.actor import SYSTEM
from plexica.core.errors import PermanentError, TransientError
from plexica.core.fence import check_fence, fenced_transaction
from plexica.events.models import OutboxMessage
from tenants.models import Domain, ProvisioningRun, Tenant
from tenants.provisioning import outcome
from tenants.provisioning.engine import DATABASE_MESSAGE, UNEXPECTED_MESSAGE, run_provisioning
from tenants.provisioning.kinds import kind_of
from tenants.provisioning.lease import LeaseLost, acquire
from tenants.scopes import tenant_scope
from tenants.selectors import list_abandoned_runs
from tenants.services import RunNotRetryable, create_tenant, retry_rollback, retry_run
from tests.integration.conftest import MakeRun
from tests.integration.tenants import steps
from tests.threads import threads


def transient() -> NoReturn:
    raise TransientError("The store did not answer.")


def permanent() -> NoReturn:
    raise PermanentError("The store refused.")


def unexpected() -> NoReturn:
    raise ValueError("password=hunter2")


def database_away() -> NoReturn:
    raise OperationalError("server closed the connection")


@pytest.fixture(autouse=True)
def _told_steps(settings: Settings) -> Iterator[None]:
    settings.TENANT_STEPS = steps.configuration()
    settings.PLEXICA_STEP_BACKOFF_SECONDS = 0.001
    settings.PLEXICA_STEP_ATTEMPTS = 3
    steps.reset()
    yield
    steps.reset()


def _states(run: ProvisioningRun) -> dict[str, str]:
    return dict(run.steps.values_list("name", "state"))


def _run(run: ProvisioningRun) -> ProvisioningRun:
    run_provisioning(run.id)
    run.refresh_from_db()
    run.tenant.refresh_from_db()
    return run


def test_steps_run_in_order_and_the_tenant_becomes_active(make_run: MakeRun) -> None:
    run = make_run()
    assert not Domain.objects.filter(tenant=run.tenant).exists()
    _run(run)
    assert steps.calls == ["do one", "do two", "do three"]
    assert (run.state, run.tenant.state) == ("SUCCEEDED", "ACTIVE")
    assert Domain.objects.get(tenant=run.tenant).domain == f"{run.tenant.slug}.localhost"
    assert AuditEntry.objects.filter(
        target=f"tenant:{run.tenant.slug}", action="tenant.activated"
    ).exists()
    assert OutboxMessage.objects.filter(
        event="tenant.activated", payload__tenant=run.tenant.slug
    ).exists()
    assert all(step.seconds is not None and step.attempts == 1 for step in run.steps.all())


@pytest.mark.parametrize("failure", [transient, database_away])
def test_a_transient_failure_is_tried_again(make_run: MakeRun, failure: steps.Behaviour) -> None:
    steps.on("do two", failure, failure)
    run = _run(make_run())
    assert run.state == "SUCCEEDED"
    assert steps.calls.count("do two") == 3
    assert run.steps.get(name="two").attempts == 3
    assert run.steps.get(name="two").error_message == ""


@pytest.mark.parametrize(
    ("failures", "message"),
    [
        ([permanent], "The store refused."),
        ([transient] * 3, "The store did not answer."),
        ([database_away] * 3, DATABASE_MESSAGE),
        ([unexpected], UNEXPECTED_MESSAGE),
    ],
)
def test_a_lasting_failure_takes_back_what_was_started_in_reverse(
    make_run: MakeRun, failures: list[steps.Behaviour], message: str
) -> None:
    steps.on("do two", *failures)
    run = make_run()
    with tenant_scope(run.tenant):
        cache.set("kept", 1)
    _run(run)
    assert steps.calls[-2:] == ["undo two", "undo one"]
    assert "undo three" not in steps.calls
    assert (run.state, run.tenant.state) == ("ROLLED_BACK", "FAILED")
    assert _states(run) == {"one": "UNDONE", "two": "UNDONE", "three": "PENDING"}
    assert (run.failed_step, run.error_message) == ("two", message)
    assert not Domain.objects.filter(tenant=run.tenant).exists()
    with tenant_scope(run.tenant):
        assert cache.get("kept") is None


def test_no_text_of_an_unforeseen_error_is_kept(make_run: MakeRun) -> None:
    steps.on("do one", unexpected)
    run = _run(make_run())
    assert "hunter2" not in run.error_message + run.steps.get(name="one").error_message


def test_an_undo_that_fails_keeps_nothing_from_the_others(make_run: MakeRun) -> None:
    steps.on("do three", permanent)
    steps.on("undo two", permanent)
    run = _run(make_run())
    assert steps.calls[-3:] == ["undo three", "undo two", "undo one"]
    assert run.state == "ROLLBACK_INCOMPLETE"
    assert _states(run) == {"one": "UNDONE", "two": "UNDO_FAILED", "three": "UNDONE"}

    steps.calls.clear()
    _run(retry_rollback(run=run, actor=SYSTEM))
    assert steps.calls == ["undo two"]
    run.refresh_from_db()
    assert (run.state, run.tenant.state) == ("ROLLED_BACK", "FAILED")


def test_a_retry_makes_the_tenant_after_all(make_run: MakeRun) -> None:
    steps.on("do two", permanent)
    failed = _run(make_run())
    again = _run(retry_run(run=failed, actor=SYSTEM))
    assert (again.state, again.tenant.state) == ("SUCCEEDED", "ACTIVE")
    for run in (failed, again):
        with pytest.raises(RunNotRetryable):
            retry_run(run=run, actor=SYSTEM)


def test_what_one_run_left_the_next_takes_back(make_run: MakeRun) -> None:
    steps.on("do three", permanent)
    steps.on("undo three", permanent)
    failed = _run(make_run())
    steps.on("do one", permanent)
    steps.calls.clear()
    again = _run(retry_run(run=failed, actor=SYSTEM))
    assert steps.calls == ["do one", "undo three", "undo one"]
    assert again.state == "ROLLED_BACK"


def test_a_run_has_one_worker_at_a_time(make_run: MakeRun) -> None:
    run = make_run()
    lease = acquire(run.id)
    assert lease is not None
    assert acquire(run.id) is None
    run_provisioning(run.id)
    assert steps.calls == []


def test_a_worker_that_wakes_up_late_writes_nothing(make_run: MakeRun) -> None:
    run = make_run()
    late = acquire(run.id)
    assert late is not None
    ProvisioningRun.objects.filter(id=run.id).update(
        lease_expires_at=timezone.now() - timedelta(seconds=1)
    )
    _run(run)
    assert run.state == "SUCCEEDED"
    step = run.steps.get(name="one")
    for write in (
        lambda: outcome.record_step(late, step, state="FAILED"),
        lambda: outcome.mark_failing(late, kind_of("create"), message="late"),
        lambda: outcome.fail(late, kind_of("create")),
        lambda: outcome.succeed(late, kind_of("create")),
        late.check_from_anywhere,
        late.renew,
        late.check,
    ):
        with pytest.raises(LeaseLost):
            write()
    run.refresh_from_db()
    assert run.state == "SUCCEEDED"
    assert run.steps.get(name="one").state == "DONE"


def test_a_worker_that_loses_the_run_in_a_step_stops_there(make_run: MakeRun) -> None:
    run = make_run()

    def lose() -> None:
        ProvisioningRun.objects.filter(id=run.id).update(fence=99)

    steps.on("do two", lose)
    run_provisioning(run.id)
    assert steps.calls == ["do one", "do two"]
    assert run.steps.get(name="two").state == "STARTED"


class Killed(BaseException):
    """Ends the worker as a kill would: no code of the engine runs after it."""


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("do one", "SUCCEEDED"),
        ("do three", "SUCCEEDED"),
        ("undo two", "ROLLED_BACK"),
        ("undo one", "ROLLED_BACK"),
    ],
)
def test_a_run_that_was_cut_off_is_picked_up_where_it_was(
    make_run: MakeRun, call: str, expected: str
) -> None:
    def kill() -> NoReturn:
        raise Killed

    if call.startswith("undo"):
        steps.on("do three", permanent)
    steps.on(call, kill)
    run = make_run()
    with pytest.raises(Killed):
        run_provisioning(run.id)
    ProvisioningRun.objects.filter(id=run.id).update(
        lease_expires_at=timezone.now() - timedelta(seconds=1)
    )
    assert run in list_abandoned_runs(queued_for=timedelta(0))
    _run(run)
    assert run.state == expected
    assert steps.calls.count(call) == 2
    assert steps.calls.count("do two") == 1


def test_a_run_whose_message_was_lost_is_found(make_run: MakeRun) -> None:
    run = make_run()
    assert run not in list_abandoned_runs(queued_for=timedelta(minutes=1))
    assert run in list_abandoned_runs(queued_for=timedelta(0))
    _run(run)
    assert run not in list_abandoned_runs(queued_for=timedelta(0))


def test_of_two_requests_for_one_slug_one_wins(make_run: MakeRun) -> None:
    def create() -> str:
        try:
            create_tenant(slug="raced", name="R", owner_email="a@example.com", actor=SYSTEM)
        except Exception as error:  # noqa: BLE001 (the kind is what is asserted)
            return type(error).__name__
        else:
            return "made"

    with threads(6) as submit:
        futures = [submit(create) for _ in range(6)]
        results = sorted(future.result() for future in futures)
    Tenant.objects.get(slug="raced").delete()
    assert results == ["SlugTaken"] * 5 + ["made"]


@hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    failing=st.sampled_from(["one", "two", "three", None]),
    broken_undos=st.sets(st.sampled_from(["one", "two", "three"])),
)
def test_whatever_fails_the_record_says_what_is_left(
    make_run: MakeRun, failing: str | None, broken_undos: set[str]
) -> None:
    steps.reset()
    if failing:
        steps.on(f"do {failing}", permanent)
    for name in broken_undos:
        steps.on(f"undo {name}", permanent)
    run = _run(make_run())
    order = ["one", "two", "three"]
    started = order[: order.index(failing) + 1] if failing else order
    left = [name for name in started if name in broken_undos] if failing else []
    assert [step.name for step in run.steps.filter(state="UNDO_FAILED")] == left
    assert run.state == (
        "SUCCEEDED" if not failing else "ROLLBACK_INCOMPLETE" if left else "ROLLED_BACK"
    )
    assert run.tenant.state == ("FAILED" if failing else "ACTIVE")
    steps.reset()


def test_steps_that_do_not_need_each_other_run_side_by_side(
    make_run: MakeRun, settings: Settings
) -> None:
    settings.TENANT_STEPS = {
        "create": [f"{steps.__name__}.{name}" for name in ("One", "Two", "Three", "Apart")]
    }
    both = Barrier(2, timeout=10)
    steps.on("do two", lambda: both.wait() and None)
    steps.on("do apart", lambda: both.wait() and None)
    assert _run(make_run()).state == "SUCCEEDED"


def test_step_in_a_transaction_holds_up_no_step_beside_it(
    make_run: MakeRun, settings: Settings
) -> None:
    settings.TENANT_STEPS = {
        "create": [f"{steps.__name__}.{name}" for name in ("One", "Two", "Three", "Apart")]
    }
    is_in_transaction, others_are_done = Event(), Event()

    def hold() -> None:
        with fenced_transaction():
            is_in_transaction.set()
            assert others_are_done.wait(5), "The steps beside it wait for its transaction."

    steps.on("do apart", hold)
    steps.on("do one", lambda: is_in_transaction.wait(5) and None)
    steps.on("do three", others_are_done.set)
    assert _run(make_run()).state == "SUCCEEDED"


def test_what_runs_beside_a_failing_step_is_waited_for_and_taken_back(
    make_run: MakeRun, settings: Settings
) -> None:
    settings.TENANT_STEPS = {
        "create": [f"{steps.__name__}.{name}" for name in ("One", "Two", "Three", "Apart")]
    }
    failed = Event()

    def fail() -> NoReturn:
        failed.set()
        permanent()

    steps.on("do one", fail)
    steps.on("do apart", lambda: failed.wait(10) and None)
    run = _run(make_run())
    assert (run.state, run.failed_step) == ("ROLLED_BACK", "one")
    assert _states(run) == {
        "one": "UNDONE",
        "two": "PENDING",
        "three": "PENDING",
        "apart": "UNDONE",
    }


def test_a_worker_that_has_lost_its_run_makes_no_outward_act(make_run: MakeRun) -> None:
    run = make_run()
    acted: list[str] = []

    def lose() -> None:
        ProvisioningRun.objects.filter(pk=run.pk).update(fence=F("fence") + 1)
        check_fence()
        acted.append("an outward act")

    steps.on("do two", lose)
    run_provisioning(run.id)
    assert acted == []
    run.refresh_from_db()
    assert run.state == "RUNNING"
    assert "do three" not in steps.calls
    ProvisioningRun.objects.filter(pk=run.pk).update(lease_expires_at=None)
    assert _run(run).state == "SUCCEEDED"
