"""The general settings of a workspace: who may change them, and what becomes of it."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest

from plexica.audit.models import AuditEntry
from plexica.events.models import OutboxMessage
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.integration.workspace.conftest import Member

GENERAL = "/settings/"


@pytest.fixture(autouse=True)
def _as_it_was(acme: Tenant) -> Iterator[None]:
    names = ("name", "contact_email", "locale", "time_zone")
    Tenant.objects.filter(pk=acme.pk).update(version=acme.version)
    yield
    OutboxMessage.objects.filter(event="tenant.updated", delivered_at=None).delete()
    Tenant.objects.filter(pk=acme.pk).update(**{name: getattr(acme, name) for name in names})


def values(tenant: Tenant, **changed: Any) -> dict[str, Any]:
    there = Tenant.objects.get(pk=tenant.pk)
    return {
        "version": there.version, "name": there.name, "contact_email": there.contact_email,
        "locale": there.locale, "time_zone": there.time_zone, **changed,
    }  # fmt: skip


def test_an_admin_changes_them_and_everybody_sees_it_at_once(dee: Member, bo: Member) -> None:
    page = dee.client.get(GENERAL).content.decode()
    assert dee.tenant.name in page
    assert 'aria-current="page">General<' in page
    changed = values(
        dee.tenant, name="Acme & Sons", locale="it", time_zone="Europe/Rome",
        contact_email="office@acme.example",
    )  # fmt: skip
    answer = dee.client.post(GENERAL, changed)
    assert (answer.status_code, answer["Location"]) == (HTTPStatus.FOUND, GENERAL)
    assert "Acme &amp; Sons" in bo.client.get("/").content.decode()
    there = Tenant.objects.get(pk=dee.tenant.pk)
    assert (there.locale, there.time_zone) == ("it", "Europe/Rome")
    with tenant_scope(dee.tenant):
        entry = AuditEntry.objects.filter(action="tenant.updated").latest("at")
    assert entry.actor_id == str(dee.user.pk)
    assert entry.after["name"] == "Acme & Sons"
    assert entry.before["locale"] == ""


def test_a_page_that_somebody_else_has_overtaken_changes_nothing(dee: Member, ada: Member) -> None:
    seen_before = values(dee.tenant, name="Too late")
    assert ada.client.post(GENERAL, values(dee.tenant, name="First")).status_code == 302
    answer = dee.client.post(GENERAL, seen_before)
    assert answer.status_code == HTTPStatus.CONFLICT
    assert "Load the tenant again" in answer.content.decode()
    assert Tenant.objects.get(pk=dee.tenant.pk).name == "First"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 101),
        ("name", "a\u202eb"),
        ("contact_email", "nobody"),
        ("locale", "tlh"),
        ("time_zone", "Mars/Olympus"),
        ("time_zone", ""),
        ("version", "0"),
        ("extra", "1"),
    ],
)
def test_what_makes_no_sense_is_refused(dee: Member, field: str, value: str) -> None:
    answer = dee.client.post(GENERAL, values(dee.tenant, **{field: value}))
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert Tenant.objects.get(pk=dee.tenant.pk).name == dee.tenant.name


def test_only_who_may_change_them_sees_them_in_the_menu(bo: Member, dee: Member) -> None:
    link = f'href="{GENERAL}"'
    assert link not in bo.client.get("/").content.decode()
    assert link in dee.client.get("/").content.decode()
    assert bo.client.post(GENERAL, values(bo.tenant, name="Mine")).status_code == 403
    assert Tenant.objects.get(pk=bo.tenant.pk).name == bo.tenant.name


def test_the_page_takes_a_fixed_number_of_queries(
    dee: Member, django_assert_num_queries: Any
) -> None:
    dee.client.get(GENERAL)
    with django_assert_num_queries(QUERIES):
        dee.client.get(GENERAL)


QUERIES = 2
