"""Suspending, deleting and bringing back by API. The steps only do as told."""

from typing import Any

import pytest

from plexica.audit.models import AuditEntry
from plexica.core.errors import PermanentError
from plexica.core.scope import platform_scope
from tenants.models import ProvisioningRun, Tenant
from tenants.provisioning.engine import run_provisioning
from tenants.schema.migrations import tenant_digest
from tests.integration.api.conftest import PREFIX, TENANTS, Api, new_tenant, path_of
from tests.integration.tenants import steps
from tests.threads import threads

SLUG = f"{PREFIX}life"
ADDRESS = f"{TENANTS}/{SLUG}"


def refuse() -> None:
    raise PermanentError("It is refused.")


@pytest.fixture(autouse=True)
def _active(api: Api) -> None:
    """A tenant that is ACTIVE, on paper."""
    run_provisioning(api.post(new_tenant("life")).json()["run"]["id"])
    steps.reset()


def _end(answer: Any, status: int = 202) -> str:
    assert answer.status_code == status, answer.content
    body = answer.json()
    assert answer["Location"] == body["run"]["url"]
    run_provisioning(body["run"]["id"])
    return str(Tenant.objects.values_list("state", flat=True).get(slug=SLUG))


def test_a_tenant_is_suspended_and_resumed(api: Api) -> None:
    answer = api.post({}, f"{ADDRESS}/suspend")
    assert answer.json()["tenant"]["state"] == "SUSPENDED"
    assert answer.json()["run"]["kind"] == "suspend"
    assert _end(answer) == "SUSPENDED"
    answer = api.post({}, f"{ADDRESS}/resume")
    assert answer.json()["tenant"]["state"] == "SUSPENDED"
    assert _end(answer) == "ACTIVE"
    # What is recorded stays, also from a run of the tests on the same servers before.
    entry = AuditEntry.objects.filter(
        target=f"tenant:{SLUG}", action="tenant.suspension_requested"
    ).latest("at")
    assert entry.actor_name == "plexica-api"


def test_a_body_may_be_left_out(api: Api) -> None:
    assert _end(api.send("POST", f"{ADDRESS}/suspend")) == "SUSPENDED"


def test_a_tenant_is_deleted_and_restored(api: Api) -> None:
    answer = api.send("DELETE", f"{ADDRESS}?confirm={SLUG}&grace_days=7")
    tenant = answer.json()["tenant"]
    assert (tenant["state"], tenant["state_before_deletion"]) == ("DELETING", "ACTIVE")
    assert tenant["purge_after"] is not None
    assert _end(answer) == "DELETING"
    assert _end(api.post({}, f"{ADDRESS}/restore")) == "ACTIVE"
    assert api.get(ADDRESS).json()["purge_after"] is None


def test_a_tenant_is_deleted_at_once_and_its_slug_freed(api: Api) -> None:
    assert _end(api.send("DELETE", f"{ADDRESS}?confirm={SLUG}&grace_days=0")) == "DELETED"
    body = api.get(ADDRESS).json()
    assert (body["state"], body["owner_email"]) == ("DELETED", "")
    taken = api.post(new_tenant("life"))
    assert (taken.status_code, taken.json()["type"]) == (409, "urn:plexica:problem:slug-taken")
    freed = api.post({}, f"{ADDRESS}/free")
    assert (freed.status_code, freed.content) == (204, b"")
    assert api.get(ADDRESS).status_code == 404
    assert api.post(new_tenant("life")).status_code == 202


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "confirm"),
        ("?confirm=", "confirm"),
        ("?confirm=other", "confirm"),
        (f"?confirm={SLUG}&confirm={SLUG}", "confirm"),
        (f"?confirm={SLUG}&grace_days=-1", "grace_days"),
        (f"?confirm={SLUG}&grace_days=366", "grace_days"),
        (f"?confirm={SLUG}&grace_days=1.5", "grace_days"),
        (f"?confirm={SLUG}&grace_days=٣", "grace_days"),
        (f"?confirm={SLUG}&force=1", "force"),
    ],
)
def test_a_deletion_must_be_meant(api: Api, query: str, field: str) -> None:
    answer = api.send("DELETE", ADDRESS + query)
    assert answer.status_code == 400
    assert {error["field"] for error in answer.json()["errors"]} == {field}
    assert Tenant.objects.get(slug=SLUG).state == "ACTIVE"


@pytest.mark.parametrize("action", ["suspend", "resume", "restore", "free"])
def test_a_body_says_nothing(api: Api, action: str) -> None:
    answer = api.post({"reason": "x"}, f"{ADDRESS}/{action}")
    assert answer.status_code == 400
    assert api.send("GET", f"{ADDRESS}/{action}").status_code == 405
    assert api.post({}, f"{TENANTS}/{PREFIX}nobody/{action}").status_code == 404


@pytest.mark.parametrize(
    ("action", "code"),
    [
        ("resume", "forbidden-transition"),
        ("restore", "forbidden-transition"),
        ("free", "forbidden-transition"),
    ],
)
def test_what_the_state_does_not_allow_is_a_conflict(api: Api, action: str, code: str) -> None:
    answer = api.post({}, f"{ADDRESS}/{action}")
    assert answer.status_code == 409
    assert answer.json()["type"] == f"urn:plexica:problem:{code}"


def test_a_second_request_meets_the_first_ones_run(api: Api) -> None:
    api.post({}, f"{ADDRESS}/suspend")
    answer = api.post({}, f"{ADDRESS}/resume")
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:plexica:problem:tenant-busy"
    again = api.post({}, f"{ADDRESS}/suspend")
    assert again.json()["type"] == "urn:plexica:problem:forbidden-transition"


def test_a_removal_that_has_begun_is_not_called_off(api: Api) -> None:
    steps.on("undo two", refuse)
    assert _end(api.send("DELETE", f"{ADDRESS}?confirm={SLUG}&grace_days=0")) == "DELETING"
    answer = api.post({}, f"{ADDRESS}/restore")
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:plexica:problem:removal-begun"


@pytest.mark.parametrize("if_match", ['"1"', '"99"', 'W/"1"'])
def test_only_what_the_caller_has_seen_is_changed(api: Api, if_match: str) -> None:
    for answer in (
        api.post({}, f"{ADDRESS}/suspend", if_match=if_match),
        api.send("DELETE", f"{ADDRESS}?confirm={SLUG}", if_match=if_match),
    ):
        assert answer.status_code == 412
    assert Tenant.objects.get(slug=SLUG).state == "ACTIVE"
    etag = api.get(ADDRESS)["ETag"]
    assert api.post({}, f"{ADDRESS}/suspend", if_match=etag).status_code == 202


def test_who_prefers_to_wait_gets_the_end(api: Api) -> None:
    def work() -> None:
        with platform_scope():
            while not (run := ProvisioningRun.objects.filter(state="QUEUED").first()):
                pass
            run_provisioning(run.id)

    with threads(1) as submit:
        worker = submit(work)
        answer = api.post({}, f"{ADDRESS}/suspend", prefer="wait=20")
        worker.result()
    assert (answer.status_code, answer["Preference-Applied"]) == (200, "wait=20")
    assert answer.json()["run"]["state"] == "SUCCEEDED"
    steps.on("do two", refuse)
    with threads(1) as submit:
        worker = submit(work)
        failed = api.post({}, f"{ADDRESS}/resume", prefer="wait=20")
        worker.result()
    assert failed.status_code == 500
    assert failed.json()["type"] == "urn:plexica:problem:run-failed"
    assert failed.json()["failed_step"] == "two"


def test_a_failed_run_is_tried_again(api: Api) -> None:
    steps.on("do two", refuse)
    answer = api.post({}, f"{ADDRESS}/suspend")
    assert _end(answer) == "SUSPENDED"
    run = api.get(path_of(answer.json()["run"]["url"])).json()
    assert (run["state"], run["failed_step"]) == ("FAILED", "two")
    assert _end(api.post({}, f"{path_of(run['url'])}/retry")) == "SUSPENDED"
    assert ProvisioningRun.objects.filter(tenant__slug=SLUG, state="SUCCEEDED").count() == 2


def test_it_says_which_parts_are_behind(api: Api) -> None:
    Tenant.objects.filter(slug=SLUG).update(schema_digest=tenant_digest())
    parts = {part["part"]: part["is_current"] for part in api.get(ADDRESS).json()["parts"]}
    assert parts == {"schema": True, "roles": False, "bucket": False, "realm": False}
    found = api.get(TENANTS, behind="true", search=SLUG).json()["results"]
    assert [tenant["slug"] for tenant in found] == [SLUG]
    assert api.get(TENANTS, behind="perhaps").status_code == 400


def test_strangers_change_nothing(stranger: Api) -> None:
    for action in ("suspend", "resume", "restore", "free"):
        assert stranger.post({}, f"{ADDRESS}/{action}").status_code == 401
    assert stranger.send("DELETE", f"{ADDRESS}?confirm={SLUG}").status_code == 401
