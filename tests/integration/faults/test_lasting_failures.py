"""Each real step failing for good, against the real servers: nothing of the tenant is left."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import psycopg
import pytest
from django.db import connection

from plexica.core.actor import SYSTEM
from plexica.core.errors import PermanentError
from plexica.core.scope import enter_scope, schema_owner
from plexica.identity.keycloak.master import master_client
from plexica.storage.clients import get_client
from tenants.models import SchemaTemplate, Tenant
from tenants.provisioning.engine import UNEXPECTED_MESSAGE
from tenants.schema.template import ensure_template
from tenants.services import retry_run
from tests.conftest import Servers
from tests.integration.conftest import MakeRun
from tests.integration.faults.conftest import Act, Around, leave_in_cache, work
from tests.integration.faults.leftovers import Master, bucket_exists, leftovers

STEPS = ("schema", "bucket", "realm", "roles", "owner")
FAILED = ("ROLLED_BACK", "FAILED")


@pytest.mark.parametrize("name", STEPS)
def test_wrapped_step_that_does_its_work_and_then_fails_for_good_leaves_nothing(
    make_run: MakeRun, around: Around, master: Master, name: str
) -> None:
    """The step is real and whole; that it fails after its work is what stands in."""

    def fail(do: Act, tenant: Tenant) -> None:
        do(tenant)
        leave_in_cache(tenant)
        assert leftovers(tenant)
        raise PermanentError("Refused after it was done.")

    around(name, fail)
    run = work(make_run())
    assert (run.state, run.tenant.state) == FAILED
    assert (run.failed_step, run.error_message) == (name, "Refused after it was done.")
    assert leftovers(run.tenant) == []
    assert Master.now() == master


@contextmanager
def stale_template(_tenant: Tenant, _servers: Servers) -> Iterator[None]:
    SchemaTemplate.objects.update(digest="0" * 64)
    try:
        yield
    finally:
        assert ensure_template()


@contextmanager
def foreign_schema(tenant: Tenant, servers: Servers) -> Iterator[None]:
    schema = tenant.schema_name
    with _as_superuser(servers) as database:
        database.execute(f"CREATE SCHEMA {schema} CREATE TABLE theirs (id int)")
        try:
            yield
            assert database.execute(f"SELECT count(*) FROM {schema}.theirs").fetchone() == (0,)
        finally:
            database.execute(f"DROP SCHEMA {schema} CASCADE")


@contextmanager
def foreign_role(tenant: Tenant, servers: Servers) -> Iterator[None]:
    role = tenant.database_role
    with _as_superuser(servers) as database:
        database.execute(f"CREATE ROLE {role} LOGIN")
        try:
            yield
            query = "SELECT rolcanlogin FROM pg_roles WHERE rolname = %s"
            assert database.execute(query, [role]).fetchone() == (True,)
        finally:
            database.execute(f"DROP ROLE {role}")


@contextmanager
def foreign_bucket(tenant: Tenant, _servers: Servers) -> Iterator[None]:
    client = get_client("default")
    client.create_bucket(Bucket=tenant.bucket)
    client.put_object(Bucket=tenant.bucket, Key="theirs", Body=b"theirs")
    try:
        yield
        body = client.get_object(Bucket=tenant.bucket, Key="theirs")["Body"].read()
        assert body == b"theirs"
    finally:
        client.delete_object(Bucket=tenant.bucket, Key="theirs")
        client.delete_bucket(Bucket=tenant.bucket)


@contextmanager
def foreign_realm(tenant: Tenant, _servers: Servers) -> Iterator[None]:
    keycloak = master_client("default")
    keycloak.create_realm({"realm": tenant.realm, "enabled": True, "displayName": "Theirs"})
    try:
        yield
        assert keycloak.get_realm(tenant.realm)["displayName"] == "Theirs"
    finally:
        keycloak.delete_realm(tenant.realm)


@contextmanager
def address_that_keycloak_refuses(tenant: Tenant, _servers: Servers) -> Iterator[None]:
    """Longer before the @ than Keycloak's validator of addresses allows."""
    this = Tenant.objects.filter(pk=tenant.pk)
    this.update(owner_email=f"{'a' * 70}@example.com")
    try:
        yield
    finally:
        this.update(owner_email="ada@example.com")


Obstacle = Callable[[Tenant, Servers], AbstractContextManager[None]]


@pytest.mark.parametrize(
    ("obstacle", "step", "theirs"),
    [
        (stale_template, "schema", []),
        (foreign_schema, "schema", ["schema"]),
        (foreign_role, "schema", ["role"]),
        (foreign_bucket, "bucket", ["bucket"]),
        (foreign_realm, "realm", ["realm", "client of the realm in master"]),
        (address_that_keycloak_refuses, "owner", []),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_real_obstacle_leaves_nothing_of_ours_and_all_of_theirs_and_retry_works_without_it(
    make_run: MakeRun, servers: Servers, obstacle: Obstacle, step: str, theirs: list[str]
) -> None:
    run = make_run()
    before = Master.now()
    with obstacle(run.tenant, servers):
        run.tenant.refresh_from_db()
        work(run)
        assert (run.failed_step, run.state, run.tenant.state) == (step, *FAILED)
        assert run.error_message != UNEXPECTED_MESSAGE
        assert leftovers(run.tenant) == theirs
    assert leftovers(run.tenant) == []
    assert Master.now() == before
    again = work(retry_run(run=run, actor=SYSTEM))
    assert (again.state, again.tenant.state) == ("SUCCEEDED", "ACTIVE")
    assert bucket_exists(again.tenant.bucket)


def test_database_that_refuses_the_roles_leaves_nothing(
    make_run: MakeRun, around: Around, master: Master
) -> None:
    """The refusal is PostgreSQL's own; that the right is missing is arranged."""

    def take_rights(do: Act, tenant: Tenant) -> None:
        do(tenant)
        with enter_scope(schema_owner(tenant.schema_name)), connection.cursor() as cursor:
            cursor.execute(
                f"REVOKE ALL ON ALL TABLES IN SCHEMA {tenant.schema_name}"
                f" FROM {tenant.database_role}"
            )

    around("schema", take_rights)
    run = work(make_run())
    assert (run.failed_step, run.state, run.tenant.state) == ("roles", *FAILED)
    assert leftovers(run.tenant) == []
    assert Master.now() == master


@contextmanager
def _as_superuser(servers: Servers) -> Iterator[psycopg.Connection]:
    url = servers.environment["PLEXICA_DATABASE_ADMIN_URL"]
    with psycopg.connect(url, dbname="plexica", autocommit=True) as database:
        yield database
