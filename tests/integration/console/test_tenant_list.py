"""The list of tenants: what it shows of many, as a file, and what is done to several at once."""

import csv
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from io import StringIO
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from plexica.audit.selectors import list_entries
from plexica.console.tenant_columns import COLUMNS
from plexica.core.actor import SYSTEM
from plexica.core.errors import TransientError
from plexica.identity.models import User
from plexica.rbac.services import assign_role
from plexica.rbac.system_roles import READ_ONLY
from tenants import bulk, selectors
from tenants.models import ProvisioningRun, Tenant
from tenants.parts import configured_parts
from tenants.services import update_tenant
from tests.integration.console.conftest import logged_in

URLCONF = "plexica.urls_console"
LIST = reverse("console:tenant_list", URLCONF)
EXPORT = reverse("console:tenant_export", URLCONF)
SUSPEND = reverse("console:tenant_bulk", URLCONF, args=["suspend"])
RESUME = reverse("console:tenant_bulk", URLCONF, args=["resume"])
HTMX = {"HX-Request": "true"}


def present() -> dict[str, str]:
    return {part.digest_field: part.present_digest() for part in configured_parts().values()}


class Rows:
    """Rows of tenants with nothing behind them, all with a mark of their own in their slugs."""

    def __init__(self) -> None:
        self.mark = f"l{uuid.uuid4().hex[:10]}"

    def make(self, key: str, **values: Any) -> Tenant:
        slug = f"{self.mark}-{key}"
        tenant = Tenant(
            **{
                "slug": slug,
                "name": key.title(),
                "owner_email": "ada@example.com",
                "schema_name": slug,
                "realm": slug,
                "bucket": slug,
                "state": "ACTIVE",
                **present(),
                **values,
            }
        )
        tenant.save(force_insert=True)
        return tenant

    def found(self, client: Client, **query: Any) -> list[str]:
        """Return the names of the rows that the list shows, in its order."""
        answer = client.get(LIST, {"q": self.mark, **query})
        assert answer.status_code == HTTPStatus.OK, answer.content.decode()
        return [
            tenant.slug.removeprefix(f"{self.mark}-")
            for tenant in answer.context["page"].object_list
        ]


@pytest.fixture
def rows() -> Iterator[Rows]:
    made = Rows()
    yield made
    Tenant.objects.filter(slug__startswith=made.mark).delete()


@pytest.fixture
def reader() -> Client:
    """Somebody of the staff who may see tenants and change nothing."""
    client = logged_in(is_super_admin=False)
    user = User.objects.get(pk=client.session["_auth_user_id"])
    assign_role(holder=user, role=READ_ONLY, actor=SYSTEM)
    return client


class TestFilters:
    def test_by_version(self, admin: Client, rows: Rows) -> None:
        rows.make("new")
        rows.make("old", schema_digest="0123456789abcdef")
        rows.make("roles", roles_digest="x")
        rows.make("failed", state="FAILED", schema_digest="0123456789abcdef")
        assert rows.found(admin, version="current") == ["new"]
        assert sorted(rows.found(admin, version="behind")) == ["old", "roles"]
        assert rows.found(admin, version="0123456789") == ["old"]
        page = admin.get(LIST, {"version": "0123456789"}).content.decode()
        assert '<option value="0123456789" selected>Schema 0123456789 (' in page

    def test_by_the_days_of_creation_both_included(self, admin: Client, rows: Rows) -> None:
        for day in (1, 2, 3, 4):
            at = datetime(2026, 3, day, 23 if day < 4 else 0, 59 if day < 4 else 0, tzinfo=UTC)
            rows.make(f"d{day}", created_at=at)
        assert rows.found(admin, since="2026-03-02", until="2026-03-03") == ["d3", "d2"]
        assert rows.found(admin, since="2026-03-04") == ["d4"]
        assert rows.found(admin, until="2026-03-01") == ["d1"]

    @pytest.mark.parametrize(
        ("query", "words"),
        [
            ({"since": "2026-03-02", "until": "2026-03-01"}, "before the first"),
            ({"since": "0001-01-01"}, "between 2000 and 2999"),
            ({"until": "9999-12-31"}, "between 2000 and 2999"),
            ({"since": "yesterday"}, "valid date"),
            ({"version": "'; --"}, "valid value"),
            ({"size": "10000"}, "valid choice"),
            ({"columns": "password"}, "valid choice"),
        ],
    )
    def test_refuses_in_words(self, admin: Client, query: dict[str, str], words: str) -> None:
        answer = admin.get(LIST, query)
        assert answer.status_code == HTTPStatus.BAD_REQUEST
        assert words in answer.content.decode()

    @pytest.mark.parametrize("field", selectors.SORTABLE)
    def test_sorts_by_every_column_that_says_so(
        self, admin: Client, rows: Rows, field: str
    ) -> None:
        for name, state in (("b", "SUSPENDED"), ("a", "ACTIVE"), ("c", "DELETED")):
            rows.make(
                name,
                state=state,
                owner_email=f"{name}@example.com",
                created_at=datetime(2026, 1, ord(name) - 96, tzinfo=UTC),
            )
        for name in "abc":
            Tenant.objects.filter(slug=f"{rows.mark}-{name}").update(
                updated_at=datetime(2026, 2, ord(name) - 96, tzinfo=UTC)
            )
        expected = ["a", "c", "b"] if field == "state" else ["a", "b", "c"]
        assert rows.found(admin, sort=field) == expected
        assert rows.found(admin, sort=f"-{field}") == expected[::-1]

    def test_pages_have_as_many_rows_as_asked_for(self, admin: Client, rows: Rows) -> None:
        for number in range(30):
            rows.make(f"n{number:02}")
        assert len(rows.found(admin)) == 25
        assert len(rows.found(admin, page=2)) == 5
        assert len(rows.found(admin, size=50)) == 30


class TestColumns:
    def heads(self, client: Client, rows: Rows, **query: Any) -> list[str]:
        answer = client.get(LIST, {"q": rows.mark, **query})
        return [column.key for column in answer.context["columns"]]

    def test_are_chosen_in_the_address_and_remembered(self, admin: Client, rows: Rows) -> None:
        rows.make("a", contact_email="contact@example.com")
        usual = ["name", "slug", "state", "owner", "created"]
        assert self.heads(admin, rows) == usual
        assert self.heads(admin, rows, columns=["contact", "realm"]) == ["name", "contact", "realm"]
        assert self.heads(admin, rows) == ["name", "contact", "realm"]
        assert self.heads(admin, rows, columns="name") == ["name"]

    def test_every_column_can_be_shown(self, admin: Client, rows: Rows) -> None:
        tenant = rows.make("a", contact_email="contact@example.com")
        keys = [column.key for column in COLUMNS]
        page = admin.get(LIST, {"q": rows.mark, "columns": keys}).content.decode()
        assert all(
            value in page
            for value in (tenant.contact_email, tenant.schema_digest[:10], tenant.realm)
        )
        assert page.count('data-label="') == len(keys) - 1 + 1  # the name has none; the box has

    def test_what_is_remembered_and_gone_is_forgotten(self, admin: Client, rows: Rows) -> None:
        rows.make("a")
        session = admin.session
        session["console_tenant_columns"] = ["shoe-size", "state"]
        session.save()
        assert self.heads(admin, rows) == ["name", "state"]


class TestQueries:
    @pytest.mark.parametrize(("headers", "expected"), [({}, 7), (HTMX, 5)])
    def test_do_not_grow_with_the_rows(
        self, admin: Client, rows: Rows, headers: dict[str, str], expected: int
    ) -> None:
        def count() -> list[str]:
            with CaptureQueriesContext(connection) as captured:
                admin.get(LIST, {"q": rows.mark, "size": 100}, headers=headers)
            return [query["sql"] for query in captured.captured_queries]

        rows.make("first")
        count()  # the roles of the person are remembered from here on
        few = count()
        for number in range(40):
            rows.make(f"n{number}", schema_digest="old")
        assert len(count()) == len(few) == expected, few


class TestExport:
    def lines(self, client: Client, **query: Any) -> list[dict[str, str]]:
        answer = client.get(EXPORT, query)
        assert answer.status_code == HTTPStatus.OK
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert answer.streaming
        body = b"".join(answer.streaming_content).decode()  # type: ignore[arg-type]
        return list(csv.DictReader(StringIO(body)))

    @pytest.mark.parametrize("sort", ["name", "-name", "state", "-created_at", "owner_email"])
    def test_has_every_row_once_in_order_whatever_the_parts(
        self, admin: Client, rows: Rows, monkeypatch: pytest.MonkeyPatch, sort: str
    ) -> None:
        monkeypatch.setattr(selectors, "CHUNK_ROWS", 3)
        for number in range(11):
            rows.make(
                f"n{number:02}", name=f"Twin {number // 4}", state=["ACTIVE", "FAILED"][number % 2]
            )
        expected = [
            tenant.slug for tenant in selectors.list_tenants(search=rows.mark, ordering=sort)
        ]
        assert [row["slug"] for row in self.lines(admin, q=rows.mark, sort=sort)] == expected
        assert len(expected) == 11

    def test_keeps_the_filters_and_leaves_an_entry(self, admin: Client, rows: Rows) -> None:
        rows.make("a", state="SUSPENDED")
        rows.make("b")
        found = self.lines(admin, q=rows.mark, state="SUSPENDED", page=3, columns="name")
        assert [row["name"] for row in found] == ["A"]
        entry = list_entries(target="platform:tenants").filter(action="tenants.exported").first()
        assert entry is not None
        assert entry.actor_name == "Stella"
        assert entry.after["search"]["state"] == "SUSPENDED"

    @pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t"])
    def test_no_cell_is_a_formula(self, admin: Client, rows: Rows, start: str) -> None:
        rows.make("a", name=f'{start}HYPERLINK("http://evil.example","x")')
        (row,) = self.lines(admin, q=rows.mark)
        assert row["name"].startswith(f"'{start}")

    def test_is_for_those_who_see_tenants(
        self, nobody: Client, stranger: Client, reader: Client
    ) -> None:
        assert nobody.get(EXPORT).status_code == HTTPStatus.FORBIDDEN
        assert stranger.get(EXPORT).status_code == HTTPStatus.FOUND
        assert reader.get(EXPORT).status_code == HTTPStatus.OK

    def test_what_cannot_be_filtered_like_this_leads_back(self, admin: Client) -> None:
        answer = admin.get(EXPORT, {"state": "ASLEEP"})
        assert answer.headers["Location"] == f"{LIST}?state=ASLEEP"


class TestBulk:
    def seen(self, page: str) -> list[str]:
        return [part.split('"')[0] for part in page.split('name="tenant" value="')[1:]]

    def test_asks_first_does_it_and_tells_of_each(self, admin: Client, rows: Rows) -> None:
        active = [rows.make(name) for name in ("one", "two")]
        failed = rows.make("three", state="FAILED")
        slugs = [tenant.slug for tenant in (*active, failed)]
        asked = admin.post(SUSPEND, {"tenant": [*slugs, "gone-long-ago"]}).content.decode()
        assert "2 tenants are concerned" in asked
        assert "Only an active tenant can be suspended." in asked
        assert "gone-long-ago" in asked
        assert not ProvisioningRun.objects.filter(tenant__slug__in=slugs).exists()
        chosen = self.seen(asked)
        assert sorted(chosen) == sorted(f"{tenant.slug}:{tenant.version}" for tenant in active)

        done = admin.post(SUSPEND, {"tenant": chosen, "confirmed": "True"}).content.decode()
        assert "Begun for 2 of 2." in done
        for tenant in active:
            run = ProvisioningRun.objects.get(tenant=tenant)
            assert (run.kind, run.requested_by) == ("suspend", "Stella")
            assert str(run.id) in done
            tenant.refresh_from_db()
            assert tenant.state == "SUSPENDED"
            entry = list_entries(target=f"tenant:{tenant.slug}").get()
            assert (entry.actor_name, entry.action) == ("Stella", "tenant.suspension_requested")

    def test_resumes_those_that_are_suspended_and_not_busy(self, admin: Client, rows: Rows) -> None:
        free, busy = rows.make("free", state="SUSPENDED"), rows.make("busy", state="SUSPENDED")
        ProvisioningRun.objects.create(tenant=busy, kind="resume", requested_by="x")
        asked = admin.post(RESUME, {"tenant": [free.slug, busy.slug]}).content.decode()
        assert self.seen(asked) == [f"{free.slug}:1"]
        assert "Something else is being done to it now." in asked
        # Somebody who insists gets the same answer, for that one only.
        both = {"tenant": [f"{busy.slug}:1", f"{free.slug}:1"], "confirmed": "True"}
        done = admin.post(RESUME, both).content.decode()
        assert "Begun for 1 of 2." in done
        assert "Wait until the run that is under way has ended" in done

    def test_one_that_changed_since_is_left_alone(self, admin: Client, rows: Rows) -> None:
        changed, same = (
            rows.make("changed", state="SUSPENDED"),
            rows.make("same", state="SUSPENDED"),
        )
        asked = admin.post(RESUME, {"tenant": [changed.slug, same.slug]}).content.decode()
        update_tenant(tenant=Tenant.objects.get(pk=changed.pk), actor=SYSTEM, name="Other")
        done = admin.post(RESUME, {"tenant": self.seen(asked), "confirmed": "True"})
        assert "Somebody else has changed it" in done.content.decode()
        assert [run.tenant_id for run in ProvisioningRun.objects.filter(
            tenant__in=[changed, same])] == [same.pk]  # fmt: skip

    def test_one_that_fails_does_not_stop_the_others(
        self, admin: Client, rows: Rows, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first, second = rows.make("a"), rows.make("b")

        def suspend(*, tenant: Tenant, actor: object) -> ProvisioningRun:
            if tenant == first:
                raise TransientError("secret detail")
            return real(tenant=tenant, actor=actor)

        real = bulk.suspend_tenant
        monkeypatch.setitem(bulk.SERVICES, bulk.BulkAction.SUSPEND, suspend)
        both = {"tenant": [f"{first.slug}:1", f"{second.slug}:1"], "confirmed": "True"}
        done = admin.post(SUSPEND, both).content.decode()
        assert "Begun for 1 of 2." in done
        assert "nobody foresaw" in done
        assert "secret detail" not in done

    def test_gives_up_when_it_takes_too_long(
        self, admin: Client, rows: Rows, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tenant = rows.make("a")
        monkeypatch.setattr(bulk, "PATIENCE_SECONDS", -1)
        chosen = {"tenant": f"{tenant.slug}:1", "confirmed": "True"}
        assert "too slow" in admin.post(SUSPEND, chosen).content.decode()
        tenant.refresh_from_db()
        assert tenant.state == "ACTIVE"

    @pytest.mark.parametrize(
        "values",
        [
            {},
            {"tenant": [f"a{number}" for number in range(bulk.MAX_TENANTS + 1)]},
            {"tenant": "No Slug"},
            {"tenant": "abc:0"},
            {"tenant": "abc", "more": "x"},
        ],
    )
    def test_refuses_what_it_cannot_mean(self, admin: Client, values: dict[str, Any]) -> None:
        answer = admin.post(SUSPEND, values, follow=True)
        assert answer.redirect_chain == [(LIST, HTTPStatus.FOUND)]
        assert list(answer.context["messages"])

    def test_is_for_those_who_may_suspend(
        self, nobody: Client, stranger: Client, reader: Client, rows: Rows
    ) -> None:
        tenant = rows.make("a")
        chosen = {"tenant": f"{tenant.slug}:1", "confirmed": "True"}
        assert nobody.post(SUSPEND, chosen).status_code == HTTPStatus.FORBIDDEN
        assert reader.post(SUSPEND, chosen).status_code == HTTPStatus.FORBIDDEN
        assert stranger.post(SUSPEND, chosen).status_code == HTTPStatus.FOUND
        tenant.refresh_from_db()
        assert tenant.state == "ACTIVE"
        assert "tenant-bulk" not in reader.get(LIST, {"q": rows.mark}).content.decode()

    def test_there_is_no_other_action(self, admin: Client) -> None:
        address = SUSPEND.replace("suspend", "delete")
        assert admin.post(address, {"tenant": "abc"}).status_code == HTTPStatus.NOT_FOUND
