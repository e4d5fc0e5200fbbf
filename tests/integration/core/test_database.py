"""The database backend: scopes, roles, and what happens when things roll back."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import DatabaseError, ProgrammingError, connection, transaction

from plexica.audit.models import AuditEntry
from plexica.core.scope import NoScope, Scope, enter_scope
from tenants.models import Tenant, TenantSecret
from tenants.schema.step import Schema
from tenants.scopes import scope_of, tenant_scope
from tenants.secrets import set_secret
from tests.integration.conftest import MakeRun
from tests.threads import threads


@pytest.fixture
def two_tenants(make_run: MakeRun) -> tuple[Tenant, Tenant]:
    """Two tenants that have a schema each, and nothing else."""
    one, other = make_run().tenant, make_run().tenant
    for tenant in (one, other):
        Schema().do(tenant)
    return one, other


def _whoami() -> tuple[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_setting('search_path')")
        role, path = cursor.fetchone()
    return role, path.split(",")[0].strip('"')


def _is(tenant: Tenant) -> tuple[str, str]:
    return tenant.database_role, tenant.schema_name


def test_without_a_scope_there_is_no_cursor() -> None:
    def ask() -> None:
        connection.cursor()

    with ThreadPoolExecutor(1) as pool, pytest.raises(NoScope):
        pool.submit(ask).result()


def test_a_role_that_cannot_be_taken_raises_and_nothing_runs(
    two_tenants: tuple[Tenant, Tenant],
) -> None:
    known = scope_of(two_tenants[0])
    unknown = Scope(
        schema=known.schema, role="nobody", tenant_slug="x", search_path=known.search_path
    )
    with enter_scope(unknown), pytest.raises(DatabaseError, match="nobody"):
        AuditEntry.objects.count()
    assert _whoami()[1] == "platform"


def test_a_rollback_does_not_leave_the_other_tenant_in_place(
    two_tenants: tuple[Tenant, Tenant],
) -> None:
    one, other = two_tenants
    with tenant_scope(one):
        assert _whoami() == _is(one)
    with tenant_scope(other):
        with pytest.raises(ProgrammingError), transaction.atomic():
            assert _whoami() == _is(other)
            connection.cursor().execute("SELECT nonsense")
        assert _whoami() == _is(other)


def test_a_failed_savepoint_in_another_tenants_scope_rolls_back_cleanly(
    two_tenants: tuple[Tenant, Tenant],
) -> None:
    one, other = two_tenants
    with tenant_scope(one), transaction.atomic():
        assert _whoami() == _is(one)
        with pytest.raises(ProgrammingError), transaction.atomic(), tenant_scope(other):
            assert _whoami() == _is(other)
            connection.cursor().execute("SELECT nonsense")
        assert _whoami() == _is(one)


def test_threads_each_see_their_own_tenant(two_tenants: tuple[Tenant, Tenant]) -> None:
    def look(tenant: Tenant) -> bool:
        with tenant_scope(tenant):
            return all(_whoami() == _is(tenant) for _ in range(25))

    with threads(8) as submit:
        futures = [submit(look, two_tenants[i % 2]) for i in range(16)]
    assert all(future.result() for future in futures)


def test_a_tenant_sees_its_own_row_and_secrets_only(two_tenants: tuple[Tenant, Tenant]) -> None:
    one, other = two_tenants
    for tenant in two_tenants:
        set_secret(tenant=tenant, name="a", value="b")
    with tenant_scope(one):
        assert list(Tenant.objects.values_list("slug", flat=True)) == [one.slug]
        assert list(TenantSecret.objects.values_list("tenant_id", flat=True)) == [one.pk]
        with pytest.raises(DatabaseError, match="permission denied"):
            Tenant.objects.filter(pk=one.pk).update(state="SUSPENDED")
    assert Tenant.objects.filter(pk__in=[one.pk, other.pk]).count() == 2


def test_a_tenant_cannot_read_another_tenants_schema(
    two_tenants: tuple[Tenant, Tenant],
) -> None:
    one, other = two_tenants
    with (
        tenant_scope(one),
        connection.cursor() as cursor,
        pytest.raises(DatabaseError, match="permission denied for schema"),
    ):
        cursor.execute(f"SELECT 1 FROM {other.schema_name}.identity_user")


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE more (i int)",
        "DROP TABLE identity_user",
        "ALTER TABLE identity_user ADD COLUMN more int",
        "DELETE FROM audit_auditentry",
        "UPDATE audit_auditentry SET actor_name = 'somebody'",
        "SELECT 1 FROM django_migrations",
        "CREATE ROLE more",
        "CREATE SCHEMA more",
        "SELECT 1 FROM platform.identity_user",
        "SELECT 1 FROM tenants_provisioningrun",
        "SELECT 1 FROM events_outboxmessage",
        "INSERT INTO events_outboxmessage (id, tenant, event, payload, published_at,"
        " delivered_to, attempts, next_attempt_at, last_error)"
        " VALUES (gen_random_uuid(), 'globex', 'x', '{}', now(), '[]', 0, now(), '')",
    ],
)
def test_a_tenants_role_has_data_and_not_definitions(
    two_tenants: tuple[Tenant, Tenant], statement: str
) -> None:
    with (
        tenant_scope(two_tenants[0]),
        connection.cursor() as cursor,
        pytest.raises(DatabaseError, match=r"permission denied|must be owner|row-level security"),
    ):
        cursor.execute(statement)


def test_a_table_that_a_schema_lacks_is_not_read_from_another(
    two_tenants: tuple[Tenant, Tenant],
) -> None:
    tenant = two_tenants[0]
    Schema().undo(tenant)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert cursor.fetchone()[0] > 0
    bare = Scope(
        schema="t_gone",
        role="plexica_platform",
        tenant_slug="gone",
        search_path=("t_gone", "public"),
    )
    with enter_scope(bare), pytest.raises(ProgrammingError, match="does not exist"):
        AuditEntry.objects.count()
