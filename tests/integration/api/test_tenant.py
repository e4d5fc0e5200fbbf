from typing import Any

import pytest

from plexica.audit.models import AuditEntry
from tenants.models import Tenant
from tests.integration.api.conftest import PREFIX, TENANTS, Api, new_tenant

ADDRESS = f"{TENANTS}/{PREFIX}one"


@pytest.fixture(autouse=True)
def _one(api: Api) -> None:
    assert api.post(new_tenant("one", contact_email="old@example.com")).status_code == 202


def test_shows_a_tenant(api: Api) -> None:
    answer = api.get(ADDRESS)
    assert answer.status_code == 200
    body = answer.json()
    assert body["slug"] == f"{PREFIX}one"
    assert body["schema_name"] == "t_api_one"
    assert body["workspace_url"].startswith(f"http://{PREFIX}one.localhost")
    assert answer["ETag"] == '"1"'


def test_says_that_there_is_no_such_tenant(api: Api) -> None:
    for slug in (f"{PREFIX}nobody", "UPPER", "a_b"):
        answer = api.get(f"{TENANTS}/{slug}")
        assert answer.status_code == 404
        assert answer.json()["type"] == "urn:plexica:problem:not-found"
        assert api.patch(f"{TENANTS}/{slug}", {"name": "x"}).status_code == 404


def test_changes_name_and_contact(api: Api) -> None:
    answer = api.patch(ADDRESS, {"name": " New name ", "contact_email": "new@example.com"})
    assert answer.status_code == 200
    assert answer["ETag"] == '"2"'
    body = api.get(ADDRESS).json()
    assert body == answer.json()
    assert (body["name"], body["contact_email"]) == ("New name", "new@example.com")
    entry = AuditEntry.objects.filter(target=f"tenant:{PREFIX}one").latest("at")
    assert entry.action == "tenant.updated"
    assert entry.before == {"name": "An Example", "contact_email": "old@example.com"}


def test_changes_how_long_sessions_last(api: Api) -> None:
    body = api.patch(ADDRESS, {"session_idle_minutes": 15, "session_max_minutes": 60}).json()
    assert (body["session_idle_minutes"], body["session_max_minutes"]) == (15, 60)
    answer = api.patch(ADDRESS, {"session_max_minutes": 30, "session_idle_minutes": 31})
    assert answer.status_code == 400
    assert api.get(ADDRESS).json() == body


def test_changes_only_what_is_given(api: Api) -> None:
    body = api.patch(ADDRESS, {"contact_email": ""}).json()
    assert (body["name"], body["contact_email"]) == ("An Example", "")
    unchanged = api.patch(ADDRESS, {})
    assert unchanged.status_code == 200
    assert unchanged["ETag"] == '"2"'


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"slug": "api-two"}, "slug"),
        ({"slug": f"{PREFIX}one"}, "slug"),
        ({"name": "Fine", "state": "ACTIVE"}, "state"),
        ({"owner_email": "eve@example.com"}, "owner_email"),
        ({"version": 7}, "version"),
        ({"colour": "red"}, "colour"),
        ({"name": None}, "name"),
        ({"name": 7}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "a\0"}, "name"),
        ({"session_idle_minutes": 4}, "session_idle_minutes"),
        ({"session_idle_minutes": "30"}, "session_idle_minutes"),
        ({"session_idle_minutes": True}, "session_idle_minutes"),
        ({"session_idle_minutes": 30.0}, "session_idle_minutes"),
        ({"session_idle_minutes": None}, "session_idle_minutes"),
        ({"session_idle_minutes": 601}, "session_idle_minutes"),
        ({"session_max_minutes": 10**30}, "session_max_minutes"),
        ({"contact_email": None}, "contact_email"),
        ({"contact_email": "nobody"}, "contact_email"),
        ({"contact_email": "a\0@example.com"}, "contact_email"),
    ],
)
def test_refuses_a_change_and_changes_nothing(api: Api, body: Any, field: str) -> None:
    before = Tenant.objects.values().get(slug=f"{PREFIX}one")
    answer = api.patch(ADDRESS, body)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert Tenant.objects.values().get(slug=f"{PREFIX}one") == before


@pytest.mark.parametrize(
    ("if_match", "status"),
    [
        ('"1"', 200),
        ('"0", "1"', 200),
        ("*", 200),
        ('"2"', 412),
        ('W/"1"', 412),
        ("1", 412),
        ("", 412),
        ("nonsense", 412),
    ],
)
def test_changes_only_what_the_caller_has_seen(api: Api, if_match: str, status: int) -> None:
    answer = api.patch(ADDRESS, {"name": "New"}, if_match=if_match)
    assert answer.status_code == status
    changed = Tenant.objects.get(slug=f"{PREFIX}one").name == "New"
    assert changed == (status == 200)


def test_nothing_is_replaced(api: Api) -> None:
    for method in ("PUT", "POST"):
        answer = api.send(method, ADDRESS, b"{}")
        assert answer.status_code == 405
        assert answer["Allow"] == "GET, PATCH, DELETE, HEAD, OPTIONS"
        assert answer.json()["type"] == "urn:plexica:problem:method-not-allowed"
