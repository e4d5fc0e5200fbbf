"""The console's first page: what is there, what waits for somebody, and nothing that is not."""

import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from plexica.audit.selectors import list_entries
from plexica.console import dashboard_views
from plexica.core.health import Health
from plexica.identity.models import User
from plexica.rbac.permissions import TENANTS_VIEW
from tenants import overview
from tenants.models import ProvisioningRun, Tenant
from tenants.overview import Period, count_by_state, count_creations, list_failed_runs
from tests.integration.console.test_tenant_list import present

URLCONF = "plexica.urls_console"
PAGE = reverse("console:dashboard", URLCONF)
SERVERS = reverse("console:dashboard_health", URLCONF)


class Rows:
    """Rows of tenants and runs, with nothing behind them."""

    def __init__(self) -> None:
        self.mark = f"d{uuid.uuid4().hex[:10]}"

    def tenant(self, **values: Any) -> Tenant:
        slug = f"{self.mark}-{uuid.uuid4().hex[:6]}"
        names = {"slug": slug, "name": slug, "schema_name": slug, "realm": slug, "bucket": slug}
        tenant = Tenant(
            **(names | {"owner_email": "a@example.com", "state": "ACTIVE"} | present() | values)
        )
        tenant.save(force_insert=True)
        return tenant

    def run(self, tenant: Tenant, state: str = "FAILED", **values: Any) -> ProvisioningRun:
        at = values.pop("at", timezone.now())
        return ProvisioningRun.objects.create(
            tenant=tenant, state=state, requested_by="x", created_at=at, finished_at=at, **values
        )


@pytest.fixture
def rows() -> Iterator[Rows]:
    made = Rows()
    yield made
    Tenant.objects.filter(slug__startswith=made.mark).delete()


def text(client: Client, **query: str) -> str:
    answer = client.get(PAGE, query)
    assert answer.status_code == HTTPStatus.OK
    return answer.content.decode()


def test_the_first_page_is_the_dashboard(admin: Client) -> None:
    assert PAGE == "/"
    page = text(admin)
    assert '<h1 class="page-title">Dashboard</h1>' in page
    assert f'href="{PAGE}" aria-current="page"' in page


def test_counts_by_state_and_draws_it(admin: Client, rows: Rows) -> None:
    before = count_by_state()
    for state in ("ACTIVE", "SUSPENDED", "SUSPENDED"):
        rows.tenant(state=state)
    after = count_by_state()
    assert after["SUSPENDED"] == before["SUSPENDED"] + 2
    assert set(after) == set(before)
    page = text(admin)
    assert f"Suspended: {after['SUSPENDED']}" in page
    assert 'id="tenants-by-state-desc"' in page


def test_counts_creations_by_the_day_where_the_reader_is(rows: Rows) -> None:
    day = timezone.localdate() - timedelta(days=3)
    late = datetime(day.year, day.month, day.day, 23, 30, tzinfo=UTC)
    before = count_creations(Period.DAYS).get(day, 0)
    rows.tenant(created_at=late)
    rows.tenant(created_at=late - timedelta(days=200))
    assert count_creations(Period.DAYS)[day] == before + 1
    with timezone.override("Europe/Rome"):
        assert count_creations(Period.DAYS)[day + timedelta(days=1)] >= 1


def test_counts_creations_by_the_week(
    admin: Client, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview.timezone, "localdate", lambda: date(2026, 11, 26))
    rows.tenant(created_at=datetime(2026, 11, 22, 12, tzinfo=UTC))
    found = count_creations(Period.WEEKS)
    assert found[date(2026, 11, 16)] >= 1
    assert all(day.weekday() == 0 for day in found)
    assert overview.period_days(Period.WEEKS) == (date(2026, 9, 7), date(2026, 11, 23))
    page = text(admin, period="weeks")
    assert "Tenants created in each week" in page
    assert '<th scope="row">Sept. 7, 2026</th>' in page


def test_a_run_waits_until_another_has_taken_its_place(admin: Client, rows: Rows) -> None:
    now = timezone.now()
    tenant, other = rows.tenant(state="FAILED"), rows.tenant()
    first = rows.run(tenant, at=now - timedelta(hours=2), error_message="It broke.")
    done = rows.run(other, "SUCCEEDED")
    assert first in list_failed_runs()
    assert done not in list_failed_runs()
    page = text(admin)
    assert reverse("console:run_detail", URLCONF, args=[tenant.slug, first.pk]) in page
    assert "It broke." in page
    second = rows.run(tenant, "ROLLBACK_INCOMPLETE", at=now - timedelta(hours=1))
    assert first not in list_failed_runs()
    assert second in list_failed_runs()
    rows.run(tenant, "RUNNING", at=now)
    assert second not in list_failed_runs()


def test_says_who_is_behind_and_leads_to_them(admin: Client, rows: Rows) -> None:
    old = rows.tenant(schema_digest="old", created_at=datetime(2001, 1, 1, tzinfo=UTC))
    page = text(admin)
    assert f"<code>{old.slug}</code>" in page
    assert "/tenants/?version=behind" in page


def test_shows_what_was_done_last(admin: Client) -> None:
    entry = list_entries().first()
    assert entry is not None
    assert entry.actor_name in text(admin)


def test_shows_only_what_one_may_see(
    admin: Client, nobody: Client, stranger: Client, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows.run(rows.tenant(state="FAILED"))
    assert nobody.get(PAGE).status_code == HTTPStatus.FORBIDDEN
    assert nobody.get(SERVERS).status_code == HTTPStatus.FORBIDDEN
    assert stranger.get(PAGE).status_code == HTTPStatus.FOUND
    assert "Failed runs" in text(admin)
    monkeypatch.setattr(User, "has_perm", lambda _user, permission, *_: permission == TENANTS_VIEW)
    page = text(admin)
    assert "Failed runs" not in page
    assert "Recent activity" not in page
    assert SERVERS not in page
    assert "New tenant" not in page


def test_refuses_what_it_does_not_know(admin: Client) -> None:
    for query in ({"period": "years"}, {"x": "1"}):
        assert admin.get(PAGE, query).status_code == HTTPStatus.BAD_REQUEST


def test_queries_do_not_grow_with_the_rows(admin: Client, rows: Rows) -> None:
    def count() -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            text(admin)
        return [query["sql"] for query in captured.captured_queries]

    rows.run(rows.tenant(schema_digest="old"))
    count()  # the roles of the person are remembered from here on
    few = count()
    for _number in range(10):
        rows.run(rows.tenant(schema_digest="old"))
    assert len(count()) == len(few) == 10, few


class TestServers:
    @pytest.fixture(autouse=True)
    def _told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        told = [Health("database", is_up=True, latency_ms=1.4), Health("keycloak", is_up=False,
                latency_ms=4000.0)]  # fmt: skip
        monkeypatch.setattr(
            dashboard_views, "platform_health", lambda: SimpleNamespace(servers=told)
        )

    def test_are_asked_by_a_part_of_the_page(
        self, admin: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        part = admin.get(SERVERS, headers={"HX-Request": "true"}).content.decode()
        assert part.lstrip().startswith('<div id="servers">')
        assert "Answers in 1 ms" in part
        assert 'data-announce="Does not answer: Keycloak"' in part

        def ask() -> object:
            raise AssertionError("The page itself waits for no server.")

        monkeypatch.setattr(dashboard_views, "platform_health", ask)
        assert f'hx-get="{SERVERS}"' in text(admin)

    def test_are_a_page_without_scripts(self, admin: Client) -> None:
        page = admin.get(SERVERS).content.decode()
        assert "<html" in page
        assert "PostgreSQL" in page
