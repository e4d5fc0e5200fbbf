"""Bringing one tenant's schema to the present migrations, in one transaction where that is enough.

A plan (`tenants.schema.planning`) is replayed with a check that the schema is in the state that the
plan begins at, the records of the migrations, the privileges, and the note in the tenant's row.
Where a plan cannot be replayed, Django's executor runs the migrations in the schema itself.
"""

from functools import lru_cache

from django.conf import settings
from django.db import (
    DatabaseError,
    Error,
    InterfaceError,
    OperationalError,
    connection,
    transaction,
)
from psycopg import Error as PsycopgError
from psycopg import sql

from plexica.core.errors import PermanentError, TransientError
from plexica.core.fence import check_fence
from plexica.core.scope import PUBLIC_SCHEMA, enter_scope, schema_owner
from tenants.lifecycle import note_digest
from tenants.models import Tenant
from tenants.schema.migrations import app_labels, migrate_schema, tenant_digest
from tenants.schema.planning import FINGERPRINT_SQL, Applied, Plan, fingerprint, plan_from
from tenants.schema.privileges import MIGRATIONS_TABLE, grant_schema, grants_of_schema
from tenants.schema.roles import schema_is_filled

# A class of codes that the SQL standard leaves to applications.
_OTHER_STATE = "PX001"
_LOCK_NOT_AVAILABLE = "55P03"
_QUERY_CANCELED = "57014"


class OtherState(Exception):
    """The schema's migrations are not those that the plan begins at."""


def upgrade_schema(tenant: Tenant) -> None:
    """Bring a tenant's schema to the present migrations, and note that in its row.

    The caller has claimed the tenant (`tenants.claim`).

    Raises:
        TransientError: A table was in use for too long, or the database does not answer.
        PermanentError: There is no schema, a later version made it, or a migration fails in it.
    """
    schema = tenant.schema_name
    try:
        if not schema_is_filled(schema):
            raise PermanentError(
                "The schema is not there. Restore it from a backup, or delete the tenant."
            )
        guess = _usual_states.get(tenant.schema_digest)
        try:
            _follow(plan_from(guess or _applied_in(schema)), tenant)
        except OtherState:
            _follow(plan_from(_applied_in(schema)), tenant)
    except (OperationalError, InterfaceError) as error:
        raise _explained(error) from error
    except DatabaseError as error:
        raise _refused(error) from error


# The migrations that schemas with some digest have, as the last one that was looked at.
_usual_states: dict[str, Applied] = {}


def _follow(plan: Plan, tenant: Tenant) -> None:
    if plan.statements is None:
        _migrate(tenant)
    else:
        _replay(plan, tenant)
    _usual_states[tenant.schema_digest] = plan.applied
    tenant.schema_digest = tenant_digest()


def _migrate(tenant: Tenant) -> None:
    schema = tenant.schema_name
    check_fence()
    with enter_scope(schema_owner(schema)), connection.cursor() as cursor:
        cursor.execute(_timeouts(is_local=False))
    try:
        migrate_schema(schema)
    finally:
        with enter_scope(schema_owner(schema)), connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout; RESET statement_timeout")
    with transaction.atomic():
        grant_schema(schema, tenant.database_role)
        note_digest(tenant=tenant, field="schema_digest", digest=tenant_digest())


def _replay(plan: Plan, tenant: Tenant) -> None:
    schema = tenant.schema_name
    grants = grants_of_schema(schema, tenant.database_role)
    text = ";\n".join(
        [
            _timeouts(is_local=True),
            _check(schema, plan.applied),
            *(plan.statements or ()),
            *_records(plan),
            *(grant.as_string() for grant in grants),
            _note(tenant),
        ]
    )
    with enter_scope(schema_owner(schema)), transaction.atomic():
        check_fence()
        with connection.cursor() as cursor:
            try:
                cursor.execute(text)
            except DatabaseError as error:
                if _state_of(error) == _OTHER_STATE:
                    raise OtherState(schema) from error
                raise


def _timeouts(*, is_local: bool) -> str:
    scope = "LOCAL " if is_local else ""
    return (
        f"SET {scope}lock_timeout = {settings.PLEXICA_UPGRADE_LOCK_TIMEOUT_MS};"
        f"SET {scope}statement_timeout = {settings.PLEXICA_UPGRADE_STATEMENT_TIMEOUT_MS}"
    )


def _check(schema: str, applied: Applied) -> str:
    found = sql.SQL(FINGERPRINT_SQL).format(sql.Identifier(schema), sql.Literal(_labels()))
    return (
        sql.SQL(
            "DO $check$ BEGIN IF ({}) IS DISTINCT FROM {} THEN"
            " RAISE EXCEPTION 'other migrations' USING ERRCODE = {}; END IF; END $check$"
        )
        .format(found, sql.Literal(fingerprint(applied)), sql.Literal(_OTHER_STATE))
        .as_string()
    )


def _records(plan: Plan) -> list[str]:
    return [
        sql.SQL("INSERT INTO {} (app, name, applied) VALUES ({}, {}, now())")
        .format(sql.Identifier(MIGRATIONS_TABLE), sql.Literal(app), sql.Literal(name))
        .as_string()
        for app, name in plan.missing
    ]


def _note(tenant: Tenant) -> str:
    return (
        sql.SQL("UPDATE {}.{} SET schema_digest = {} WHERE id = {}")
        .format(
            sql.Identifier(PUBLIC_SCHEMA),
            sql.Identifier(Tenant._meta.db_table),  # noqa: SLF001 (Django's documented Options)
            sql.Literal(tenant_digest()),
            sql.Literal(str(tenant.pk)),
        )
        .as_string()
    )


def _applied_in(schema: str) -> Applied:
    query = sql.SQL("SELECT app, name FROM {} WHERE app = ANY(%s)").format(
        sql.Identifier(MIGRATIONS_TABLE)
    )
    with enter_scope(schema_owner(schema)), connection.cursor() as cursor:
        cursor.execute(query.as_string(), [_labels()])
        return frozenset((str(app), str(name)) for app, name in cursor.fetchall())


@lru_cache(maxsize=1)
def _labels() -> list[str]:
    return sorted(app_labels("a tenant's"))


def _state_of(error: Error) -> str | None:
    cause = error.__cause__
    return cause.sqlstate if isinstance(cause, PsycopgError) else None


def _explained(error: Error) -> TransientError:
    if _state_of(error) == _LOCK_NOT_AVAILABLE:
        return TransientError("A table of the tenant was in use for too long.")
    if _state_of(error) == _QUERY_CANCELED:
        return TransientError("A statement of a migration took too long.")
    return TransientError("The database did not answer.")


def _refused(error: Error) -> PermanentError:
    cause = error.__cause__
    # The details may hold values of the tenant's; the first line names things only.
    words = cause.diag.message_primary if isinstance(cause, PsycopgError) else None
    return PermanentError(f"A migration failed in this schema: {words or 'the log has why'}.")
