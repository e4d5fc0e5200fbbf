"""Opening a workspace as support: by whom, how it looks, what stands in the audits, how it ends."""

from datetime import timedelta
from http import HTTPStatus

import pytest
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.utils import timezone

from plexica.audit.models import AuditEntry
from plexica.identity.models import BrowserSession, User
from plexica.identity.oidc.refresh import GRACE, Answer
from plexica.rbac.models import RoleAssignment
from plexica.rbac.visits import end_visits_over
from tenants.models import SupportVisit, Tenant
from tenants.scopes import tenant_scope
from tenants.states import TenantState
from tests.integration.support.conftest import REASON, Staff, form_token, staff_with
from tests.integration.workspace.conftest import Member

# Nobody deletes from an audit, so each test looks at what came since it began.
_began = [timezone.now()]


def actions(tenant: Tenant | None = None) -> list[tuple[str, str]]:
    """Return what the platform's audit, or a tenant's, tells of visits, oldest first."""
    wanted = AuditEntry.objects.filter(action__startswith="support.", at__gte=_began[0])
    wanted = wanted.order_by("at", "id")
    if tenant is None:
        entries = list(wanted)
    else:
        with tenant_scope(tenant):
            entries = list(wanted)
    return [(entry.action, entry.actor_name) for entry in entries]


@pytest.fixture(autouse=True)
def _audit_of_this_test() -> None:
    _began[:] = [timezone.now()]


class TestGoodVisit:
    def test_it_shows_the_workspace_with_a_banner_on_every_page(
        self, sam: Staff, ada: Member
    ) -> None:
        assert "/support/begin/" in sam.console.get("/tenants/acme/").content.decode()
        workspace = sam.visit(ada.tenant)
        for page in ("/", "/users/", "/roles/", "/groups/", "/service-accounts/", "/no/such/"):
            text = workspace.get(page).content.decode()
            assert "Support visit: read-only" in text, page
            assert REASON in text
            assert 'action="/support/leave/"' in text
            assert "/oidc/logout/" not in text, page
        assert ada.user.email in workspace.get("/users/").content.decode()

    def test_both_audits_tell_its_beginning_and_end(self, sam: Staff, ada: Member) -> None:
        workspace = sam.visit(ada.tenant)
        visit = SupportVisit.objects.get()
        token = form_token(workspace.get("/").content.decode())
        answer = workspace.post("/support/leave/", {"csrfmiddlewaretoken": token})
        assert answer["Location"] == "/support/ended/"
        assert "/tenants/acme/" in workspace.get("/support/ended/").content.decode()
        assert actions() == [
            ("support.visit_asked", "Stella"),
            ("support.visit_begun", "Stella (Plexica)"),
            ("support.visit_ended", "Stella (Plexica)"),
        ]
        assert [action for action, _name in actions(ada.tenant)][-2:] == [
            "support.visit_begun", "support.visit_ended",
        ]  # fmt: skip
        with tenant_scope(ada.tenant):
            entry = AuditEntry.objects.filter(action="support.visit_begun")[0]
        assert (entry.actor_kind, entry.actor_id) == ("support", f"visit:{visit.pk}")
        assert entry.after is not None
        assert entry.after["reason"] == REASON
        # What is left of the cookie opens nothing.
        assert workspace.get("/")["Location"].startswith("/oidc/authenticate/")

    def test_nothing_of_the_visitor_is_in_the_tenants_schema(self, sam: Staff, ada: Member) -> None:
        with tenant_scope(ada.tenant):
            before = (User.objects.count(), RoleAssignment.objects.count())
        workspace = sam.visit(ada.tenant)
        workspace.get("/users/")
        with tenant_scope(ada.tenant):
            assert (User.objects.count(), RoleAssignment.objects.count()) == before
        assert "Stella" not in ada.client.get("/users/").content.decode()

    def test_the_tenants_people_see_it(self, sam: Staff, ada: Member) -> None:
        sam.visit(ada.tenant)
        text = ada.client.get("/").content.decode()
        assert "Stella (Plexica)" in text

    def test_the_console_shows_and_ends_it(self, sam: Staff, sue: Staff, ada: Member) -> None:
        workspace = sam.visit(ada.tenant)
        visit = SupportVisit.objects.get()
        assert REASON in sue.console.get("/tenants/acme/").content.decode()
        sue.console.post(f"/tenants/acme/support/{visit.pk}/end/")
        assert workspace.get("/")["Location"] == "/support/ended/"
        assert actions(ada.tenant)[-1] == ("support.visit_ended", "Stella")

    def test_a_writing_visit_changes_things_but_not_who_may_do_what(
        self, sue: Staff, ada: Member
    ) -> None:
        workspace = sue.visit(ada.tenant, is_writing="on")
        assert "things can be changed" in workspace.get("/").content.decode()
        page = workspace.get("/settings/").content.decode()
        given = {"csrfmiddlewaretoken": form_token(page)}
        with tenant_scope(ada.tenant):
            users = User.objects.count()
        for address in (
            "/users/invite/", "/roles/new/", "/groups/new/", "/service-accounts/new/",
            "/ownership/", f"/users/{ada.user.pk}/disable/",
        ):  # fmt: skip
            answer = workspace.post(address, {**given, "name": "X"})
            assert answer.status_code == HTTPStatus.FORBIDDEN, address
        version = page.partition('name="version" value="')[2].partition('"')[0]
        values = {
            **given, "name": "Acme Renamed", "locale": "", "time_zone": "UTC", "version": version,
            "contact_email": "",
        }  # fmt: skip
        answer = workspace.post("/settings/", values)
        assert answer.status_code == HTTPStatus.FOUND, answer.content.decode()
        visit = SupportVisit.objects.get()
        with tenant_scope(ada.tenant):
            assert User.objects.count() == users
            done = AuditEntry.objects.filter(actor_id=f"visit:{visit.pk}")
            assert done.exclude(action__startswith="support.").exists()
        Tenant.objects.filter(pk=ada.tenant.pk).update(name=ada.tenant.name)

    def test_what_a_visitor_takes_along_stands_in_the_tenants_audit(
        self, sam: Staff, ada: Member
    ) -> None:
        ada.client.post("/files/upload/", {"upload": ContentFile(b"12", name="visited.txt")})
        workspace = sam.visit(ada.tenant)
        for client in (ada.client, workspace):
            answer = client.get("/files/open/", {"key": "visited.txt"}, follow=True)
            assert b"".join(answer.streaming_content) == b"12"  # type: ignore[attr-defined] # it is a stream
        with tenant_scope(ada.tenant):
            entries = AuditEntry.objects.filter(action="file.downloaded", at__gte=_began[0])
            assert [entry.target for entry in entries] == ["file:visited.txt"]
            assert entries[0].actor_kind == "support"
        ada.client.post("/files/delete/", {"key": "visited.txt"})


class TestForm:
    @pytest.mark.parametrize(
        "values",
        [
            {"reason": "short"},
            {"reason": "          "},
            {"reason": "x" * 301},
            {"reason": "a\0" * 10},
            {"minutes": 5},
            {"minutes": 241},
            {"minutes": ""},
            {"challenge": ""},
            {"challenge": "no digest"},
            {"challenge": "x" * 65},
            {"forever": "on"},
        ],
    )
    def test_what_is_not_offered_is_refused(
        self, sam: Staff, acme: Tenant, values: dict[str, object]
    ) -> None:
        assert sam.ask(acme, **values).status_code == HTTPStatus.BAD_REQUEST
        assert not SupportVisit.objects.exists()

    def test_who_may_only_see_cannot_ask_for_more(self, sam: Staff, acme: Tenant) -> None:
        answer = sam.ask(acme, is_writing="on")
        assert answer.status_code == HTTPStatus.FORBIDDEN
        assert not SupportVisit.objects.exists()

    @pytest.mark.parametrize("role", ["read-only", ""])
    def test_who_may_not_visit_gets_no_form(self, acme: Tenant, role: str) -> None:
        staff = staff_with(role)
        assert staff.console.get(staff.begin(acme)).status_code == HTTPStatus.FORBIDDEN
        answer = staff.console.post("/tenants/acme/support/", {"reason": REASON, "minutes": 30})
        assert answer.status_code == HTTPStatus.FORBIDDEN

    @pytest.mark.parametrize("challenge", ["", "x", "é" * 64, "0" * 63])
    def test_who_comes_without_a_secret_is_led_to_where_one_is_given(
        self, sam: Staff, acme: Tenant, challenge: str
    ) -> None:
        answer = sam.console.get("/tenants/acme/support/", {"challenge": challenge})
        assert answer["Location"] == f"{acme.workspace_url}/support/begin/"
        given = {"reason": REASON, "minutes": 30, "challenge": challenge}
        refused = sam.console.post("/tenants/acme/support/", given)
        assert refused.status_code == HTTPStatus.BAD_REQUEST
        assert "Begin at" in refused.content.decode()
        assert not SupportVisit.objects.exists()

    def test_the_token_is_in_no_address_and_its_form_leads_to_the_tenant_only(
        self, sam: Staff, acme: Tenant
    ) -> None:
        answer = sam.ask(acme)
        policy = answer["Content-Security-Policy"]
        [form_action] = [part for part in policy.split(";") if "form-action" in part]
        assert acme.workspace_url in form_action
        assert "globex" not in form_action
        assert answer["Referrer-Policy"] == "strict-origin"
        assert "no-store" in answer["Cache-Control"]
        other = sam.console.get("/tenants/acme/")["Content-Security-Policy"]
        assert acme.workspace_url not in other

    def test_a_tenant_that_is_closed_is_not_opened(self, sam: Staff, acme: Tenant) -> None:
        challenge = sam.begin(acme).partition("challenge=")[2]
        Tenant.objects.filter(pk=acme.pk).update(state=TenantState.SUSPENDED)
        try:
            given = {"reason": REASON, "minutes": 30, "challenge": challenge}
            answer = sam.console.post("/tenants/acme/support/", given)
            assert answer.status_code == HTTPStatus.CONFLICT
            assert "/support/begin/" not in sam.console.get("/tenants/acme/").content.decode()
        finally:
            Tenant.objects.filter(pk=acme.pk).update(state=TenantState.ACTIVE)


class TestEnd:
    """Whatever ends it: the next request shows nothing, and the audits say why."""

    def _is_over(self, staff: Staff, tenant: Tenant, why: str) -> None:
        workspace = staff.at(tenant)
        answer = workspace.get("/users/")
        assert answer.status_code == HTTPStatus.FOUND
        assert answer["Location"] == "/support/ended/"
        assert workspace.get("/users/")["Location"].startswith("/oidc/authenticate/")
        assert SupportVisit.objects.get().end_reason == why
        assert actions()[-1][0] == actions(tenant)[-1][0] == "support.visit_ended"

    def test_its_time(self, sam: Staff, acme: Tenant) -> None:
        sam.visit(acme)
        SupportVisit.objects.update(expires_at=timezone.now())
        self._is_over(sam, acme, "expired")

    def test_the_role_is_taken(self, sam: Staff, acme: Tenant) -> None:
        sam.visit(acme)
        sue = staff_with("super-admin")
        sue.console.post(f"/staff/{sam.user.pk}/take/", {"role": "support"})
        self._is_over(sam, acme, "permission_taken")

    def test_the_right_to_change_is_taken(self, sue: Staff, acme: Tenant) -> None:
        sue.visit(acme, is_writing="on")
        other = staff_with("super-admin")
        other.console.post(f"/staff/{sue.user.pk}/give/", {"role": "support"})
        other.console.post(f"/staff/{sue.user.pk}/take/", {"role": "super-admin"})
        self._is_over(sue, acme, "permission_taken")

    def test_the_staff_member_is_disabled(self, sam: Staff, acme: Tenant) -> None:
        sam.visit(acme)
        User.objects.filter(pk=sam.user.pk).update(is_active=False)
        self._is_over(sam, acme, "staff_disabled")

    def test_they_log_out_of_the_console(self, sam: Staff, acme: Tenant) -> None:
        sam.visit(acme)
        sam.console.post("/oidc/logout/")
        self._is_over(sam, acme, "console_session_over")

    def test_their_session_in_the_console_is_ended(self, sam: Staff, acme: Tenant) -> None:
        sam.visit(acme)
        Session.objects.filter(browser=sam.session).delete()
        self._is_over(sam, acme, "console_session_over")

    def test_their_session_in_the_console_was_idle(self, sam: Staff, acme: Tenant) -> None:
        sam.visit(acme)
        idle = timezone.now() - timedelta(hours=1)
        BrowserSession.objects.filter(pk=sam.session.pk).update(last_seen_at=idle)
        self._is_over(sam, acme, "console_session_over")

    def test_the_realm_says_no_to_the_console_session(
        self, sam: Staff, acme: Tenant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The realm itself is asked in the tests of sessions; here it is the visit that asks."""
        workspace = sam.visit(acme)
        asked: list[User] = []

        def say(answer: Answer) -> None:
            def answer_it(_browser: BrowserSession, *, user: User) -> tuple[Answer, None]:
                asked.append(user)
                return answer, None

            monkeypatch.setattr("plexica.rbac.visits.ask_realm", answer_it)

        due = BrowserSession.objects.filter(pk=sam.session.pk)
        due.update(refresh_after=timezone.now())
        say(Answer.YES)
        assert workspace.get("/").status_code == HTTPStatus.OK
        assert asked == [sam.user]
        say(Answer.NONE)
        assert workspace.get("/").status_code == HTTPStatus.OK
        due.update(refresh_after=timezone.now() - GRACE)
        assert workspace.get("/").status_code == HTTPStatus.SERVICE_UNAVAILABLE
        say(Answer.NO)
        self._is_over(sam, acme, "console_session_over")

    def test_using_the_workspace_keeps_the_console_in_use(self, sam: Staff, acme: Tenant) -> None:
        workspace = sam.visit(acme)
        before = timezone.now() - timedelta(minutes=20)
        BrowserSession.objects.filter(pk=sam.session.pk).update(last_seen_at=before)
        assert workspace.get("/").status_code == HTTPStatus.OK
        assert sam.session.last_seen_at > before

    def test_a_script_is_told_in_its_way(self, sam: Staff, acme: Tenant) -> None:
        workspace = sam.visit(acme)
        SupportVisit.objects.update(expires_at=timezone.now())
        answer = workspace.get("/users/", headers={"HX-Request": "true"})
        assert answer.status_code == HTTPStatus.UNAUTHORIZED
        assert answer["HX-Redirect"] == "/support/ended/"

    def test_the_clock_ends_what_nobody_looks_at(self, sam: Staff, acme: Tenant) -> None:
        sam.visit(acme)
        assert end_visits_over() == 0
        SupportVisit.objects.update(expires_at=timezone.now())
        assert end_visits_over() == 1
        assert end_visits_over() == 0
        assert actions(acme)[-1] == ("support.visit_ended", "Plexica")
