"""Upgrades, comparisons and owners of one tenant, asked for in the console."""

import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from http import HTTPStatus

import pytest
from django.test import Client
from django.urls import reverse

from deploy.local.mail import Mail
from plexica.audit.models import AuditEntry
from plexica.audit.selectors import list_entries
from plexica.core.actor import SYSTEM
from plexica.core.errors import TransientError
from plexica.identity.models import User
from plexica.identity.people_states import PersonState, state_of
from plexica.rbac.owners import list_owners
from plexica.rbac.services import assign_role, withdraw_role
from plexica.rbac.system_roles import SUPPORT
from tenants.claim import claimed
from tenants.maintenance import ask_reconciliation, get_reconciliation, reconcile_asked
from tenants.models import RECONCILED_WITHIN, ProvisioningRun, Reconciliation, Tenant
from tenants.parts import Difference, Finding, configured_parts
from tenants.provisioning.engine import run_provisioning
from tenants.runs import TenantBusy
from tenants.scopes import tenant_scope
from tenants.states import RunState, TenantState
from tests.conftest import Servers
from tests.integration.console.conftest import logged_in
from tests.integration.identity.test_invitation import invitation_link

ASKED = ("tenant_upgrade", "tenant_reconcile", "tenant_owner", "tenant_owner_invite")


def url(name: str, tenant: Tenant) -> str:
    return reverse(f"console:{name}", "plexica.urls_console", args=[tenant.slug])


def again(tenant: Tenant) -> Tenant:
    found: Tenant = Tenant.objects.get(pk=tenant.pk)
    return found


def owners(tenant: Tenant) -> set[str]:
    with tenant_scope(tenant):
        return {owner.email for owner in list_owners()}


@pytest.fixture
def behind(acme: Tenant) -> Iterator[Tenant]:
    """Acme, as if an earlier version had made each of its parts."""
    fields = [part.digest_field for part in configured_parts().values()]
    Tenant.objects.filter(pk=acme.pk).update(**dict.fromkeys(fields, "earlier"))
    yield again(acme)
    present = {part.digest_field: part.present_digest() for part in configured_parts().values()}
    Tenant.objects.filter(pk=acme.pk).update(state=TenantState.ACTIVE, **present)
    acme.runs.exclude(kind="create").delete()


@pytest.fixture
def owned(acme: Tenant) -> Iterator[Tenant]:
    """Acme, which is Ada's again afterwards."""
    yield acme
    with tenant_scope(acme):
        ada = User.objects.get(email="ada@acme.example")
        assign_role(holder=ada, role="owner", actor=SYSTEM)
        withdraw_role(holder=ada, role="admin", actor=SYSTEM)
        User.objects.exclude(pk=ada.pk).delete()
    Tenant.objects.filter(pk=acme.pk).update(owner_email="ada@acme.example")


class TestUpgrade:
    def test_a_run_brings_every_part_up(self, admin: Client, behind: Tenant) -> None:
        assert (
            url("tenant_upgrade", behind)
            in admin.get(url("tenant_detail", behind)).content.decode()
        )
        asked = admin.get(url("tenant_upgrade", behind)).content.decode()
        assert all(str(part.label) in asked for part in configured_parts().values())
        answer = admin.post(url("tenant_upgrade", behind))
        run = behind.runs.get(kind="upgrade")
        assert answer["Location"].endswith(f"/runs/{run.id}/")
        assert "Waiting" in admin.get(answer["Location"]).content.decode()
        run_provisioning(run.id)
        run.refresh_from_db()
        assert run.state == RunState.SUCCEEDED, [step.error_message for step in run.steps.all()]
        fresh = again(behind)
        for part in configured_parts().values():
            assert getattr(fresh, part.digest_field) == part.present_digest()
        assert fresh.state == TenantState.ACTIVE
        assert "is up to date" in admin.get(answer["Location"]).content.decode()
        detail = admin.get(url("tenant_detail", behind)).content.decode()
        assert url("tenant_upgrade", behind) not in detail
        actions = set(list_entries(target="tenant:acme").values_list("action", flat=True))
        assert {"tenant.upgrade_requested", "tenant.upgraded"} <= actions

    def test_nobody_else_has_the_tenant_meanwhile(self, admin: Client, behind: Tenant) -> None:
        admin.post(url("tenant_upgrade", behind))
        with pytest.raises(TenantBusy), claimed(behind):
            pass
        answer = admin.post(url("tenant_upgrade", behind))
        assert answer.status_code == HTTPStatus.CONFLICT
        assert behind.runs.filter(kind="upgrade").count() == 1

    def test_what_is_up_to_date_is_not_upgraded(self, admin: Client, acme: Tenant) -> None:
        answer = admin.post(url("tenant_upgrade", acme))
        assert answer.status_code == HTTPStatus.CONFLICT
        assert "Every part is at its present version." in answer.content.decode()

    def test_a_run_that_was_cut_off_goes_on_with_the_rest(
        self, admin: Client, behind: Tenant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        parts = configured_parts()

        def die(_tenant: Tenant) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(type(parts["bucket"]), "upgrade", lambda _self, tenant: die(tenant))
            admin.post(url("tenant_upgrade", behind))
            run = behind.runs.get(kind="upgrade")
            with pytest.raises(KeyboardInterrupt):
                run_provisioning(run.id)
        assert again(behind).schema_digest == parts["schema"].present_digest()
        assert again(behind).realm_digest == "earlier"
        ProvisioningRun.objects.filter(pk=run.pk).update(lease_expires_at=None)
        run_provisioning(run.id)
        run.refresh_from_db()
        assert run.state == RunState.SUCCEEDED


class TestReconcile:
    @pytest.fixture(autouse=True)
    def _none_asked(self) -> Iterator[None]:
        Reconciliation.objects.all().delete()
        yield
        Reconciliation.objects.all().delete()

    def test_a_comparison_is_shown_from_its_beginning_to_its_end(
        self, admin: Client, acme: Tenant
    ) -> None:
        answer = admin.post(url("tenant_reconcile", acme), {"repair": "on"})
        assert answer["Location"] == url("tenant_detail", acme)
        waiting = admin.get(url("tenant_reconciliation", acme)).content.decode()
        assert "It is being compared." in waiting
        assert 'hx-trigger="every 2s"' in waiting
        _work(acme)
        done = admin.get(url("tenant_reconciliation", acme)).content.decode()
        assert "Nothing differs" in done
        assert "every 2s" not in done
        entry = list_entries(target="tenant:acme").filter(action="tenant.comparison_requested")[0]
        assert (entry.actor_name, entry.after) == ("Stella", {"repairs": True})

    def test_what_differs_is_mended_if_that_was_asked_for(
        self, admin: Client, acme: Tenant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        part = configured_parts()["roles"]
        wrong = [Finding("roles", Difference.MISSING, "role <b>x</b>", "It is not there.")]
        monkeypatch.setattr(type(part), "inspect", lambda _self, _tenant: list(wrong))
        monkeypatch.setattr(type(part), "repair", lambda _self, _tenant, _found: wrong.clear())
        admin.post(url("tenant_reconcile", acme))
        _work(acme)
        text = admin.get(url("tenant_detail", acme)).content.decode()
        assert "1 thing differs" in text
        assert wrong, "It was only compared."
        admin.post(url("tenant_reconcile", acme), {"repair": "on"})
        _work(acme)
        text = admin.get(url("tenant_detail", acme)).content.decode()
        assert "Mended" in text
        assert "role &lt;b&gt;x&lt;/b&gt;" in text
        mended = list_entries(target="tenant:acme").filter(action="tenant.repaired")[0]
        assert mended.actor_name == "Stella"

    def test_one_at_a_time_unless_the_last_was_lost(self, admin: Client, acme: Tenant) -> None:
        admin.post(url("tenant_reconcile", acme))
        answer = admin.post(url("tenant_reconcile", acme), follow=True)
        assert "Wait until the comparison" in answer.content.decode()
        lost = get_reconciliation(tenant=acme)
        assert lost is not None
        lost.asked_at -= RECONCILED_WITHIN + timedelta(seconds=1)
        lost.save()
        assert "did not come to an end" in admin.get(url("tenant_detail", acme)).content.decode()
        admin.post(url("tenant_reconcile", acme))
        # The message of the one that was lost comes after all.
        reconcile_asked(tenant_id=acme.pk, asked_at=lost.asked_at.isoformat())
        asked = get_reconciliation(tenant=acme)
        assert asked is not None
        assert asked.finished_at is None

    def test_one_that_is_held_up_says_why(self, admin: Client, behind: Tenant) -> None:
        ask_reconciliation(tenant=behind, repair=False, actor=SYSTEM)
        admin.post(url("tenant_upgrade", behind))
        _work(behind)
        assert "A run is under way." in admin.get(url("tenant_detail", behind)).content.decode()


class TestOwner:
    def test_the_invitation_is_sent_again(
        self, admin: Client, owned: Tenant, servers: Servers
    ) -> None:
        with tenant_scope(owned):
            ada = User.objects.get(email="ada@acme.example")
        before = invitation_link(Mail(servers.instance).url, ada.email)
        answer = admin.post(url("tenant_owner_invite", owned), {"user": ada.pk}, follow=True)
        assert "The invitation has been sent." in answer.content.decode()
        assert invitation_link(Mail(servers.instance).url, ada.email) != before
        for scope_entries in (list_entries(target="tenant:acme"), _inside(owned, ada)):
            assert any("invit" in entry.action for entry in scope_entries)
        assert _inside(owned, ada)[0].actor_name == "Stella (Plexica)"

    def test_only_owners_who_have_not_come_are_invited(self, admin: Client, owned: Tenant) -> None:
        with tenant_scope(owned):
            bo = User.objects.create(issuer="http://x", subject="bo", email="bo@acme.example")
        for user in (bo.pk, uuid.uuid4()):
            answer = admin.post(url("tenant_owner_invite", owned), {"user": user}, follow=True)
            assert "They are no owner of this tenant." in answer.content.decode()

    def test_somebody_new_is_invited_as_the_owner(
        self, admin: Client, owned: Tenant, servers: Servers
    ) -> None:
        email = f"nell-{uuid.uuid4().hex[:8]}@acme.example"
        values = {"email": email.upper(), "replaces": "on"}
        answer = admin.post(url("tenant_owner", owned), values, follow=True)
        text = answer.content.decode()
        assert f"{email} owns the tenant now." in text
        assert "The invitation has been sent." in text
        assert owners(owned) == {email}
        assert invitation_link(Mail(servers.instance).url, email)
        assert again(owned).owner_email == email
        with tenant_scope(owned):
            ada = User.objects.get(email="ada@acme.example")
            assert set(ada.role_assignments.values_list("role__key", flat=True)) == {"admin"}

    def test_somebody_of_the_tenant_becomes_an_owner_beside_the_others(
        self, admin: Client, owned: Tenant
    ) -> None:
        with tenant_scope(owned):
            User.objects.create(issuer="http://x", subject="bo", email="bo@acme.example")
        admin.post(url("tenant_owner", owned), {"email": "bo@acme.example"})
        assert owners(owned) == {"ada@acme.example", "bo@acme.example"}
        entry = list_entries(target="tenant:acme").filter(action="tenant.owner_appointed")[0]
        assert entry.after == {"email": "bo@acme.example", "replaces": False}

    def test_who_is_disabled_is_not_appointed(self, admin: Client, owned: Tenant) -> None:
        with tenant_scope(owned):
            off = User.objects.create(
                issuer="http://x", subject="off", email="off@acme.example", is_active=False,
                last_login=owned.created_at,
            )  # fmt: skip
            assert state_of(off) == PersonState.DISABLED
        answer = admin.post(url("tenant_owner", owned), {"email": off.email})
        assert answer.status_code == HTTPStatus.BAD_REQUEST
        assert "They are disabled in this tenant." in answer.content.decode()
        assert owners(owned) == {"ada@acme.example"}

    @pytest.mark.parametrize("email", ["", "no", "a" * 250 + "@acme.example"])
    def test_what_is_no_address_is_refused(self, admin: Client, owned: Tenant, email: str) -> None:
        answer = admin.post(url("tenant_owner", owned), {"email": email})
        assert answer.status_code == HTTPStatus.BAD_REQUEST
        assert owners(owned) == {"ada@acme.example"}

    def test_a_tenant_that_is_closed_gets_no_owner(self, admin: Client, behind: Tenant) -> None:
        Tenant.objects.filter(pk=behind.pk).update(state=TenantState.SUSPENDED)
        answer = admin.post(url("tenant_owner", behind), {"email": "nell@acme.example"})
        assert answer.status_code == HTTPStatus.CONFLICT
        assert owners(behind) == {"ada@acme.example"}

    def test_while_the_realm_is_away_the_owners_before_stay(
        self, admin: Client, owned: Tenant, told: Callable[[], None]
    ) -> None:
        told()
        email = f"nell-{uuid.uuid4().hex[:8]}@acme.example"
        values = {"email": email, "replaces": "on"}
        text = admin.post(url("tenant_owner", owned), values, follow=True).content.decode()
        assert "The owners before them stay owners" in text
        assert owners(owned) == {email, "ada@acme.example"}

    @pytest.fixture
    def told(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
        """Have Keycloak not answer; the real one stopped is proved in the tests of people."""

        def away(*_args: object, **_options: object) -> None:
            raise TransientError("Keycloak does not answer.")

        return lambda: monkeypatch.setattr("plexica.identity.realm_changes.tell_realm", away)


@pytest.mark.parametrize("name", ASKED)
def test_one_without_a_role_changes_nothing(nobody: Client, acme: Tenant, name: str) -> None:
    before = (ProvisioningRun.objects.count(), Reconciliation.objects.count(), owners(acme))
    answer = nobody.post(url(name, acme), {"email": "nell@acme.example"})
    assert answer.status_code == HTTPStatus.FORBIDDEN
    after = (ProvisioningRun.objects.count(), Reconciliation.objects.count(), owners(acme))
    assert after == before


def test_support_keeps_tenants_well_and_appoints_nobody(acme: Tenant) -> None:
    support = logged_in(is_super_admin=False, role=SUPPORT)
    assert support.get(url("tenant_upgrade", acme)).status_code == HTTPStatus.OK
    assert support.get(url("tenant_owner", acme)).status_code == HTTPStatus.FORBIDDEN
    detail = support.get(url("tenant_detail", acme)).content.decode()
    assert url("tenant_reconcile", acme) in detail
    assert f'href="{url("tenant_owner", acme)}"' not in detail


def _work(tenant: Tenant) -> None:
    asked = get_reconciliation(tenant=tenant)
    assert asked is not None
    reconcile_asked(tenant_id=tenant.pk, asked_at=asked.asked_at.isoformat())


def _inside(tenant: Tenant, user: User) -> list[AuditEntry]:
    with tenant_scope(tenant):
        return list(list_entries(target=f"user:{user.pk}"))
