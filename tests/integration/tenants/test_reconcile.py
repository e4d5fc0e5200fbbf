"""Reconciliation tells, mends and removes what it should, and leaves the rest alone."""

import json
from collections.abc import Iterator
from datetime import timedelta
from threading import Event

import psycopg
import pytest
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from plexica.audit.models import AuditEntry
from plexica.core.actor import Actor
from plexica.core.errors import InvalidInput, NotFound, PermanentError, TransientError
from plexica.core.scope import enter_scope, role_name, schema_owner
from tenants.claim import claimed
from tenants.inspections import get_inspection, list_inspections
from tenants.models import ProvisioningRun, Tenant
from tenants.parts import Difference, Finding
from tenants.reconcile import UNEXPECTED_MESSAGE, reconcile, reconcile_all, reconcile_ended
from tenants.reports import PartReport
from tenants.schema import roles
from tenants.schema.inspection import find_orphans, remove_orphan
from tenants.schema.planning import PLAN_SCHEMA
from tenants.schema.step import Schema
from tenants.schema.template import TEMPLATE_SCHEMA, template_lock
from tenants.states import RunKind, RunState, TenantState
from tests.conftest import Servers
from tests.integration.conftest import MakeRun
from tests.integration.tenants import stand_in_parts
from tests.integration.tenants.stand_in_parts import Told
from tests.threads import threads

OPERATOR = Actor(kind="user", id="op", name="Olga Operator")


@pytest.fixture(autouse=True)
def _parts(settings: Settings) -> Iterator[None]:
    settings.TENANT_STEPS = {"create": ["tenants.schema.step.Schema"]}
    settings.TENANT_PARTS = stand_in_parts.configuration("SchemaOnly", "Told")
    stand_in_parts.reset()
    yield
    stand_in_parts.reset()


@pytest.fixture
def tenant(make_run: MakeRun) -> Tenant:
    run = make_run()
    Schema().do(run.tenant)
    ProvisioningRun.objects.filter(pk=run.pk).update(state=RunState.SUCCEEDED)
    _set(run.tenant, state=TenantState.ACTIVE)
    return run.tenant


@pytest.fixture
def superuser(servers: Servers) -> Iterator[psycopg.Connection]:
    url = servers.environment["PLEXICA_DATABASE_ADMIN_URL"]
    with psycopg.connect(url, dbname="plexica", autocommit=True, connect_timeout=5) as database:
        yield database


def _set(tenant: Tenant, **values: object) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(**values)
    tenant.refresh_from_db()


def _break(tenant: Tenant, statement: str = "DROP INDEX user_email") -> None:
    with enter_scope(schema_owner(tenant.schema_name)), connection.cursor() as cursor:
        cursor.execute(statement)


def _orphans(*names: str) -> set[str]:
    return {finding.what for finding in find_orphans() if finding.what.split()[1] in names}


def _fail(tenant: Tenant) -> None:
    ProvisioningRun.objects.filter(tenant=tenant).update(state=RunState.ROLLED_BACK)
    _set(tenant, state=TenantState.FAILED)


def _one(tenant: Tenant, *, repair: bool = False, actor: Actor = OPERATOR) -> list[PartReport]:
    report = reconcile(slugs=[tenant.slug], repair=repair, actor=actor)
    assert report.platform is None
    (subject,) = report.tenants
    assert (subject.slug, subject.skipped) == (tenant.slug, "")
    return list(subject.parts)


def _audit(tenant: Tenant) -> list[tuple[str, str, object]]:
    entries = AuditEntry.objects.filter(target=f"tenant:{tenant.slug}", action="tenant.repaired")
    return [(entry.action, entry.actor_name, entry.after) for entry in entries]


def test_a_fresh_tenant_is_clean_and_that_is_kept(tenant: Tenant) -> None:
    report = reconcile(slugs=[tenant.slug], repair=True)
    assert report.is_clean
    assert report.totals == {
        "tenants": 1,
        "clean": 1,
        "skipped": 0,
        "findings": 0,
        "mended": 0,
        "left": 0,
        "errors": 0,
    }
    kept = get_inspection(tenant=tenant)
    assert kept is not None
    assert (kept.findings, kept.not_compared) == ([], {})
    assert kept in list_inspections()
    assert _audit(tenant) == []


def test_without_being_asked_nothing_is_mended(tenant: Tenant) -> None:
    _break(tenant)
    schema, told = _one(tenant)
    assert [finding.what for finding in schema.left] == ["index identity_user.user_email"]
    assert (schema.mended, schema.is_clean, told.is_clean) == ((), False, True)
    assert _one(tenant)[0] == schema
    kept = get_inspection(tenant=tenant)
    assert kept is not None
    assert [found["what"] for found in kept.findings] == ["index identity_user.user_email"]
    assert _audit(tenant) == []


def test_a_repair_is_told_and_audited(tenant: Tenant) -> None:
    _break(tenant)
    Told.wrong = {"thing one", "thing two"}
    schema, told = _one(tenant, repair=True)
    assert [finding.what for finding in schema.mended] == ["index identity_user.user_email"]
    assert [finding.what for finding in told.mended] == ["thing one", "thing two"]
    assert schema.is_clean
    assert told.is_clean
    assert {str(after) for _action, _actor, after in _audit(tenant)} == {
        str({"part": "schema", "mended": ["index identity_user.user_email"]}),
        str({"part": "told", "mended": ["thing one", "thing two"]}),
    }
    assert {actor for _action, actor, _after in _audit(tenant)} == {"Olga Operator"}
    kept = get_inspection(tenant=tenant)
    assert kept is not None
    assert kept.findings == []


def test_what_cannot_be_mended_is_left_and_told(tenant: Tenant) -> None:
    _break(tenant, "CREATE TABLE notes (id int); DROP INDEX user_email")
    schema, _told = _one(tenant, repair=True)
    assert [finding.what for finding in schema.mended] == ["index identity_user.user_email"]
    assert [finding.what for finding in schema.left] == ["table notes"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (TransientError("The server is away."), "The server is away."),
        (PermanentError("Refused."), "Refused."),
        (ZeroDivisionError("a secret"), UNEXPECTED_MESSAGE),
    ],
)
def test_a_part_that_fails_is_told_and_the_others_go_on(
    tenant: Tenant, error: Exception, words: str
) -> None:
    Told.inspect_error = error
    _break(tenant)
    schema, told = _one(tenant, repair=True)
    assert schema.is_clean
    assert (told.error, told.is_clean) == (words, False)
    kept = get_inspection(tenant=tenant)
    assert kept is not None
    assert kept.not_compared == {"told": words}


def test_a_repair_that_fails_is_told_and_audited(tenant: Tenant) -> None:
    Told.wrong, Told.repair_error = {"thing"}, TransientError("The server is away.")
    _schema, told = _one(tenant, repair=True)
    assert (told.error, told.left) == ("The server is away.", told.findings)
    ((_action, _actor, after),) = _audit(tenant)
    assert after == {"part": "told", "mended": [], "error": "The server is away."}


def test_only_the_parts_asked_for_are_compared_and_the_rest_is_kept(tenant: Tenant) -> None:
    _break(tenant)
    Told.wrong = {"thing"}
    reconcile(slugs=[tenant.slug])
    report = reconcile(slugs=[tenant.slug], parts=["told"], repair=True)
    assert [part.part for part in report.tenants[0].parts] == ["told"]
    kept = get_inspection(tenant=tenant)
    assert kept is not None
    assert [found["part"] for found in kept.findings] == ["schema"]


def test_unknown_names_are_refused() -> None:
    with pytest.raises(NotFound, match="nobody"):
        reconcile(slugs=["nobody"])
    with pytest.raises(InvalidInput):
        reconcile(slugs=[], parts=["cellar"])


@pytest.mark.parametrize("is_broken", [True, False])
def test_a_tenant_with_a_run_is_left_out(tenant: Tenant, is_broken: bool) -> None:  # noqa: FBT001 (pytest's parameter)
    if is_broken:
        _break(tenant)
    ProvisioningRun.objects.filter(tenant=tenant).update(state=RunState.RUNNING)
    report = reconcile(slugs=[tenant.slug], repair=True)
    assert report.tenants[0].skipped == "A run is under way."
    assert report.totals["skipped"] == 1
    assert get_inspection(tenant=tenant) is None


def test_a_claimed_tenant_is_compared_but_what_differs_is_its_holders_work(tenant: Tenant) -> None:
    begun, end = Event(), Event()

    def hold() -> None:
        with claimed(tenant):
            begun.set()
            end.wait(30)

    with threads(1) as submit:
        holding = submit(hold)
        try:
            assert begun.wait(10)
            assert reconcile(slugs=[tenant.slug]).totals["clean"] == 1
            _break(tenant)
            report = reconcile(slugs=[tenant.slug], repair=True)
            assert report.tenants[0].skipped
            assert report.tenants[0].parts == ()
        finally:
            end.set()
        holding.result()
    assert _one(tenant)[0].left


@pytest.mark.parametrize("state", [TenantState.PROVISIONING, TenantState.FAILED])
def test_a_tenant_that_need_not_be_whole_is_left_out(tenant: Tenant, state: TenantState) -> None:
    _set(tenant, state=state)
    assert state in reconcile(slugs=[tenant.slug], repair=True).tenants[0].skipped


def test_what_is_being_removed_is_not_made_again(tenant: Tenant) -> None:
    _set(tenant, state=TenantState.DELETING)
    _break(tenant)
    ProvisioningRun.objects.create(
        tenant=tenant, kind=RunKind.PURGE, state=RunState.FAILED, requested_by="test"
    )
    report = reconcile(slugs=[tenant.slug], repair=True)
    assert report.tenants[0].skipped == "Its parts are being removed."
    assert _orphans(tenant.schema_name, tenant.database_role) == set()


def test_progress_is_told_and_the_report_is_plain(tenant: Tenant, make_run: MakeRun) -> None:
    seen: list[tuple[int, int, str]] = []
    Told.wrong = {"thing"}
    report = reconcile(
        slugs=[tenant.slug],
        on_progress=lambda done, total, one: seen.append((done, total, one.slug)),
    )
    assert seen == [(1, 1, tenant.slug)]
    told = json.loads(json.dumps(report.as_json()))
    assert told["is_clean"] is False
    assert told["tenants"][0]["parts"][1]["left"] == [
        {
            "part": "told",
            "difference": "different",
            "what": "thing",
            "detail": "It is wrong.",
            "can_repair": True,
        }
    ]


def test_orphans_are_told_with_the_platform_and_removed_on_request(make_run: MakeRun) -> None:
    tenant = make_run().tenant
    Schema().do(tenant)
    names = tenant.schema_name, tenant.database_role
    both = {f"schema {names[0]}", f"role {names[1]}"}
    assert _orphans(*names) == set(), "It is being made."
    _fail(tenant)
    assert _orphans(*names) == both

    (told, *_rest) = reconcile().platform.parts
    assert both <= {finding.what for finding in told.left}
    assert _orphans(*names) == both

    report = reconcile(remove=True, actor=OPERATOR)
    assert both <= {finding.what for finding in report.platform.parts[0].mended}
    assert _orphans(*names) == set()
    assert not roles.schema_exists(names[0])
    assert not roles.role_exists(names[1])
    removed = AuditEntry.objects.filter(action="orphan.removed", actor_name="Olga Operator")
    assert {f"orphan:{what}" for what in both} <= {entry.target for entry in removed}
    kept = get_inspection(tenant=None)
    assert kept is not None
    assert not both & {found["what"] for found in kept.findings}


def test_orphans_that_cannot_be_looked_for_are_told(tenant: Tenant) -> None:
    Told.orphans_error = TransientError("The server is away.")
    report = reconcile()
    assert report.platform is not None
    assert report.platform.parts[1].error == "The server is away."
    assert report.platform.parts[0].error == ""
    assert not report.is_clean


def test_what_all_share_is_mended_too() -> None:
    with enter_scope(schema_owner("public")), connection.cursor() as cursor:
        cursor.execute("GRANT SELECT ON tenants_provisioningrun TO plexica_tenant")
    report = reconcile(repair=True, actor=OPERATOR)
    assert report.platform is not None
    (mended,) = report.platform.parts[0].mended
    assert mended.what.startswith("public: rights of plexica_tenant")
    entry = AuditEntry.objects.filter(action="platform.repaired").latest("at")
    assert entry.after == {"part": "schema", "mended": [mended.what]}


def test_what_a_stranger_made_is_neither_told_nor_touched(superuser: psycopg.Connection) -> None:
    schema, role = "t_a_stranger", f"{role_name('')}t_a_stranger"
    superuser.execute(f"CREATE SCHEMA {schema} CREATE TABLE theirs (id int)")
    superuser.execute(f"CREATE ROLE {role} LOGIN")
    superuser.execute(f"GRANT {role} TO {role_name('provisioner')}")
    try:
        assert _orphans(schema, role) == set()
        for what in (f"schema {schema}", f"role {role}"):
            with pytest.raises(PermanentError):
                remove_orphan(Finding("schema", Difference.ORPHANED, what, "Claimed to be ours."))
        reconcile(remove=True)
        assert superuser.execute(f"SELECT count(*) FROM {schema}.theirs").fetchone() == (0,)
        assert roles.role_exists(role)
    finally:
        superuser.execute(f"DROP SCHEMA {schema} CASCADE")
        superuser.execute(f"DROP ROLE {role}")


def test_a_role_that_has_something_elsewhere_is_another_platforms(
    superuser: psycopg.Connection, make_run: MakeRun, servers: Servers
) -> None:
    tenant = make_run().tenant
    roles.ensure_role(tenant)
    _fail(tenant)
    role = tenant.database_role
    assert _orphans(role) == {f"role {role}"}
    url = servers.environment["PLEXICA_DATABASE_ADMIN_URL"]
    with psycopg.connect(url, dbname="postgres", autocommit=True, connect_timeout=5) as other:
        other.execute(f"CREATE SCHEMA elsewhere AUTHORIZATION {role}")
        try:
            assert _orphans(role) == set()
        finally:
            other.execute("DROP SCHEMA elsewhere")


def test_an_unfinished_run_keeps_a_failed_tenants_things(make_run: MakeRun) -> None:
    tenant = make_run().tenant
    Schema().do(tenant)
    _fail(tenant)
    ProvisioningRun.objects.filter(tenant=tenant).update(state=RunState.ROLLING_BACK)
    assert _orphans(tenant.schema_name, tenant.database_role) == set()


def test_an_orphan_that_becomes_a_tenants_meanwhile_is_left(make_run: MakeRun) -> None:
    tenant = make_run().tenant
    Schema().do(tenant)
    _fail(tenant)
    (schema, _role) = sorted(
        (one for one in find_orphans() if one.what.endswith(tenant.schema_name)),
        key=lambda one: one.what,
        reverse=True,
    )
    begun = Event()

    def try_again() -> None:
        with transaction.atomic():
            Tenant.objects.filter(pk=tenant.pk).update(state=TenantState.PROVISIONING)
            begun.set()
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_sleep(0.5)")

    with threads(1) as submit:
        trying = submit(try_again)
        assert begun.wait(10)
        with pytest.raises(PermanentError, match="become a tenant's"):
            remove_orphan(schema)
        trying.result()
    assert roles.schema_is_filled(tenant.schema_name)


@pytest.mark.parametrize("schema", [TEMPLATE_SCHEMA, PLAN_SCHEMA])
def test_a_build_that_was_cut_off_is_found(schema: str) -> None:
    with enter_scope(schema_owner(schema)), connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {schema}")
    try:
        with template_lock():
            assert _orphans(schema) == set()
        (orphan,) = (one for one in find_orphans() if one.what.endswith(schema))
        remove_orphan(orphan)
    finally:
        roles.drop_schema(schema)
    assert _orphans(schema) == set()


def test_what_a_late_server_made_is_removed_soon(make_run: MakeRun) -> None:
    late, older = make_run().tenant, make_run().tenant
    for tenant in (late, older):
        Schema().do(tenant)
        _fail(tenant)
    _set(older, updated_at=timezone.now() - timedelta(days=2))
    Told.orphans_error = TransientError("The server is away.")
    removed = {finding.what for finding in reconcile_ended()}
    assert {f"schema {late.schema_name}", f"role {late.database_role}"} <= removed
    assert _orphans(late.schema_name, late.database_role) == set()
    assert len(_orphans(older.schema_name, older.database_role)) == 2
    assert reconcile_ended() == []


@pytest.mark.parametrize("repairs", [True, False])
def test_the_schedule_mends_where_the_settings_say_so(
    tenant: Tenant,
    settings: Settings,
    repairs: bool,  # noqa: FBT001 (pytest's parameter)
) -> None:
    settings.PLEXICA_RECONCILE_REPAIRS = repairs
    _break(tenant)
    reconcile_all()
    assert bool(_one(tenant)[0].left) is not repairs
