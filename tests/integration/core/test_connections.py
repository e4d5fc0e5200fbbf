"""Connections: lent without a trip to the server, and set to a scope with its first statement."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction
from psycopg.pq import TransactionStatus

from plexica.core.scope import platform_scope
from tenants.models import Domain, Tenant
from tenants.scopes import tenant_scope


def _whoami() -> tuple[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_setting('search_path')")
        role, path = cursor.fetchone()
    return role, path.split(",")[0].strip('"')


def _number() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every message to the server."""
    sent: list[str] = []
    send = psycopg.ClientCursor._execute_send  # noqa: SLF001 (each message goes through it)

    def note(self: Any, query: Any, **options: Any) -> None:
        sent.append(query.query.decode())
        send(self, query, **options)

    monkeypatch.setattr(psycopg.ClientCursor, "_execute_send", note)
    connection.close()
    yield sent
    connection.close()


@pytest.mark.parametrize(
    "left",
    [
        "SET ROLE plexica_platform",
        "SET search_path = platform, public",
        "RESET ROLE; SET search_path = pg_catalog",
        "BEGIN; SET ROLE plexica_platform",
        "BEGIN; SELECT nonsense",
    ],
)
def test_whoever_takes_a_connection_next_begins_as_themselves(
    acme: Tenant, globex: Tenant, left: str
) -> None:
    with tenant_scope(acme):
        number = _number()
        with suppress(DatabaseError), connection.cursor() as cursor:
            cursor.execute(left)
        connection.close()
    with tenant_scope(globex):
        # The pool lends the one that has waited longest.
        for _each in range(30):
            assert _whoami() == (globex.database_role, globex.schema_name)
            if _number() == number:
                break
            connection.close()
        assert _number() == number
        assert connection.connection.info.transaction_status == TransactionStatus.IDLE


def test_a_scope_is_set_in_the_trip_of_its_first_statement(acme: Tenant, trips: list[str]) -> None:
    assert Domain.objects.filter(domain="acme.localhost").exists()
    with tenant_scope(acme):
        assert _whoami() == (acme.database_role, acme.schema_name)
        assert _whoami() == (acme.database_role, acme.schema_name)
    assert len(trips) == 3
    assert trips[1].startswith("SET search_path")
    assert trips[2].startswith("SELECT")


def test_a_first_statement_that_fails_leaves_no_scope_behind(
    acme: Tenant, trips: list[str]
) -> None:
    assert _whoami()[1] == "platform"
    with tenant_scope(acme), pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute("SELECT nonsense")
    assert _whoami()[1] == "platform"
    with tenant_scope(acme):
        assert _whoami() == (acme.database_role, acme.schema_name)


def test_values_go_with_the_statement_that_carries_the_scope(acme: Tenant) -> None:
    with tenant_scope(acme), connection.cursor() as cursor:
        cursor.execute("SELECT %s::text AS said, current_user AS who", ["it's 50 %; --"])
        assert cursor.fetchall() == [("it's 50 %; --", acme.database_role)]
        assert [column.name for column in cursor.description] == ["said", "who"]


def test_many_statements_at_once_run_in_the_scope_too(acme: Tenant) -> None:
    with tenant_scope(acme), transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany("UPDATE rbac_role SET description = current_user || %s", [["1"], ["2"]])
        cursor.execute("SELECT DISTINCT description FROM rbac_role")
        assert cursor.fetchall() == [(f"{acme.database_role}2",)]
        transaction.set_rollback(True)


def test_a_statement_that_shares_no_message_runs_in_the_scope_too(acme: Tenant) -> None:
    connection.close()
    with tenant_scope(acme), connection.cursor() as cursor:
        cursor.execute("TABLE pg_catalog.pg_database")
        cursor.execute("SHOW role")
        assert cursor.fetchone() == (acme.database_role,)


def test_rows_that_are_read_in_pieces_are_the_scopes(acme: Tenant) -> None:
    connection.close()
    with tenant_scope(acme):
        slugs = [tenant.slug for tenant in Tenant.objects.iterator(chunk_size=1)]
    assert slugs == ["acme"]


def test_a_connection_that_the_server_has_ended_meanwhile_is_not_lent() -> None:
    ended = _number()
    connection.close()
    with psycopg.connect(**_as_provisioner(), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [ended])
        other.execute("SELECT pg_sleep(0) WHERE pg_backend_pid() = %s", [ended])
    with platform_scope():
        assert _number() != ended


def _as_provisioner() -> dict[str, Any]:
    known = connection.get_connection_params()
    return {name: known[name] for name in ("dbname", "user", "password", "host", "port")}
