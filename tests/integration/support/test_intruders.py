"""What a visit must not open: to whom it is not given, to more than it says, for longer."""

import re
import uuid
from collections.abc import Iterator
from datetime import timedelta
from http import HTTPStatus
from importlib import import_module
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import URLPattern, URLResolver
from django.utils import timezone

from plexica.audit.models import AuditEntry
from plexica.identity.models import RealmChange, ServiceAccount, User
from plexica.identity.visitor import Visit
from plexica.rbac.models import Group, Role, RoleAssignment
from plexica.rbac.permissions import OWNERSHIP_HAND_OVER, SERVICE_ACCOUNTS_MANAGE, USERS_READ
from plexica.rbac.registry import Audience, list_definitions
from plexica.rbac.visit_grants import snapshot_of_visit
from plexica.rbac.visits import HAND_OVER_SECONDS
from tenants.models import SupportVisit, Tenant
from tenants.scopes import tenant_scope
from tests.integration.support.conftest import REASON, Staff, form_token, staff_with
from tests.integration.workspace.conftest import Member

UNSAFE = ("post", "put", "patch", "delete")
_CONVERTERS = {"uuid": str(uuid.uuid4()), "slug": "owner", "str": "x", "int": "1", "path": "x/y"}


def addresses(patterns: list[Any], prefix: str = "/") -> Iterator[tuple[str, Any]]:
    """Yield each address of the workspace with what answers there."""
    for pattern in patterns:
        route = re.sub(
            r"<(?:(\w+):)?\w+>",
            lambda found: _CONVERTERS[found[1] or "str"],
            prefix + str(pattern.pattern).removeprefix("^").removesuffix("$"),
        )
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern) and "(?P" not in route:
            yield route, pattern.callback


def state(tenant: Tenant) -> tuple[Any, ...]:
    found = Tenant.objects.filter(pk=tenant.pk).values().get()
    found.pop("permission_epoch")
    with tenant_scope(tenant):
        return (
            sorted(found.items(), key=str),
            sorted(Role.objects.values_list("key", "name")),
            sorted(Group.objects.values_list("pk", "name")),
            sorted(RoleAssignment.objects.values_list("pk", flat=True)),
            sorted(ServiceAccount.objects.values_list("pk", "name", "state")),
            sorted(User.objects.values_list("pk", "is_active", "first_name", "removed_at")),
            RealmChange.objects.count(),
            AuditEntry.objects.count(),
        )


def is_outside(client: Client) -> bool:
    """Return whether a browser sees no more of a workspace than anybody."""
    answer = client.get("/users/")
    return answer.status_code == HTTPStatus.FOUND and answer["Location"].startswith("/oidc/")


class TestReadOnly:
    def test_every_unsafe_request_to_every_address_is_refused(
        self, sam: Staff, ada: Member
    ) -> None:
        workspace = sam.visit(ada.tenant)
        token = form_token(workspace.get("/").content.decode())
        before = state(ada.tenant)
        seen = 0
        own = {"/support/begin/", "/support/enter/", "/support/leave/", "/support/ended/"}
        for address, callback in addresses(import_module(settings.ROOT_URLCONF).urlpatterns):
            if address in own or hasattr(callback, "cls"):
                continue
            for method in UNSAFE:
                seen += 1
                answer = getattr(workspace, method)(address, headers={"X-CSRFToken": token})
                if "backchannel" in address or address.startswith("/x-static/"):
                    # They look at no cookie, so nobody is a visitor there.
                    assert answer.status_code >= HTTPStatus.BAD_REQUEST
                    continue
                assert answer.status_code == HTTPStatus.FORBIDDEN, (method, address)
                assert "Nothing can be changed" in answer.content.decode(), (method, address)
        assert seen > 100
        assert state(ada.tenant) == before
        assert workspace.get("/").status_code == HTTPStatus.OK, "The visit itself goes on."

    def test_a_method_in_disguise_is_refused(self, sam: Staff, ada: Member) -> None:
        workspace = sam.visit(ada.tenant)
        token = form_token(workspace.get("/").content.decode())
        before = state(ada.tenant)
        for headers in ({"X-HTTP-Method-Override": "GET"}, {"HX-Request": "true"}):
            answer = workspace.post(
                f"/users/{ada.user.pk}/disable/", headers={"X-CSRFToken": token, **headers}
            )
            assert answer.status_code == HTTPStatus.FORBIDDEN
        answer = workspace.generic("REPORT", "/users/", headers={"X-CSRFToken": token})
        assert answer.status_code == HTTPStatus.FORBIDDEN
        assert state(ada.tenant) == before

    @pytest.mark.parametrize("values", [{}, {"is_writing": "on"}], ids=["sees", "writes"])
    def test_nothing_of_somebodys_own_is_shown(
        self, sue: Staff, ada: Member, values: dict[str, str]
    ) -> None:
        """Logins, logouts and whatever asks for no permission are for the tenant's people."""
        workspace = sue.visit(ada.tenant, **values)
        for address in ("/oidc/authenticate/", "/oidc/logged-out/"):
            answer = workspace.get(address)
            assert answer.status_code == HTTPStatus.FORBIDDEN
            assert "for the people of the workspace only" in answer.content.decode()

    @pytest.mark.parametrize("values", [{}, {"is_writing": "on"}], ids=["sees", "writes"])
    def test_the_api_knows_no_visitor(
        self, sue: Staff, ada: Member, values: dict[str, str]
    ) -> None:
        workspace = sue.visit(ada.tenant, **values)
        seen = 0
        for address, callback in addresses(import_module(settings.ROOT_URLCONF).urlpatterns):
            name = getattr(callback, "cls", callback).__name__
            if not hasattr(callback, "cls") or name in {"SchemaView", "DocsView"}:
                continue
            for method in ("get", *UNSAFE):
                seen += 1
                answer = getattr(workspace, method)(address, content_type="application/json")
                assert answer.status_code in {
                    HTTPStatus.UNAUTHORIZED, HTTPStatus.METHOD_NOT_ALLOWED,
                }, (method, address)  # fmt: skip
        assert seen > 20


class TestHandOver:
    def test_a_token_is_good_once(self, sam: Staff, acme: Tenant) -> None:
        token = sam.token(acme)
        begun = sam.begin(acme)  # another secret, and the old one is gone from the browser
        assert begun
        assert sam.enter(acme, token).status_code == HTTPStatus.FORBIDDEN
        token = sam.token(acme)
        secret = sam.at(acme).cookies["support"].value
        assert sam.enter(acme, token).status_code == HTTPStatus.FOUND
        sam.at(acme).cookies["support"] = secret
        answer = sam.enter(acme, token)
        assert answer.status_code == HTTPStatus.FORBIDDEN
        assert "used already" in answer.content.decode()

    def test_another_browser_cannot_use_it(self, sam: Staff, acme: Tenant) -> None:
        token = sam.token(acme)
        thief = staff_with("super-admin")
        thief.begin(acme)
        answer = thief.enter(acme, token)
        assert answer.status_code == HTTPStatus.FORBIDDEN
        assert "another browser" in answer.content.decode()
        assert is_outside(thief.at(acme))
        bare = Client(headers={"host": "acme.localhost"})
        answer = bare.post(
            "/support/enter/", {"token": token}, headers={"Origin": settings.PLEXICA_CONSOLE_URL}
        )
        assert answer.status_code == HTTPStatus.FORBIDDEN
        assert is_outside(bare)
        # Nothing of that has used it up for whom it is.
        assert sam.enter(acme, token).status_code == HTTPStatus.FOUND

    def test_a_form_with_somebody_elses_digest_gives_them_nothing(
        self, sam: Staff, acme: Tenant
    ) -> None:
        """Sam is led to the console's form with the digest of the thief's own secret."""
        thief = staff_with("")
        challenge = thief.begin(acme).partition("challenge=")[2]
        token = sam.token(acme, challenge=challenge)
        answer = sam.enter(acme, token)
        assert answer.status_code == HTTPStatus.FORBIDDEN
        assert thief.enter(acme, "").status_code == HTTPStatus.FORBIDDEN
        assert is_outside(thief.at(acme))

    def test_it_opens_no_other_tenant(self, sam: Staff, acme: Tenant, globex: Tenant) -> None:
        token = sam.token(acme)
        sam.begin(globex)
        sam.at(globex).cookies["support"] = sam.at(acme).cookies["support"].value
        assert sam.enter(globex, token).status_code == HTTPStatus.FORBIDDEN
        assert is_outside(sam.at(globex))

    def test_a_visits_cookie_opens_no_other_tenant(
        self, sam: Staff, acme: Tenant, globex: Tenant
    ) -> None:
        workspace = sam.visit(acme)
        sam.at(globex).cookies["session"] = workspace.cookies["session"].value
        assert is_outside(sam.at(globex))
        # Not even a session of globex itself that names a visit of acme.
        visit = SupportVisit.objects.get()
        with tenant_scope(globex):
            session = sam.at(globex).session
            session["support_visit"] = str(visit.pk)
            session.save()
            sam.at(globex).cookies["session"] = session.session_key
        assert sam.at(globex).get("/users/")["Location"] == "/support/ended/"
        assert is_outside(sam.at(globex))

    def test_it_waits_for_two_minutes_only(self, sam: Staff, acme: Tenant) -> None:
        token = sam.token(acme)
        long_ago = timezone.now() - timedelta(seconds=HAND_OVER_SECONDS + 1)
        SupportVisit.objects.update(asked_at=long_ago)
        answer = sam.enter(acme, token)
        assert answer.status_code == HTTPStatus.FORBIDDEN
        assert "took too long" in answer.content.decode()

    @pytest.mark.parametrize("token", ["", "x", "x" * 10_000, "a\0b"])
    def test_a_guess_opens_nothing(self, sam: Staff, acme: Tenant, token: str) -> None:
        sam.token(acme)
        assert sam.enter(acme, token).status_code == HTTPStatus.FORBIDDEN
        assert is_outside(sam.at(acme))

    @pytest.mark.parametrize(
        "origin", ["null", "", "http://acme.localhost", "http://globex.localhost", "http://evil.ex"]
    )
    def test_no_other_page_can_send_the_form(self, sam: Staff, acme: Tenant, origin: str) -> None:
        token = sam.token(acme)
        assert sam.enter(acme, token, Origin=origin).status_code == HTTPStatus.FORBIDDEN
        assert is_outside(sam.at(acme))

    @pytest.mark.parametrize("method", ["get", "head", "put", "delete"])
    def test_it_is_taken_from_a_form_only(self, sam: Staff, acme: Tenant, method: str) -> None:
        token = sam.token(acme)
        answer = getattr(sam.at(acme), method)(f"/support/enter/?token={token}")
        assert answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED
        assert is_outside(sam.at(acme))

    def test_what_was_taken_meanwhile_counts(self, sam: Staff, acme: Tenant) -> None:
        token = sam.token(acme)
        RoleAssignment.objects.filter(user=sam.user).delete()
        staff_with("support")  # which raises the epoch, as every change of roles does
        assert sam.enter(acme, token).status_code == HTTPStatus.FORBIDDEN
        assert is_outside(sam.at(acme))

    def test_who_logged_out_of_the_console_cannot_enter(self, sam: Staff, acme: Tenant) -> None:
        token = sam.token(acme)
        Session.objects.filter(browser=sam.session).delete()
        assert sam.enter(acme, token).status_code == HTTPStatus.FORBIDDEN

    def test_secrets_are_kept_as_digests_and_told_to_no_log(
        self, sam: Staff, acme: Tenant, caplog: pytest.LogCaptureFixture, capfd: Any
    ) -> None:
        token = sam.token(acme)
        secret = sam.at(acme).cookies["support"].value
        sam.enter(acme, token)
        kept = str(SupportVisit.objects.values().get())
        logged = caplog.text + "".join(capfd.readouterr())
        entries = str(list(AuditEntry.objects.order_by("-at").values_list("after")[:5]))
        for text in (kept, logged, entries):
            assert token not in text
            assert secret not in text

    def test_the_browsers_secret_is_out_of_reach_of_scripts(self, sam: Staff, acme: Tenant) -> None:
        sam.begin(acme)
        cookie = sam.at(acme).cookies["support"]
        assert cookie["httponly"]
        assert cookie["secure"]
        assert cookie["samesite"] == "None"
        assert cookie["max-age"] == 15 * 60
        assert cookie["domain"] == ""


class TestSessions:
    def test_whoever_was_logged_in_there_is_so_no_more(self, sam: Staff, ada: Member) -> None:
        sam.workspaces["acme"] = ada.client
        key = ada.client.session.session_key
        workspace = sam.visit(ada.tenant)
        assert workspace.cookies["session"].value != key
        assert "Support visit" in workspace.get("/").content.decode()
        with tenant_scope(ada.tenant):
            assert not Session.objects.filter(pk=key).exists()

    def test_a_login_stands_above_a_visit(self, sam: Staff, ada: Member, bo: Member) -> None:
        """Bo logs in with a browser whose session was a visit: he is himself, with his rights."""
        visit = sam.visit(ada.tenant)
        number = SupportVisit.objects.get().pk
        with tenant_scope(ada.tenant):
            session = bo.client.session
            session["support_visit"] = str(number)
            session.save()
        text = bo.client.get("/").content.decode()
        assert "Support visit" not in text
        assert bo.client.get("/roles/").status_code == HTTPStatus.FORBIDDEN
        assert visit.get("/roles/").status_code == HTTPStatus.OK

    @pytest.mark.parametrize("kept", ["", "x", str(uuid.uuid4()), "../", 7])
    def test_a_session_that_names_no_visit_is_nobodys(self, acme: Tenant, kept: object) -> None:
        client = Client(headers={"host": "acme.localhost"})
        with tenant_scope(acme):
            session = client.session
            session["support_visit"] = kept
            session.save()
            client.cookies["session"] = session.session_key
        answer = client.get("/users/")
        assert answer.status_code == HTTPStatus.FOUND
        assert answer["Location"] in {"/support/ended/", "/oidc/authenticate/?next=%2Fusers%2F"}

    def test_only_who_may_visit_ends_visits(self, sam: Staff, acme: Tenant) -> None:
        sam.visit(acme)
        visit = SupportVisit.objects.get()
        other = staff_with("read-only")
        answer = other.console.post(f"/tenants/acme/support/{visit.pk}/end/")
        assert answer.status_code == HTTPStatus.FORBIDDEN
        visit.refresh_from_db()
        assert visit.ended_at is None
        sam.console.post(f"/tenants/acme/support/{uuid.uuid4()}/end/")


class TestGrants:
    """A visit holds keys and no patterns, of which none gives access."""

    def test_what_a_visit_that_sees_holds(self) -> None:
        held = snapshot_of_visit(_visit(is_writing=False))
        for definition in list_definitions(Audience.TENANT):
            action = definition.key.rpartition(":")[2]
            assert held.allows(definition.key) == (action in {"view", "read"}), definition.key
        assert held.allows(USERS_READ)

    def test_what_a_visit_that_changes_things_never_holds(self) -> None:
        held = snapshot_of_visit(_visit(is_writing=True))
        for never in (
            OWNERSHIP_HAND_OVER, SERVICE_ACCOUNTS_MANAGE, "core:users:invite", "core:roles:assign",
            "core:roles:manage", "core:groups:manage", "core:users:disable", "core:users:remove",
            "*", "core:*", "core:users:*", "ownership:*",
        ):  # fmt: skip
            assert not held.allows(never), never


def _visit(*, is_writing: bool) -> Any:
    now = timezone.now()
    return Visit(uuid.uuid4(), "Stella", is_writing, REASON, now, now)
