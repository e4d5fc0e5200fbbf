"""Schemas of any earlier version come to the present one, whole or not at all, in any order."""

from threading import Event
from typing import Any

import pytest
from django.db import connection, transaction
from pytest_django import Settings

from plexica.audit.models import AuditEntry
from plexica.core.actor import SYSTEM
from plexica.core.errors import InvalidInput, NotFound, PermanentError
from plexica.core.scope import enter_scope, platform_scope, schema_owner
from tenants.claim import claimed
from tenants.life import suspend_tenant
from tenants.models import Tenant
from tenants.schema import planning
from tenants.schema.migrations import migrate_schema, tenant_digest
from tenants.schema.privileges import grant_schema
from tenants.schema.upgrade import upgrade_schema
from tenants.scopes import tenant_scope
from tenants.upgrade import (
    Outcome,
    Progress,
    UpgradeReport,
    UpgradeRunning,
    list_behind,
    upgrade_tenants,
)
from tests.integration.tenants.catalog import catalog
from tests.integration.tenants.later import Release, present_again, release
from tests.integration.tenants.schemas import MakeTenants, make_tenants
from tests.threads import threads

__all__ = ["make_tenants", "present_again", "release"]

COLUMN = """migrations.AddField(
    "auditentry", "note", models.CharField(max_length=50, default="", db_default="")
),"""
TABLE = """migrations.CreateModel("Remark", fields=[
    ("id", models.BigAutoField(primary_key=True)),
    ("entry", models.ForeignKey("audit.auditentry", models.CASCADE)),
    ("text", models.TextField(db_index=True)),
]),"""
CONSTRAINT = """migrations.AddConstraint("auditentry", models.CheckConstraint(
    condition=~models.Q(action="50%"), name="audit_no_percent")),"""
STATEMENT = """migrations.RunSQL(
    ["CREATE INDEX audit_words ON audit_auditentry (target)",
     ("UPDATE audit_auditentry SET actor_name = %s WHERE actor_name = %s", ["100%", "x"])]),"""
PYTHON_BEFORE = """
def write(apps, editor):
    entry = apps.get_model("audit", "AuditEntry")
    entry.objects.create(action="later.ran", target="here", actor_kind="system",
        actor_id="system", actor_name="Later", request_id="")
"""
PYTHON = "migrations.RunPython(write),"


def _upgrade(tenants: list[Tenant], **options: Any) -> UpgradeReport:
    slugs = [tenant.slug for tenant in tenants]
    return upgrade_tenants(slugs=slugs, parts=["schema"], **options)


def _outcomes(report: UpgradeReport) -> list[Outcome]:
    return [tenant.outcome for tenant in report.tenants]


def _again(tenant: Tenant) -> Tenant:
    found: Tenant = Tenant.objects.get(pk=tenant.pk)
    return found


def _run_sql(tenant: Tenant, statement: str) -> None:
    with enter_scope(schema_owner(tenant.schema_name)), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize(
    "operations",
    [[COLUMN], [TABLE], [CONSTRAINT], [STATEMENT], [COLUMN, TABLE, CONSTRAINT, STATEMENT]],
    ids=["column", "table", "constraint", "statement", "all"],
)
def test_a_replay_and_the_executor_give_the_same_catalog(
    make_tenants: MakeTenants, release: Release, operations: list[str]
) -> None:
    replayed, executed = make_tenants(2)
    release(*operations)
    upgrade_schema(replayed)
    migrate_schema(executed.schema_name)
    grant_schema(executed.schema_name, executed.database_role)
    expected, found = catalog(executed.schema_name), catalog(replayed.schema_name)
    assert found == expected
    assert migrate_schema(replayed.schema_name) == []
    assert _again(replayed).schema_digest == tenant_digest()


def test_the_tenants_role_may_use_a_new_table(make_tenants: MakeTenants, release: Release) -> None:
    [tenant] = make_tenants(1)
    release(TABLE)
    upgrade_schema(tenant)
    with enter_scope(schema_owner(tenant.schema_name)), connection.cursor() as cursor:
        cursor.execute(
            "SELECT has_table_privilege(%s, %s, 'INSERT')",
            [tenant.database_role, f"{tenant.schema_name}.audit_auditentry"],
        )
        assert cursor.fetchone() == (True,)


def test_a_migration_in_python_runs_in_each_schema(
    make_tenants: MakeTenants, release: Release
) -> None:
    tenants = make_tenants(2)
    release(COLUMN, PYTHON, before=PYTHON_BEFORE)
    assert _outcomes(_upgrade(tenants)) == [Outcome.UPGRADED] * 2
    for tenant in tenants:
        with tenant_scope(tenant):
            assert AuditEntry.objects.filter(action="later.ran").count() == 1


def test_one_that_is_no_transaction_runs_in_each_schema(
    make_tenants: MakeTenants, release: Release
) -> None:
    tenants = make_tenants(2)
    release(
        "AddIndexConcurrently('auditentry', models.Index(fields=['target'], name='audit_later')),",
        before="from django.contrib.postgres.operations import AddIndexConcurrently",
        extra="atomic = False",
    )
    assert _outcomes(_upgrade(tenants)) == [Outcome.UPGRADED] * 2
    assert any("audit_later" in str(row) for row in catalog(tenants[1].schema_name)["indexes"])


@pytest.mark.parametrize(
    "operation",
    [
        "migrations.AddField('auditentry', 'token', models.UUIDField(default=uuid.uuid4)),",
        "migrations.SeparateDatabaseAndState([migrations.RunPython(print)], []),",
    ],
)
def test_what_would_be_the_same_for_all_is_not_replayed(
    make_tenants: MakeTenants, release: Release, operation: str
) -> None:
    [tenant] = make_tenants(1)
    release(operation, before="import uuid\ndef print(apps, editor): pass")
    with enter_scope(schema_owner(tenant.schema_name)), connection.cursor() as cursor:
        cursor.execute("SELECT app, name FROM django_migrations")
        applied = frozenset((str(app), str(name)) for app, name in cursor.fetchall())
    assert planning.plan_from(applied).statements is None


def test_nothing_to_do_is_found_in_one_query(
    make_tenants: MakeTenants, release: Release, django_assert_num_queries: Any
) -> None:
    tenants = make_tenants(3)
    slugs = [tenant.slug for tenant in tenants]
    with django_assert_num_queries(1):
        assert not list(list_behind(parts=["schema"], slugs=slugs))
    release(COLUMN)
    with django_assert_num_queries(1):
        assert list(list_behind(parts=["schema"], slugs=slugs)) == tenants


def test_tenants_of_different_versions_come_to_the_same(
    make_tenants: MakeTenants, release: Release
) -> None:
    older, newer = make_tenants(2)
    release(COLUMN)
    assert _upgrade([newer]).is_complete
    release(COLUMN, TABLE)
    assert _upgrade([older, newer]).is_complete
    assert catalog(older.schema_name) == catalog(newer.schema_name)


def test_a_note_that_lies_is_found_out(make_tenants: MakeTenants, release: Release) -> None:
    honest, liar = make_tenants(2)
    release(COLUMN)
    assert _upgrade([honest]).is_complete
    before = _again(liar).schema_digest
    Tenant.objects.filter(pk=honest.pk).update(schema_digest=before)
    release(COLUMN, TABLE)
    assert _upgrade([liar, honest]).is_complete
    assert catalog(liar.schema_name) == catalog(honest.schema_name)


def test_a_failure_leaves_that_schema_as_it_was_and_the_others_upgraded(
    make_tenants: MakeTenants, release: Release
) -> None:
    good, broken, last = make_tenants(3)
    _run_sql(broken, "CREATE TABLE audit_remark (secret text)")
    before = catalog(broken.schema_name)
    release(COLUMN, TABLE)
    report = _upgrade([good, broken, last], first=0, max_failures=1)
    assert _outcomes(report) == [Outcome.UPGRADED, Outcome.FAILED, Outcome.UPGRADED]
    assert "audit_remark" in report.tenants[1].message
    assert not report.is_complete
    assert catalog(broken.schema_name) == before
    assert AuditEntry.objects.filter(
        target=f"tenant:{broken.slug}", action="tenant.upgrade_failed"
    ).exists()
    _run_sql(broken, "DROP TABLE audit_remark")
    again = _upgrade([good, broken, last])
    assert [tenant.slug for tenant in again.tenants] == [broken.slug]
    assert again.is_complete


def test_if_one_of_the_first_fails_none_follows(
    make_tenants: MakeTenants, release: Release
) -> None:
    tenants = make_tenants(4)
    _run_sql(tenants[0], "ALTER TABLE audit_auditentry ADD COLUMN note text")
    release(COLUMN)
    seen: list[Progress] = []
    report = _upgrade(tenants, first=1, max_failures=3, on_progress=seen.append)
    assert _outcomes(report) == [Outcome.FAILED, *[Outcome.NOT_REACHED] * 3]
    assert [(progress.done, progress.total) for progress in seen] == [(1, 4)]


def test_after_the_failures_allowed_the_rest_is_left_alone(
    make_tenants: MakeTenants, release: Release
) -> None:
    tenants = make_tenants(4)
    for tenant in tenants[1:3]:
        _run_sql(tenant, "ALTER TABLE audit_auditentry ADD COLUMN note text")
    release(COLUMN)
    report = _upgrade(tenants, first=1, max_failures=1)
    assert _outcomes(report) == [
        Outcome.UPGRADED,
        Outcome.FAILED,
        Outcome.FAILED,
        Outcome.NOT_REACHED,
    ]


def test_a_table_that_is_in_use_is_waited_for_a_while_only(
    make_tenants: MakeTenants, release: Release, settings: Settings
) -> None:
    settings.PLEXICA_UPGRADE_PATIENCE_SECONDS = 1
    [tenant] = make_tenants(1)
    release(COLUMN)
    reading, end = Event(), Event()

    def read() -> None:
        with tenant_scope(tenant), transaction.atomic():
            AuditEntry.objects.count()
            reading.set()
            end.wait(20)

    with threads(1) as submit:
        reader = submit(read)
        assert reading.wait(10)
        report = _upgrade([tenant])
        end.set()
        reader.result()
    assert report.tenants[0].outcome == Outcome.FAILED
    assert "in use" in report.tenants[0].message
    assert _upgrade([tenant]).is_complete


def test_a_tenant_that_somebody_works_on_is_left_for_later(
    make_tenants: MakeTenants, release: Release
) -> None:
    running, held = make_tenants(2)
    release(COLUMN)
    run = suspend_tenant(tenant=_again(running), actor=SYSTEM)
    with claimed(held):
        report = _upgrade([running, held])
    assert _outcomes(report) == [Outcome.BUSY, Outcome.BUSY]
    assert not report.is_complete
    run.state = "SUCCEEDED"
    run.save()
    assert _upgrade([running, held]).is_complete


def test_one_upgrade_at_a_time(make_tenants: MakeTenants, release: Release) -> None:
    tenants = make_tenants(2)
    release(COLUMN)

    def meet(_progress: Progress) -> None:
        with threads(1) as submit, pytest.raises(UpgradeRunning):
            submit(_in_platform).result()

    def _in_platform() -> None:
        with platform_scope():
            _upgrade(tenants)

    assert _upgrade(tenants, on_progress=meet).is_complete
    assert _upgrade(tenants).tenants == []


def test_one_that_is_cut_off_goes_on_where_it_was(
    make_tenants: MakeTenants, release: Release
) -> None:
    class CutOff(BaseException):
        pass

    def cut_off(_progress: Progress) -> None:
        raise CutOff

    tenants = make_tenants(3)
    release(COLUMN)
    with pytest.raises(CutOff):
        _upgrade(tenants, on_progress=cut_off)
    report = _upgrade(tenants)
    assert [tenant.slug for tenant in report.tenants] == [tenant.slug for tenant in tenants[1:]]
    assert report.is_complete


def test_a_schema_of_a_later_version_is_refused(
    make_tenants: MakeTenants, release: Release
) -> None:
    [tenant] = make_tenants(1)
    release(COLUMN)
    assert _upgrade([tenant]).is_complete
    release(TABLE)
    with pytest.raises(PermanentError, match="does not know"):
        planning.plan_from(frozenset({("audit", "0009_unknown")}))
    report = _upgrade([tenant])
    assert report.tenants[0].outcome in {Outcome.FAILED, Outcome.UPGRADED}


def test_a_schema_that_is_gone_is_said_to_be(make_tenants: MakeTenants, release: Release) -> None:
    [tenant] = make_tenants(1)
    _run_sql(tenant, f"DROP SCHEMA {tenant.schema_name} CASCADE")
    release(COLUMN)
    report = _upgrade([tenant])
    assert report.tenants[0].outcome == Outcome.FAILED
    assert "backup" in report.tenants[0].message


def test_suspended_and_deleted_tenants_come_along_and_unfinished_ones_do_not(
    make_tenants: MakeTenants, release: Release
) -> None:
    tenants = make_tenants(5)
    states = ["SUSPENDED", "DELETING", "FAILED", "DELETED", "PROVISIONING"]
    for tenant, state in zip(tenants, states, strict=True):
        Tenant.objects.filter(pk=tenant.pk).update(state=state)
    release(COLUMN)
    found = list_behind(parts=["schema"], slugs=[tenant.slug for tenant in tenants])
    assert [tenant.slug for tenant in found] == [tenant.slug for tenant in tenants[:2]]


def test_unknown_names_are_refused() -> None:
    with pytest.raises(InvalidInput):
        upgrade_tenants(parts=["cellar"])
    with pytest.raises(NotFound):
        upgrade_tenants(slugs=["nobody-has-this"])


def test_no_scratch_schema_is_left(make_tenants: MakeTenants, release: Release) -> None:
    [tenant] = make_tenants(1)
    release(COLUMN)
    upgrade_schema(tenant)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_namespace WHERE nspname = %s", [planning.PLAN_SCHEMA]
        )
        assert cursor.fetchone() == (0,)
