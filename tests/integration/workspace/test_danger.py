"""An owner asks for the workspace's deletion; the staff sees it and answers."""

from collections.abc import Iterator
from http import HTTPStatus

import pytest
from django.test import Client

from plexica.audit.models import AuditEntry
from tenants.deletion_requests import open_request
from tenants.life import delete_tenant, restore_tenant
from tenants.models import DeletionRequest, Tenant
from tenants.provisioning.engine import run_provisioning
from tenants.scopes import tenant_scope
from tests.integration.console.conftest import logged_in
from tests.integration.workspace.conftest import Member

DANGER = "/settings/danger/"
WITHDRAW = f"{DANGER}withdraw/"
WORDS = "We close <b>our</b> company."


@pytest.fixture(autouse=True)
def _none_left(acme: Tenant) -> Iterator[None]:
    yield
    DeletionRequest.objects.filter(tenant=acme).delete()


@pytest.fixture
def staff(acme: Tenant) -> Client:
    """The browser of a super admin."""
    return logged_in(is_super_admin=True)


def ask(member: Member, confirm: str = "acme", reason: str = WORDS) -> int:
    return member.client.post(DANGER, {"confirm": confirm, "reason": reason}).status_code


def audited(tenant: Tenant, action: str) -> tuple[int, int]:
    """Return how often the tenant's audit and the platform's tell something."""
    found = AuditEntry.objects.filter(action=action, target=f"tenant:{tenant.slug}")
    with tenant_scope(tenant):
        own = found.all().count()
    return own, found.all().count()


def test_an_owner_asks_and_takes_it_back(ada: Member) -> None:
    before = audited(ada.tenant, "tenant.deletion_asked_for")
    assert ask(ada, confirm="globex") == HTTPStatus.BAD_REQUEST
    assert open_request(tenant=ada.tenant) is None
    assert ask(ada) == HTTPStatus.FOUND
    page = ada.client.get(DANGER).content.decode()
    assert "The deletion has been asked for" in page
    assert "We close &lt;b&gt;our&lt;/b&gt; company." in page
    assert audited(ada.tenant, "tenant.deletion_asked_for") == (before[0] + 1, before[1] + 1)
    assert ask(ada) == HTTPStatus.CONFLICT
    assert ada.client.post(WITHDRAW).status_code == HTTPStatus.FOUND
    assert open_request(tenant=ada.tenant) is None
    assert "Ask for the deletion" in ada.client.get(DANGER).content.decode()
    # Again, it is said that there is none, and nothing more is written down.
    told = audited(ada.tenant, "tenant.deletion_request_withdrawn")
    page = ada.client.post(WITHDRAW, follow=True).content.decode()
    assert "answered or withdrawn in the meantime" in page
    assert audited(ada.tenant, "tenant.deletion_request_withdrawn") == told


def test_only_an_owner_may(dee: Member, bo: Member) -> None:
    for member in (dee, bo):
        assert DANGER not in member.client.get("/").content.decode()
        assert member.client.get(DANGER).status_code == HTTPStatus.FORBIDDEN
        assert ask(member) == HTTPStatus.FORBIDDEN
    assert DANGER not in dee.client.get("/settings/").content.decode()
    assert open_request(tenant=dee.tenant) is None


def test_the_staff_declines_in_words_that_the_owner_reads(ada: Member, staff: Client) -> None:
    ask(ada)
    assert "Owners ask for the deletion" in staff.get("/tenants/").content.decode()
    detail = staff.get("/tenants/acme/").content.decode()
    assert "The owner asks for the deletion" in detail
    assert "We close &lt;b&gt;our&lt;/b&gt; company." in detail
    address = "/tenants/acme/decline/"
    assert address in detail
    assert staff.post(address, {"answer": " "}).status_code == HTTPStatus.BAD_REQUEST
    assert staff.post(address, {"answer": "Pay <first>."}).status_code == HTTPStatus.FOUND
    page = ada.client.get(DANGER).content.decode()
    assert "The last request was declined" in page
    assert "Pay &lt;first&gt;." in page
    told = audited(ada.tenant, "tenant.deletion_request_declined")
    assert all(told), told
    assert staff.get(address).status_code == HTTPStatus.NOT_FOUND
    assert "The owner asks for the deletion" not in staff.get("/tenants/acme/").content.decode()


def test_a_deletion_accepts_the_request(ada: Member) -> None:
    ask(ada)
    tenant = Tenant.objects.get(pk=ada.tenant.pk)
    own, platforms = audited(tenant, "tenant.deletion_request_accepted")
    run_provisioning(delete_tenant(tenant=tenant, actor=ada.actor).id)
    try:
        assert DeletionRequest.objects.get(tenant=tenant).state == "ACCEPTED"
        assert audited(tenant, "tenant.deletion_request_accepted") == (
            own + 1,
            platforms + 1,
        )
    finally:
        tenant.refresh_from_db()
        run_provisioning(restore_tenant(tenant=tenant, actor=ada.actor).id)


def test_a_tenant_sees_its_own_requests_only(ada: Member, cy: Member) -> None:
    ask(ada)
    assert WORDS[:8] not in cy.client.get(DANGER).content.decode()
    with tenant_scope(cy.tenant):
        assert DeletionRequest.objects.count() == 0
