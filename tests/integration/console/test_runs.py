from http import HTTPStatus

import pytest
from django.test import Client
from django.urls import reverse

from tenants.models import ProvisioningRun
from tenants.states import RunState, StepState, TenantState
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
