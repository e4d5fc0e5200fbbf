"""Installing: whole or not at all, under a role that reaches nothing else."""

import psycopg
import pytest

from plexica.audit.models import AuditEntry
from plexica.events.models import OutboxMessage
from plugins.lifecycle.database import database_url
from plugins.models import Backend
from plugins.states import InstallationState
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tenants.states import RunState
from tests.integration.plugins.life.conftest import FIRST, Install, Publish, catalog

HARMS = {
    "fails half-way": FIRST + "INSERT INTO notes VALUES (1, NULL);",
    "reaches for public": "SELECT count(*) FROM public.tenants_tenant;",
    "makes a table in public": "CREATE TABLE public.mine (id int);",
    "reaches for its tenant": "SELECT count(*) FROM t_acme.identity_user;",
    "reaches for another tenant": "CREATE TABLE t_globex.mine (id int);",
    "makes a schema": "CREATE SCHEMA mine;",
    "takes another role": "SET ROLE plexica_platform;",
    "goes back to who logged in": "RESET ROLE; CREATE TABLE public.mine (id int);",
    "takes the owner's role": "SET ROLE plexica_owner;",
    "ends the transaction": FIRST + "COMMIT; CREATE TABLE more (id int);",
    "makes a role": "CREATE ROLE mine;",
    "is no SQL": "HELLO;",
}


def test_installed_plugin_has_its_schema_its_role_and_its_grants(
    acme: Tenant, publish: Publish, install: Install
) -> None:
    release = publish()
    installation = install()
    assert installation.run is not None
    assert installation.run.state == RunState.SUCCEEDED, installation.run.error_message
    assert installation.state == InstallationState.ENABLED
    assert Backend.objects.get(release=release).is_wanted
    with psycopg.connect(database_url(installation)) as session:
        session.execute("INSERT INTO notes VALUES (1, 'milk')")
        assert session.execute("SELECT current_schema()").fetchone() == ("t_acme__notes",)
        session.execute("CREATE TABLE more (id int)")
    with tenant_scope(acme):
        assert AuditEntry.objects.filter(action="plugin.installed", target="plugin:notes").exists()
    assert AuditEntry.objects.filter(action="plugin.installed", target="tenant:acme").exists()
    assert OutboxMessage.objects.filter(event="plugin.installed", tenant="acme").exists()


@pytest.mark.parametrize("harm", HARMS)
def test_migration_that_does_harm_leaves_nothing(
    harm: str, publish: Publish, install: Install
) -> None:
    publish(migrations={"0001_first.sql": FIRST.replace("notes", "one"), "0002_x.sql": HARMS[harm]})
    before = catalog()
    installation = install()
    assert installation.state == InstallationState.FAILED
    assert installation.run is not None
    assert installation.run.state == RunState.ROLLED_BACK
    assert installation.run.failed_step == "migrations"
    assert installation.run.error_message.startswith("0002_x.sql: ")
    assert catalog() == before
    assert not Backend.objects.filter(is_wanted=True).exists()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM public.tenants_tenant",
        "SELECT * FROM public.plugins_installationsecret",
        "SELECT * FROM t_acme.identity_user",
        "SELECT * FROM t_globex__notes.notes",
        "SET ROLE plexica_web",
        "SET ROLE plexica_t_acme",
        "CREATE TABLE public.mine (id int)",
        "CREATE SCHEMA mine",
        "CREATE TEMPORARY TABLE mine (id int)",
        "ALTER SCHEMA t_acme__notes OWNER TO CURRENT_USER",
        "DROP SCHEMA t_acme__notes CASCADE",
        "SELECT pg_advisory_lock(1)",
        "SELECT pg_try_advisory_xact_lock_shared(1, 2)",
        "SELECT lo_create(0)",
        "SELECT lo_from_bytea(0, 'x')",
    ],
)
def test_role_reaches_nothing_but_its_schema(
    statement: str, globex: Tenant, publish: Publish, install: Install
) -> None:
    publish()
    install(tenant=globex)
    installation = install()
    with (
        psycopg.connect(database_url(installation)) as session,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        session.execute(statement)
