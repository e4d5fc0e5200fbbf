import re
from collections.abc import Iterator
from datetime import timedelta
from http import HTTPStatus

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tenants.estimates import estimate
from tenants.models import ProvisioningRun
from tenants.states import RunKind, RunState, StepState, TenantState
from tests.integration.conftest import MakeRun

URLCONF = "plexica.urls_console"
HTMX = {"HX-Request": "true"}


def url(name: str, run: ProvisioningRun) -> str:
    return reverse(f"console:{name}", URLCONF, args=[run.tenant.slug, run.id])


def set_state(run: ProvisioningRun, state: RunState, steps: dict[str, StepState]) -> None:
    """Bring a run to a state that the engine leaves it in; the engine's own tests prove it does."""
    run.state = state
    run.failed_step = "realm" if steps else ""
    run.error_message = "Keycloak does not answer." if steps else ""
    run.save()
    for name, step_state in steps.items():
        run.steps.filter(name=name).update(state=step_state)
    if run.has_failed:
        run.tenant.state = TenantState.FAILED
        run.tenant.save()


@pytest.fixture
def failed(make_run: MakeRun) -> ProvisioningRun:
    run = make_run()
    set_state(
        run,
        RunState.ROLLBACK_INCOMPLETE,
        {
            "schema": StepState.UNDONE,
            "bucket": StepState.UNDO_FAILED,
            "realm": StepState.FAILED,
        },
    )
    return run


def test_asks_again_until_it_is_finished(admin: Client, make_run: MakeRun) -> None:
    run = make_run()
    fragment = admin.get(url("run_detail", run), headers=HTMX).content.decode()
    assert "<html" not in fragment
    assert 'hx-trigger="every 1s"' in fragment
    assert "Waiting to start" in fragment

    set_state(run, RunState.SUCCEEDED, {})
    fragment = admin.get(url("run_detail", run), headers=HTMX).content.decode()
    assert "hx-trigger" not in fragment
    assert "is ready" in fragment


def test_says_in_words_what_failed_and_what_is_left(admin: Client, failed: ProvisioningRun) -> None:
    page = admin.get(url("run_detail", failed)).content.decode()
    assert "Keycloak does not answer." in page
    assert "Not everything could be taken back" in page
    assert "Could not be taken back" in page
    assert url("run_retry", failed) in page
    assert url("run_rollback", failed) in page


def test_creates_it_again_in_a_new_run(admin: Client, failed: ProvisioningRun) -> None:
    answer = admin.post(url("run_retry", failed))
    new = failed.tenant.runs.exclude(pk=failed.pk).get()
    assert answer.headers["Location"] == url("run_detail", new)
    assert new.requested_by == "Stella"
    old_page = admin.get(url("run_detail", failed)).content.decode()
    assert "has taken the place of this one" in old_page
    assert url("run_retry", failed) not in old_page


def test_takes_the_rest_back(admin: Client, failed: ProvisioningRun) -> None:
    answer = admin.post(url("run_rollback", failed))
    failed.refresh_from_db()
    assert failed.state == RunState.ROLLING_BACK
    assert answer.headers["Location"] == url("run_detail", failed)


def test_what_did_not_fail_is_not_tried_again(admin: Client, make_run: MakeRun) -> None:
    run = make_run()
    page = admin.post(url("run_retry", run), follow=True).content.decode()
    assert "Only a run that has failed can be tried again." in page
    assert run.tenant.runs.count() == 1


def test_a_link_does_not_change_anything(admin: Client, failed: ProvisioningRun) -> None:
    assert admin.get(url("run_retry", failed)).status_code == HTTPStatus.METHOD_NOT_ALLOWED


def test_a_run_is_found_under_its_own_tenant_only(admin: Client, make_run: MakeRun) -> None:
    run, other = make_run(), make_run()
    address = reverse("console:run_detail", URLCONF, args=[other.tenant.slug, run.id])
    assert admin.get(address).status_code == HTTPStatus.NOT_FOUND


class TestEstimate:
    @pytest.fixture(autouse=True)
    def _no_past(self) -> Iterator[None]:
        """Runs that others have left would be a past; they are set aside, and come back."""
        others = ProvisioningRun.objects.filter(state=RunState.SUCCEEDED, kind=RunKind.CREATE)
        aside = list(others.values_list("pk", flat=True))
        ProvisioningRun.objects.filter(pk__in=aside).update(state=RunState.ROLLED_BACK)
        yield
        ProvisioningRun.objects.filter(pk__in=aside).update(state=RunState.SUCCEEDED)

    def past(self, make_run: MakeRun, *seconds: float) -> None:
        end = timezone.now()
        for taken in seconds:
            ProvisioningRun.objects.filter(pk=make_run().pk).update(
                state=RunState.SUCCEEDED,
                started_at=end - timedelta(seconds=taken),
                finished_at=end,
            )

    def shown(self, admin: Client, run: ProvisioningRun) -> str:
        return admin.get(url("run_detail", run), headers=HTMX).content.decode()

    def running(self, make_run: MakeRun, *, since: float) -> ProvisioningRun:
        run = make_run()
        run.state = RunState.RUNNING
        run.created_at = run.started_at = timezone.now() - timedelta(seconds=since)
        run.save()
        return run

    def test_says_that_there_is_no_past(self, admin: Client, make_run: MakeRun) -> None:
        assert "nobody knows how long it takes" in self.shown(admin, make_run())

    def test_is_the_median_less_what_it_has_taken(self, admin: Client, make_run: MakeRun) -> None:
        self.past(make_run, 4, 50, 6)
        assert estimate(self.running(make_run, since=3)).seconds_left == pytest.approx(3, abs=0.9)  # type: ignore[union-attr]
        page = self.shown(admin, self.running(make_run, since=3.5))
        assert re.search(r"About [23] s left", page)

    def test_before_it_starts_it_is_what_is_usual(self, admin: Client, make_run: MakeRun) -> None:
        self.past(make_run, 6)
        assert "usually takes about 6 s" in self.shown(admin, make_run())

    def test_says_when_it_takes_longer_than_usual(self, admin: Client, make_run: MakeRun) -> None:
        self.past(make_run, 6)
        page = self.shown(admin, self.running(make_run, since=8))
        assert "It takes longer than usual" in page
        assert "s left" not in page

    def test_other_kinds_and_failures_are_no_past(self, admin: Client, make_run: MakeRun) -> None:
        self.past(make_run, 6)
        ProvisioningRun.objects.filter(
            state=RunState.SUCCEEDED, tenant__slug__startswith="x"
        ).update(kind=RunKind.RESUME)
        assert "nobody knows" in self.shown(admin, make_run())

    def test_there_is_none_of_what_has_ended_or_is_taken_back(
        self, admin: Client, failed: ProvisioningRun, make_run: MakeRun
    ) -> None:
        assert "data-estimate" not in self.shown(admin, failed)
        run = self.running(make_run, since=1)
        ProvisioningRun.objects.filter(pk=run.pk).update(state=RunState.ROLLING_BACK)
        assert "data-estimate" not in self.shown(admin, run)

    @pytest.mark.parametrize(("since", "pause"), [(1, 1), (29, 1), (31, 2), (119, 2), (121, 5)])
    def test_the_page_asks_the_rarer_the_longer_it_takes(
        self, admin: Client, make_run: MakeRun, since: float, pause: int
    ) -> None:
        page = self.shown(admin, self.running(make_run, since=since))
        assert f'hx-trigger="every {pause}s"' in page

    def test_asks_the_database_as_often_whatever_the_past(
        self, admin: Client, make_run: MakeRun
    ) -> None:
        run = self.running(make_run, since=1)

        def count() -> int:
            with CaptureQueriesContext(connection) as captured:
                self.shown(admin, run)
            return len(captured)

        count()  # the roles of the person are remembered from here on
        few = count()
        self.past(make_run, 3, 4, 5)
        assert count() == few == 9


def test_tells_the_attempt_and_the_time_of_each_step(admin: Client, make_run: MakeRun) -> None:
    run = make_run()
    end = timezone.now()
    run.steps.filter(name="realm").update(
        state=StepState.STARTED, attempts=3, started_at=end - timedelta(seconds=2), finished_at=end
    )
    page = admin.get(url("run_detail", run)).content.decode()
    assert "attempt 3" in page
    assert "2.0 s" in page
