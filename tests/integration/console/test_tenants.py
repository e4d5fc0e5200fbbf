import uuid
from http import HTTPStatus

import pytest
from django.test import Client
from django.urls import reverse

from plexica.audit.selectors import list_entries
from plexica.core.actor import SYSTEM
from tenants.models import ProvisioningRun, Tenant
from tenants.services import update_tenant
from tenants.states import TenantState
from tests.integration.conftest import MakeRun, remove

URLCONF = "plexica.urls_console"
HTMX = {"HX-Request": "true"}


def url(name: str, *arguments: object) -> str:
    return reverse(f"console:{name}", URLCONF, args=arguments)


def form(**values: str) -> dict[str, str]:
    return {
        "name": "Acme & Söhne",
        "slug": f"y{uuid.uuid4().hex[:12]}",
        "owner_email": "ada@acme.example",
        "contact_email": "",
    } | values


class TestList:
    def test_finds_by_name_address_and_owner(self, admin: Client, make_run: MakeRun) -> None:
        mark = uuid.uuid4().hex[:10]
        by_name = make_run(name=f"Name {mark}").tenant
        by_slug = make_run(slug=f"s{mark}").tenant
        by_owner = make_run(owner_email=f"{mark}@example.com").tenant
        text = admin.get(url("tenant_list"), {"q": mark.upper()}).content.decode()
        assert all(tenant.slug in text for tenant in (by_name, by_slug, by_owner))
        assert "3 tenants found" in text

    def test_filters_by_state(self, admin: Client, make_run: MakeRun) -> None:
        tenant = make_run().tenant
        query = {"q": tenant.slug, "state": TenantState.ACTIVE}
        assert "No tenant matches" in admin.get(url("tenant_list"), query).content.decode()

    def test_sorts(self, admin: Client, make_run: MakeRun) -> None:
        mark = uuid.uuid4().hex[:10]
        for letter in "bac":
            make_run(name=f"{letter}-{mark}")
        text = admin.get(url("tenant_list"), {"q": mark, "sort": "-name"}).content.decode()
        positions = [text.index(f"{letter}-{mark}") for letter in "cba"]
        assert positions == sorted(positions)
        assert 'aria-sort="descending"' in text

    def test_htmx_gets_the_table_alone(self, admin: Client) -> None:
        answer = admin.get(url("tenant_list"), headers=HTMX)
        text = answer.content.decode()
        assert text.lstrip().startswith('<div id="tenant-table"')
        assert "<html" not in text
        assert "HX-Request" in answer.headers["Vary"]

    @pytest.mark.parametrize(
        "query",
        [
            {"q": "x" * 101},
            {"q": "a\0b"},
            {"state": "ASLEEP"},
            {"sort": "owner_email;--"},
            {"page": "-1"},
            {"page": "x"},
            {"quarry": "x"},
        ],
    )
    def test_refuses_what_it_does_not_know(self, admin: Client, query: dict[str, str]) -> None:
        answer = admin.get(url("tenant_list"), query)
        assert answer.status_code == HTTPStatus.BAD_REQUEST
        assert "cannot be filtered" in answer.content.decode()


class TestCreate:
    def test_leads_to_the_run(self, admin: Client) -> None:
        values = form()
        answer = admin.post(url("tenant_create"), values)
        tenant = Tenant.objects.get(slug=values["slug"])
        try:
            run = tenant.runs.get()
            assert answer.headers["Location"] == url("run_detail", tenant.slug, run.id)
            assert run.requested_by == "Stella"
            created = list_entries(target=f"tenant:{tenant.slug}").get()
            assert (created.actor_name, created.action) == ("Stella", "tenant.created")
            # Names are people's: they are shown, never taken for markup, and escaped once.
            page = admin.get(answer.headers["Location"]).content.decode()
            assert "<title>Creation of Acme &amp; Söhne" in page
            assert "amp;amp;" not in page
        finally:
            remove(tenant)

    @pytest.mark.parametrize(
        "values",
        [
            {"name": ""},
            {"name": "x" * 101},
            {"name": "a\0b"},
            {"slug": "no"},
            {"slug": "Acme"},
            {"slug": "www"},
            {"slug": "new"},
            {"slug": "x" * 33},
            {"owner_email": "ada"},
            {"owner_email": f"{'a' * 260}@example.com"},
            {"contact_email": "ada@"},
            {"owner": "ada@example.com"},
        ],
    )
    def test_refuses_bad_values(self, admin: Client, values: dict[str, str]) -> None:
        before = Tenant.objects.count()
        answer = admin.post(url("tenant_create"), form(**values))
        assert answer.status_code == HTTPStatus.BAD_REQUEST
        assert Tenant.objects.count() == before

    def test_a_taken_address_is_a_conflict_at_its_field(
        self, admin: Client, make_run: MakeRun
    ) -> None:
        slug = make_run().tenant.slug
        answer = admin.post(url("tenant_create"), form(slug=slug))
        assert answer.status_code == HTTPStatus.CONFLICT
        assert 'id="id_slug_error"' in answer.content.decode()

    def test_the_address_is_checked_while_it_is_typed(
        self, admin: Client, make_run: MakeRun
    ) -> None:
        def check(slug: str) -> str:
            return admin.get(url("slug_check"), {"slug": slug}, headers=HTMX).content.decode()

        assert "is free" in check(f"z{uuid.uuid4().hex[:12]}")
        assert "is taken" in check(make_run().tenant.slug)
        assert "reserved" in check("www")
        assert "Use lower-case" in check("a_b")
        assert "Use lower-case" in check("a\0bc")

    def test_names_are_escaped_everywhere(self, admin: Client, make_run: MakeRun) -> None:
        run = make_run(name="<script>alert(1)</script>")
        pages = [
            url("tenant_list") + f"?q={run.tenant.slug}",
            url("tenant_detail", run.tenant.slug),
            url("tenant_edit", run.tenant.slug),
            url("run_detail", run.tenant.slug, run.id),
        ]
        assert all("<script>alert" not in admin.get(page).content.decode() for page in pages)


SESSIONS = {"session_idle_minutes": "30", "session_max_minutes": "600"}


class TestEdit:
    def test_changes_name_and_contact(self, admin: Client, make_run: MakeRun) -> None:
        tenant = make_run().tenant
        values = {
            "name": "Other", "contact_email": "c@example.com", "version": tenant.version,
            "session_idle_minutes": "15", "session_max_minutes": "120",
        }  # fmt: skip
        answer = admin.post(url("tenant_edit", tenant.slug), values)
        assert answer.headers["Location"] == url("tenant_detail", tenant.slug)
        tenant.refresh_from_db()
        assert (tenant.name, tenant.contact_email) == ("Other", "c@example.com")
        assert (tenant.session_idle_minutes, tenant.session_max_minutes) == (15, 120)
        assert (
            "The tenant has been changed." in admin.get(answer.headers["Location"]).content.decode()
        )

    def test_does_not_overwrite_what_somebody_else_changed(
        self, admin: Client, make_run: MakeRun
    ) -> None:
        tenant = make_run().tenant
        seen = tenant.version
        update_tenant(tenant=tenant, actor=SYSTEM, name="Theirs")
        answer = admin.post(
            url("tenant_edit", tenant.slug),
            {"name": "Mine", "contact_email": "", "version": seen, **SESSIONS},
        )
        assert answer.status_code == HTTPStatus.CONFLICT
        assert "That did not work" in answer.content.decode()
        tenant.refresh_from_db()
        assert tenant.name == "Theirs"

    @pytest.mark.parametrize(
        ("idle", "longest"),
        [
            ("4", "600"), ("721", "1440"), ("30", "29"), ("30", "1441"), ("", "60"), ("60", "59"),
            ("1.5", "60"),
        ],
    )  # fmt: skip
    def test_refuses_limits_of_sessions_that_make_no_sense(
        self, admin: Client, make_run: MakeRun, idle: str, longest: str
    ) -> None:
        tenant = make_run().tenant
        values = {
            "name": "Mine", "contact_email": "", "version": tenant.version,
            "session_idle_minutes": idle, "session_max_minutes": longest,
        }  # fmt: skip
        answer = admin.post(url("tenant_edit", tenant.slug), values)
        assert answer.status_code == HTTPStatus.BAD_REQUEST
        tenant.refresh_from_db()
        assert (tenant.session_idle_minutes, tenant.session_max_minutes) == (30, 600)


class TestAccess:
    PAGES = (
        url("tenant_list"),
        url("tenant_create"),
        url("slug_check"),
        url("tenant_detail", "acme"),
        url("tenant_edit", "acme"),
        url("run_detail", "acme", uuid.UUID(int=1)),
    )
    POSTS = (
        url("run_retry", "acme", uuid.UUID(int=1)),
        url("run_rollback", "acme", uuid.UUID(int=1)),
    )

    @pytest.mark.parametrize("page", PAGES)
    def test_a_stranger_is_sent_to_log_in(self, stranger: Client, page: str) -> None:
        answer = stranger.get(page)
        assert answer.status_code == HTTPStatus.FOUND
        assert answer.headers["Location"].startswith("/oidc/authenticate/")

    def test_htmx_is_told_to_load_the_login_as_a_page(self, stranger: Client) -> None:
        answer = stranger.get(url("tenant_list"), headers=HTMX)
        assert answer.status_code == HTTPStatus.UNAUTHORIZED
        assert answer.headers["HX-Redirect"].startswith("/oidc/authenticate/")

    @pytest.mark.parametrize("page", PAGES)
    def test_one_without_a_role_is_refused_in_words(self, nobody: Client, page: str) -> None:
        answer = nobody.get(page)
        assert answer.status_code == HTTPStatus.FORBIDDEN
        assert "You may not do this" in answer.content.decode()

    @pytest.mark.parametrize("address", POSTS)
    def test_one_without_a_role_changes_nothing(self, nobody: Client, address: str) -> None:
        runs = ProvisioningRun.objects.count()
        assert nobody.post(address).status_code == HTTPStatus.FORBIDDEN
        assert ProvisioningRun.objects.count() == runs

    def test_what_is_not_there_is_404(self, admin: Client) -> None:
        for page in (url("tenant_detail", "no-such"), "/no/such/page/"):
            answer = admin.get(page)
            assert answer.status_code == HTTPStatus.NOT_FOUND
            assert "There is nothing here" in answer.content.decode()
