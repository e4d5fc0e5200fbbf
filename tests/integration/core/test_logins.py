"""What the web's login may and may not do, asked of PostgreSQL itself."""

from collections.abc import Iterator

import psycopg
import pytest

from plexica.core.scope import role_name
from tenants.models import Tenant
from tests.conftest import Servers


@pytest.fixture
def web(servers: Servers) -> Iterator[psycopg.Connection]:
    """A connection with the web process's login, in no role."""
    from deploy.local.environment import web_environment  # noqa: PLC0415 (the web's own view)

    url = web_environment(servers.instance)["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def test_it_is_no_superuser_and_cannot_make_roles(web: psycopg.Connection) -> None:
    flags = web.execute(
        "SELECT rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolinherit"
        " FROM pg_roles WHERE rolname = session_user"
    ).fetchone()
    assert flags == (False, False, False, False, False)


def test_it_holds_tenants_roles_without_inheriting_them(
    web: psycopg.Connection, acme: Tenant
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        web.execute(f"SELECT 1 FROM {acme.schema_name}.identity_user")
    web.execute(f"SET ROLE {acme.database_role}")
    web.execute(f"SELECT 1 FROM {acme.schema_name}.identity_user")


@pytest.mark.parametrize("role", ["owner", "provisioner", "tenant"])
def test_it_cannot_take_the_roles_that_define(web: psycopg.Connection, role: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        web.execute(f"SET ROLE {role_name(role)}")


@pytest.mark.parametrize(
    "statement",
    ["SELECT 1 FROM public.tenants_tenant", "CREATE SCHEMA more", "CREATE TEMP TABLE more (i int)"],
)
def test_in_no_role_it_can_do_nothing(web: psycopg.Connection, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        web.execute(statement)
