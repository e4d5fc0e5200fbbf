from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from plexica.core.errors import PermanentError
from tenants.models import Tenant
from tenants.provisioning.engine import run_provisioning
from tests.integration.api.conftest import PREFIX, TENANTS, Api, new_tenant, path_of
from tests.integration.tenants import steps


def refuse() -> None:
    raise PermanentError("It is refused.")


@pytest.fixture
def run(api: Api) -> dict[str, Any]:
    """A run that has failed at its second step."""
    steps.on("do two", refuse)
    return finished(api, "runs")


def finished(api: Api, name: str) -> dict[str, Any]:
    begun = api.post(new_tenant(name)).json()["run"]
    run_provisioning(begun["id"])
    found: dict[str, Any] = api.get(path_of(begun["url"])).json()
    return found


def test_shows_steps_times_and_errors(api: Api) -> None:
    steps.on("do two", refuse)
    steps.on("undo one", refuse)
    run = finished(api, "runs")
    assert (run["state"], run["failed_step"]) == ("ROLLBACK_INCOMPLETE", "two")
    assert run["error"] == "It is refused."
    assert run["tenant"] == f"{PREFIX}runs"
    assert run["requested_by"] == "plexica-api"
    assert run["started_at"] <= run["finished_at"]
    assert run["seconds"] >= 0
    assert [(step["name"], step["state"], step["error"]) for step in run["steps"]] == [
        ("one", "UNDO_FAILED", "It is refused."),
        ("two", "UNDONE", ""),
        ("three", "PENDING", ""),
    ]
    assert run["steps"][0]["attempts"] == 2
    assert run["steps"][2]["started_at"] is None


def test_lists_runs_newest_first_in_pages(api: Api, run: dict[str, Any]) -> None:
    retried = api.post({}, f"{path_of(run['url'])}/retry").json()["run"]
    address = f"{TENANTS}/{PREFIX}runs/runs"
    body = api.get(address).json()
    assert [found["id"] for found in body["results"]] == [retried["id"], run["id"]]
    first = api.get(address, page_size=1).json()
    second = api.get(path_of(first["next"])).json()
    assert [second["results"][0]["id"], second["next"]] == [run["id"], None]
    with CaptureQueriesContext(connection) as queries:
        api.get(address)
    assert len(queries) <= 4


def test_a_cursor_of_another_tenants_runs_is_refused(api: Api, run: dict[str, Any]) -> None:
    api.post({}, f"{path_of(run['url'])}/retry")
    page = api.get(f"{TENANTS}/{PREFIX}runs/runs", page_size=1).json()
    api.post(new_tenant("other"))
    other = path_of(page["next"]).replace(f"{PREFIX}runs", f"{PREFIX}other")
    assert api.get(other).status_code == 400


def test_a_run_is_found_only_at_its_own_tenant(api: Api, run: dict[str, Any]) -> None:
    api.post(new_tenant("other"))
    for address in (
        f"{TENANTS}/{PREFIX}other/runs/{run['id']}",
        f"{TENANTS}/{PREFIX}runs/runs/{uuid4()}",
        f"{TENANTS}/{PREFIX}runs/runs/1",
        f"{TENANTS}/{PREFIX}nobody/runs",
    ):
        assert api.get(address).status_code == 404
        assert api.post({}, f"{address}/retry").status_code == 404


@pytest.mark.parametrize("body", [b"", b"{}", b'{"mode": "create"}'])
def test_tries_a_failed_run_again(api: Api, run: dict[str, Any], body: bytes) -> None:
    answer = api.send("POST", f"{path_of(run['url'])}/retry", body)
    assert answer.status_code == 202
    new = answer.json()["run"]
    assert new["id"] != run["id"]
    assert answer["Location"] == new["url"]
    assert answer["Retry-After"]
    run_provisioning(new["id"])
    assert api.get(f"{TENANTS}/{PREFIX}runs").json()["state"] == "ACTIVE"


def test_tries_again_to_take_back_what_is_left(api: Api) -> None:
    steps.on("do two", refuse)
    steps.on("undo one", refuse)
    run = finished(api, "left")
    answer = api.post({"mode": "rollback"}, f"{path_of(run['url'])}/retry")
    assert answer.status_code == 202
    assert answer.json()["run"]["id"] == run["id"]
    run_provisioning(run["id"])
    assert api.get(path_of(run["url"])).json()["state"] == "ROLLED_BACK"


def test_refuses_to_try_again_what_has_not_failed(api: Api, run: dict[str, Any]) -> None:
    good = finished(api, "good")
    assert good["state"] == "SUCCEEDED"
    for found, body in ((good, {}), (good, {"mode": "rollback"}), (run, {"mode": "rollback"})):
        answer = api.post(body, f"{path_of(found['url'])}/retry")
        assert answer.status_code == 409
        assert answer.json()["type"] == "urn:plexica:problem:run-not-retryable"
    assert api.post({}, f"{path_of(run['url'])}/retry").status_code == 202
    assert api.post({}, f"{path_of(run['url'])}/retry").status_code == 409


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"mode": "delete"}, "mode"),
        ({"mode": 1}, "mode"),
        ({"mode": None}, "mode"),
        ({"mode": ["create"]}, "mode"),
        ({"mode": {}}, "mode"),
        ({"mod": "create"}, "mod"),
        ([], ""),
    ],
)
def test_refuses_another_mode(api: Api, run: dict[str, Any], body: Any, field: str) -> None:
    answer = api.post(body, f"{path_of(run['url'])}/retry")
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert Tenant.objects.get(slug=f"{PREFIX}runs").runs.count() == 1
