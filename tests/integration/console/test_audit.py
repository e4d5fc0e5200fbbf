"""The console's audit: the platform's own, and a chosen tenant's."""

import json
import uuid
from http import HTTPStatus

import pytest
from django.test import Client
from django.urls import reverse

from plexica.audit.models import AuditEntry
from plexica.core.actor import SYSTEM
from plexica.identity.models import User
from plexica.rbac.services import assign_role
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.integration.conftest import MakeRun
from tests.integration.console.conftest import logged_in

URLCONF = "plexica.urls_console"


def url(name: str, *arguments: object) -> str:
    return reverse(f"console:{name}", URLCONF, args=arguments)


def note(mark: str, **values: str) -> AuditEntry:
    """Write an entry into the audit of the current scope."""
    return AuditEntry.objects.create(
        **{
            "actor_kind": "user",
            "actor_id": "x",
            "actor_name": mark,
            "action": "thing.done",
            "target": "thing:one",
        }
        | values
    )


@pytest.fixture
def mark() -> str:
    return f"Mark{uuid.uuid4().hex[:10]}"


@pytest.fixture
def reader() -> Client:
    """The browser of somebody of the staff who changes nothing."""
    client = logged_in(is_super_admin=False)
    user = User.objects.get(pk=client.session["_auth_user_id"])
    assign_role(holder=user, role="read-only", actor=SYSTEM)
    return client


def test_finds_what_was_done_to_a_tenant(admin: Client, mark: str) -> None:
    entry = note(mark, target="tenant:no-longer-there")
    other = note(mark, target="tenant:another")
    page = admin.get(url("audit"), {"who": mark, "tenant": "no-longer-there"}).content.decode()
    assert str(entry.pk) in page
    assert str(other.pk) not in page
    both = {"tenant": "another", "target": "tenant:x"}
    assert admin.get(url("audit"), both).status_code == HTTPStatus.BAD_REQUEST


def test_shows_a_tenants_own_audit(admin: Client, acme: Tenant, globex: Tenant, mark: str) -> None:
    theirs = {}
    for tenant in (acme, globex):
        with tenant_scope(tenant):
            theirs[tenant.slug] = note(f"{mark} {tenant.slug}").pk
    ours = note(mark)
    query = {"who": mark, "tenant": "acme", "records": "workspace"}
    page = admin.get(url("audit"), query).content.decode()
    assert f"{url('audit_entry', theirs['acme'])}?tenant=acme&amp;records=workspace" in page
    assert str(theirs["globex"]) not in page
    assert str(ours.pk) not in page
    detail = admin.get(
        url("audit_entry", theirs["acme"]), {"tenant": "acme", "records": "workspace"}
    )
    assert f"{mark} acme" in detail.content.decode()
    for wrong in ({}, {"tenant": "globex", "records": "workspace"}, {"records": "workspace"}):
        answer = admin.get(url("audit_entry", theirs["acme"]), wrong)
        assert answer.status_code == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize("slug", ["", "nobody-has-it"])
def test_says_when_there_is_no_such_tenant(admin: Client, slug: str) -> None:
    answer = admin.get(url("audit"), {"records": "workspace", "tenant": slug})
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert "tenant" in answer.content.decode()


def test_a_tenant_learns_that_its_audit_was_taken_away(
    admin: Client, acme: Tenant, mark: str
) -> None:
    with tenant_scope(acme):
        note(f"{mark} theirs")
    note(f"{mark} ours")
    query = {"who": mark, "tenant": "acme", "records": "workspace", "format": "jsonl"}
    answer = admin.post(url("audit_export"), query)
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert [json.loads(line)["actor_name"] for line in lines] == [f"{mark} theirs"]
    for scope in (tenant_scope(acme), None):
        if scope:
            with scope:
                entry = AuditEntry.objects.filter(action="audit.exported").first()
        else:
            entry = AuditEntry.objects.filter(action="audit.exported").first()
        assert entry
        assert entry.target == "audit:acme"
        assert entry.actor_name == "Stella"
    lines = b"".join(
        admin.post(url("audit_export"), {"who": mark, "format": "jsonl"}).streaming_content
    )
    assert json.loads(lines)["actor_name"] == f"{mark} ours"


def test_who_may_see_it(nobody: Client, reader: Client, stranger: Client, acme: Tenant) -> None:
    note("X")
    entry = AuditEntry.objects.all()[0]
    for address in (url("audit"), url("audit_entry", entry.pk)):
        assert nobody.get(address).status_code == HTTPStatus.FORBIDDEN
        assert stranger.get(address).status_code == HTTPStatus.FOUND
        assert reader.get(address).status_code == HTTPStatus.OK
    theirs = {"tenant": "acme", "records": "workspace"}
    assert reader.get(url("audit"), theirs).status_code == HTTPStatus.FORBIDDEN
    answer = reader.post(url("audit_export"), {**theirs, "format": "csv"})
    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert 'name="records"' not in reader.get(url("audit")).content.decode()
    assert nobody.post(url("audit_export"), {"format": "csv"}).status_code == HTTPStatus.FORBIDDEN
    assert acme.slug


def test_leads_to_a_tenant_only_while_there_is_one(
    admin: Client, make_run: MakeRun, mark: str
) -> None:
    def links(slug: str) -> bool:
        entry = note(mark, target=f"tenant:{slug}")
        page = admin.get(url("audit_entry", entry.pk)).content.decode()
        return f'href="{url("tenant_detail", slug)}"' in page

    assert links(make_run().tenant.slug)
    assert not links("no-longer-there")
