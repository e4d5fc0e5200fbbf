"""What may be said of a tenant, and that nobody overwrites somebody else's change."""

import pytest

from plexica.audit.models import AuditEntry
from plexica.core.actor import SYSTEM, Actor
from plexica.core.errors import InvalidInput
from tenants.lifecycle import ForbiddenTransition, StaleTenant, move_tenant
from tenants.models import ProvisioningRun, Tenant
from tenants.services import SlugTaken, create_tenant, update_tenant
from tenants.states import TenantState
from tests.integration.conftest import MakeRun

ADA = Actor(kind="user", id="ada", name="Ada")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("slug", "No"),
        ("name", ""),
        ("name", "   "),
        ("name", "x" * 101),
        ("name", "a\0b"),
        ("name", "a\nb"),
        ("owner_email", ""),
        ("owner_email", "nobody"),
        ("owner_email", "a b@example.com"),
        ("owner_email", "a\0@example.com"),
        ("owner_email", f"{'a' * 65}@example.com"),
        ("owner_email", f"a@{'b' * 250}.example"),
        ("contact_email", "nobody"),
    ],
)
def test_what_is_not_acceptable_is_named_and_changes_nothing(field: str, value: str) -> None:
    before = Tenant.objects.count()
    values = {"slug": "valid-slug", "name": "Valid", "owner_email": "ada@example.com"}
    with pytest.raises(InvalidInput) as caught:
        create_tenant(**{**values, field: value}, actor=ADA)
    assert set(caught.value.fields) == {field}
    assert Tenant.objects.count() == before


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(InvalidInput) as caught:
        create_tenant(slug="No", name="", owner_email="x", contact_email="y", actor=ADA)
    assert set(caught.value.fields) == {"slug", "name", "owner_email", "contact_email"}


def test_a_tenant_begins_with_its_names_its_run_and_an_audit_entry(make_run: MakeRun) -> None:
    run = make_run("begin-1", name="  Begin  ")
    tenant = run.tenant
    assert (tenant.name, tenant.state) == ("Begin", "PROVISIONING")
    assert tenant.schema_name == "t_begin_1"
    assert (tenant.realm, tenant.bucket) == ("begin-1", "plexica-begin-1")
    assert list(run.steps.values_list("name", flat=True)) == [
        "schema", "bucket", "realm", "roles", "owner",
    ]  # fmt: skip
    assert AuditEntry.objects.filter(target="tenant:begin-1", action="tenant.created").exists()


def test_a_taken_slug_leaves_one_tenant_and_one_run(make_run: MakeRun) -> None:
    tenant = make_run("taken-1").tenant
    with pytest.raises(SlugTaken):
        create_tenant(slug="taken-1", name="X", owner_email="x@example.com", actor=SYSTEM)
    assert ProvisioningRun.objects.filter(tenant__slug="taken-1").count() == 1
    assert Tenant.objects.get(slug="taken-1").pk == tenant.pk


def test_a_change_tells_what_was_and_what_is(make_run: MakeRun) -> None:
    tenant = make_run().tenant
    update_tenant(tenant=tenant, actor=ADA, name="Another", contact_email="c@example.com")
    entry = AuditEntry.objects.get(target=f"tenant:{tenant.slug}", action="tenant.updated")
    assert (entry.actor_name, entry.before["name"]) == ("Ada", "An Example")
    assert entry.after == {"name": "Another", "contact_email": "c@example.com"}


def test_a_change_to_the_same_is_none(make_run: MakeRun) -> None:
    tenant = make_run().tenant
    version = tenant.version
    update_tenant(tenant=tenant, actor=ADA, name=tenant.name)
    assert tenant.version == version
    assert not AuditEntry.objects.filter(
        target=f"tenant:{tenant.slug}", action="tenant.updated"
    ).exists()


def test_of_two_changes_to_one_version_the_second_is_refused(make_run: MakeRun) -> None:
    mine = make_run().tenant
    theirs = Tenant.objects.get(pk=mine.pk)
    update_tenant(tenant=theirs, actor=ADA, name="Theirs")
    with pytest.raises(StaleTenant):
        update_tenant(tenant=mine, actor=ADA, name="Mine")
    assert Tenant.objects.get(pk=mine.pk).name == "Theirs"


def test_a_way_that_is_not_there_is_refused(make_run: MakeRun) -> None:
    tenant = make_run().tenant
    with pytest.raises(ForbiddenTransition):
        move_tenant(tenant=tenant, to=TenantState.SUSPENDED)
    tenant.refresh_from_db()
    assert tenant.state == "PROVISIONING"
