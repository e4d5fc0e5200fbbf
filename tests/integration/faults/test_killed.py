"""Workers killed and frozen for real, at every place of every step: all ends whole or empty.

All places take long and are marked `prove`; each run of the tests tries a sample of them.
"""

import time
from collections.abc import Callable, Iterator
from itertools import count

import pytest
from pytest_django import Settings

from tenants.models import ProvisioningRun
from tenants.reconcile import reconcile_ended
from tenants.states import RunKind, RunState
from tests.conftest import Servers
from tests.integration.conftest import MakeRun
from tests.integration.faults.conftest import Around, become_abandoned, work
from tests.integration.faults.killing import CASES, Case, check_end, check_whole, refuse, stage
from tests.integration.faults.leftovers import Master, leftovers
from tests.integration.faults.zygote import Ending, Order, Zygote

# No step has so many places; a loop that does not end is a mistake of the test's.
MOST_PLACES = 200
MOST_SECONDS = 60
FROZEN_CASES = tuple(
    Case(RunKind.CREATE, step) for step in ("schema", "bucket", "realm", "roles", "owner", "")
)


@pytest.fixture(scope="module")
def zygote(platform: Servers) -> Iterator[Zygote]:
    """Where the workers come from that are killed."""
    made = Zygote()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _patient(settings: Settings) -> None:
    """Have whoever takes over wait for what the dead worker's servers are still at."""
    settings.PLEXICA_LEASE_SECONDS = 60
    settings.PLEXICA_STEP_ATTEMPTS = 6
    settings.PLEXICA_STEP_BACKOFF_SECONDS = 0.3


def kill(zygote: Zygote, run: ProvisioningRun, case: Case, at: int) -> Ending:
    """Have a worker killed at a place, and another go on with the run."""
    ending = zygote.work(_order(run, case, at))
    assert ending in ("killed", "ended")
    _take_over(run)
    return ending


def freeze(zygote: Zygote, run: ProvisioningRun, case: Case, at: int) -> Ending:
    """Have a worker frozen at a place, and another go on with the run until it ends."""
    ending = zygote.work(_order(run, case, at, freezes=True))
    assert ending in ("frozen", "ended")
    if ending == "frozen":
        _take_over(run)
    return ending


def _take_over(run: ProvisioningRun) -> None:
    """Work on a run until it ends, as the sweep has somebody do again and again.

    What a frozen worker had sent may still be done, such as its lease renewed once more.
    """
    run.refresh_from_db()
    deadline = time.monotonic() + MOST_SECONDS
    while run.finished_at is None:
        assert time.monotonic() < deadline
        become_abandoned(run)
        work(run)
    run.tenant.refresh_from_db()


def _order(run: ProvisioningRun, case: Case, at: int, *, freezes: bool = False) -> Order:
    return Order(
        run=str(run.pk), step=case.step, verb=case.verb, at=at, freezes=freezes, fails=case.fails
    )


@pytest.mark.parametrize(
    ("case", "at"),
    [
        (Case(RunKind.CREATE, "schema"), 6),
        (Case(RunKind.CREATE, "bucket"), 2),
        (Case(RunKind.CREATE, "realm"), 9),
        (Case(RunKind.CREATE, "owner"), 4),
        (Case(RunKind.CREATE, ""), 8),
        (Case(RunKind.CREATE, "bucket", "undo", fails="owner"), 2),
        (Case(RunKind.CREATE, "realm", "undo", fails="owner"), 3),
        (Case(RunKind.SUSPEND, "access"), 4),
        (Case(RunKind.RESUME, "opening"), 3),
        (Case(RunKind.PURGE, "realm", "undo"), 5),
        (Case(RunKind.PURGE, "schema", "undo"), 2),
    ],
    ids=str,
)
def test_killed_worker_leaves_a_run_that_ends_whole_or_empty(
    make_run: MakeRun, zygote: Zygote, master: Master, case: Case, at: int
) -> None:
    with stage(case.kind, make_run) as begin:
        run = begin()
        assert kill(zygote, run, case, at) == "killed"
        check_end(case, run)


@pytest.mark.prove
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_worker_killed_at_every_place_of_a_step(
    make_run: MakeRun, zygote: Zygote, case: Case, record_property: Callable[[str, object], None]
) -> None:
    with stage(case.kind, make_run) as begin:
        for at in count():
            assert at < MOST_PLACES
            run = begin()
            if kill(zygote, run, case, at) == "ended":
                break
            check_end(case, run)
    assert at > 1
    record_property("places", at)


@pytest.mark.parametrize(
    ("case", "at"),
    [(Case(RunKind.CREATE, "realm"), 5), (Case(RunKind.CREATE, "schema"), 6)],
    ids=str,
)
def test_worker_that_wakes_up_late_harms_nothing(
    make_run: MakeRun, zygote: Zygote, case: Case, at: int
) -> None:
    run = make_run()
    assert freeze(zygote, run, case, at) == "frozen"
    check_end(case, run)
    zygote.thaw()
    check_whole(run.tenant)


@pytest.mark.prove
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("case", FROZEN_CASES, ids=str)
def test_worker_frozen_at_every_place_of_a_step(
    make_run: MakeRun, zygote: Zygote, case: Case, record_property: Callable[[str, object], None]
) -> None:
    for at in count():
        assert at < MOST_PLACES
        run = make_run()
        if freeze(zygote, run, case, at) == "ended":
            break
        check_end(case, run)
        zygote.thaw()
        check_whole(run.tenant)
    assert at > 1
    record_property("places", at)


def test_late_worker_whose_run_was_taken_back_leaves_nothing(
    make_run: MakeRun, zygote: Zygote, around: Around, master: Master
) -> None:
    _freeze_and_take_back(make_run(), zygote, around, Case(RunKind.CREATE, "realm"), 5)
    assert Master.now() == master


@pytest.mark.prove
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("case", FROZEN_CASES, ids=str)
def test_late_worker_whose_run_was_taken_back_at_every_place_of_a_step(
    make_run: MakeRun,
    zygote: Zygote,
    around: Around,
    master: Master,
    case: Case,
    record_property: Callable[[str, object], None],
) -> None:
    for at in count():
        assert at < MOST_PLACES
        if _freeze_and_take_back(make_run(), zygote, around, case, at) == "ended":
            break
    assert at > 1
    record_property("places", at)


def _freeze_and_take_back(
    run: ProvisioningRun, zygote: Zygote, around: Around, case: Case, at: int
) -> Ending:
    with pytest.MonkeyPatch.context() as patch:
        around("owner", refuse, patch)
        if freeze(zygote, run, case, at) == "ended":
            return "ended"
    if run.state == RunState.SUCCEEDED:
        # It was frozen when it had written the end already.
        zygote.thaw()
        check_whole(run.tenant)
        return "frozen"
    assert run.state == RunState.ROLLED_BACK
    assert leftovers(run.tenant) == []
    zygote.thaw()
    # What had left before the worker was frozen may be done now: the schedule finds it.
    reconcile_ended()
    assert leftovers(run.tenant) == []
    return "frozen"
