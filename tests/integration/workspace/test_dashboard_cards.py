"""What the dashboard shows to whom, at a fixed cost, and an owner's first steps."""

import re
from collections.abc import Iterator
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone
from django.utils.html import format_html

from deploy.local.control import start_part, stop_part
from plexica.audit.models import AuditEntry
from plexica.core import widgets
from plexica.core.widgets import Widget, register_widget
from plexica.identity.models import User
from plexica.storage.clients import get_client
from plexica.storage.selectors import recall_usage, refresh_usage
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.conftest import Servers
from tests.integration.workspace.conftest import Member, come

HTMX = {"HX-Request": "true"}
DONE = 'data-state="DONE"'


def page_of(member: Member, **query: str) -> str:
    return str(member.client.get("/", query).content.decode())


@pytest.fixture(autouse=True)
def _fresh(acme: Tenant) -> Iterator[None]:
    """Begin with a list of first steps, and nothing counted."""

    def reset() -> None:
        Tenant.objects.filter(pk=acme.pk).update(checklist_dismissed_at=None, logo="")
        with tenant_scope(acme):
            cache.delete(f"storage:usage:{acme.pk}")

    reset()
    yield
    reset()


class TestPeople:
    def test_are_counted_and_those_who_came_lately(self, ada: Member, bo: Member) -> None:
        with tenant_scope(ada.tenant):
            total = User.objects.filter(is_active=True, removed_at=None, kind="person").count()
            long_ago = timezone.now() - timedelta(days=8)
            User.objects.update(last_login=long_ago)
            User.objects.filter(pk=bo.user.pk).update(last_login=timezone.now())
        page = page_of(ada)
        assert f'<div class="stat-value">{total}</div>' in page
        assert "1 logged in during the last 7 days" in page


class TestStorage:
    def test_what_one_had_before_who_had_the_same_slug_is_not_shown(self, acme: Tenant) -> None:
        with tenant_scope(acme):
            refresh_usage(tenant=acme)
            assert recall_usage(tenant=acme) is not None
            assert recall_usage(tenant=Tenant(slug=acme.slug)) is None

    def test_the_page_does_not_wait_for_it(self, ada: Member, servers: Servers) -> None:
        stop_part(servers.instance, "s3")
        try:
            page = page_of(ada)
            counted = ada.client.get("/", {"usage": "count"}, headers=HTMX).content.decode()
        finally:
            start_part(servers.instance, "s3")
        assert 'hx-get="/?usage=count"' in page
        assert "The storage does not answer now." in counted
        assert "hx-get" not in counted, "It does not ask again by itself."

    def test_is_counted_and_remembered(self, ada: Member) -> None:
        client, bucket = get_client(ada.tenant.s3), ada.tenant.bucket
        client.put_object(Bucket=bucket, Key="a.txt", Body=b"x" * 2048)
        try:
            counted = ada.client.get("/", {"usage": "count"}, headers=HTMX).content.decode()
        finally:
            client.delete_object(Bucket=bucket, Key="a.txt")
        assert counted.lstrip().startswith("<div")
        assert "2.0\xa0KB" in counted
        assert "2.0\xa0KB" in page_of(ada)
        assert "2.0\xa0KB" in page_of(ada, usage="count")


class TestActivity:
    def test_members_see_what_concerns_them(self, ada: Member, bo: Member) -> None:
        with tenant_scope(ada.tenant):
            values = {"actor_kind": "user", "action": "thing.done", "target": "thing:x"}
            for somebody in (ada, bo):
                AuditEntry.objects.create(
                    actor_id=str(somebody.user.pk), actor_name=f"Only {somebody.user}", **values
                )
        page = page_of(bo)
        assert "Only Bo" in page
        assert "Only Ada" not in page
        assert "What concerns you" in page
        assert 'class="chart"' not in page
        assert "Only Bo" in page_of(ada)

    def test_a_chart_of_what_was_really_done(self, ada: Member) -> None:
        page = page_of(ada)
        with tenant_scope(ada.tenant):
            since = timezone.now() - timedelta(days=20)
            total = AuditEntry.objects.filter(at__gte=since).count()
        assert 'class="chart"' in page
        assert f"Altogether: {total:,}." in page


class TestOthersCards:
    @pytest.fixture(autouse=True)
    def _none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(widgets, "_widgets", {})

    def test_are_shown_to_those_who_may(self, ada: Member, bo: Member) -> None:
        for key, permission, content in (
            ("deals", "core:roles:view", "Nine deals"),
            ("none", "core:dashboard:view", ""),
        ):
            register_widget(
                Widget(
                    key=key,
                    title=f"Card {key}",
                    permission=permission,
                    render=lambda text=content: format_html("{}", text),
                )
            )
        page = page_of(ada)
        assert "Nine deals" in page
        assert "Card none" not in page
        assert "Card" not in page_of(bo)
        with pytest.raises(ValueError, match="already"):
            register_widget(Widget("deals", "", "core:roles:view", lambda: format_html("{}", "")))


class TestFirstSteps:
    def test_owners_see_what_is_done(self, ada: Member, bo: Member, dee: Member) -> None:
        assert "First steps" not in page_of(bo)
        assert "First steps" not in page_of(dee)
        page = page_of(ada)
        for address in ("/settings/theme/", "/users/invite/", "/settings/"):
            assert f'href="{address}"' in page
        steps = re.findall(r'<li data-state="(\w+)"', page)
        assert steps[0] == "WAITING"
        Tenant.objects.filter(pk=ada.tenant.pk).update(logo="_plexica/theme/x.png")
        assert re.findall(r'<li data-state="(\w+)"', page_of(ada))[0] == "DONE"

    def test_are_put_away(self, ada: Member) -> None:
        other = come(ada.tenant, "Olga", "owner")
        answer = ada.client.post("/checklist/dismiss/", follow=True)
        assert "put away" in answer.content.decode()
        assert "First steps" not in page_of(other)
        with tenant_scope(ada.tenant):
            entry = AuditEntry.objects.filter(action="tenant.checklist_dismissed")[0]
            number = AuditEntry.objects.count()
        assert entry.actor_id == str(ada.user.pk)
        ada.client.post("/checklist/dismiss/")
        with tenant_scope(ada.tenant):
            assert AuditEntry.objects.count() == number, "Once is enough."

    def test_not_by_members(self, ada: Member, bo: Member) -> None:
        assert bo.client.post("/checklist/dismiss/").status_code == HTTPStatus.FORBIDDEN
        assert "First steps" in page_of(ada)


def test_it_costs_the_same_however_much_there_is(
    ada: Member, bo: Member, django_assert_num_queries: Any
) -> None:
    page_of(ada)
    with django_assert_num_queries(7):
        page_of(ada)
    for number in range(3):
        come(ada.tenant, f"More{number}", "member")
    page_of(ada)
    with django_assert_num_queries(7):
        page_of(ada)
    page_of(bo)
    with django_assert_num_queries(4):
        page_of(bo)
