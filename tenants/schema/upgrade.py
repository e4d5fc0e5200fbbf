"""Bringing one tenant's schema to the present migrations, in one transaction where that is enough.

A plan (`tenants.schema.planning`) is replayed with a check that the schema is in the state that the
plan begins at, the records of the migrations, the privileges, and the note in the tenant's row.
Where a plan cannot be replayed, Django's executor runs the migrations in the schema itself.
"""

from functools import lru_cache
from time import monotonic, sleep

from django.conf import settings
from django.db import (
    DatabaseError,
    Error,
    InterfaceError,
    OperationalError,
    connection,
    transaction,
)
from django.utils.translation import gettext as _
from psycopg import Error as PsycopgError
from psycopg import sql

from plexica.audit.services import record
from plexica.core.actor import SYSTEM
from plexica.core.errors import PermanentError, TransientError
from plexica.core.fence import check_fence
from plexica.core.scope import PUBLIC_SCHEMA, enter_scope, platform_scope, schema_owner
from tenants.claim import claim_statement, claimed
from tenants.lifecycle import note_digest
from tenants.models import Tenant
from tenants.runs import TenantBusy
from tenants.schema.migrations import app_labels, migrate_schema, tenant_digest
from tenants.schema.planning import FINGERPRINT_SQL, Applied, Plan, fingerprint, plan_from
from tenants.schema.privileges import MIGRATIONS_TABLE, grant_schema, grants_of_schema

# From a class of codes that the SQL standard leaves to applications.
_OTHER_STATE = "PX001"
_BUSY = "PX002"
_NO_SCHEMA = frozenset({"3F000", "42P01"})
_IN_USE = frozenset({"55P03", "40P01"})  # a lock that was waited for too long, and a deadlock
_PAUSE_SECONDS = 0.3
_QUERY_CANCELED = "57014"


class OtherState(Exception):
    """The schema's migrations are not those that the plan begins at."""


def upgrade_schema(tenant: Tenant) -> None:
    """Bring a tenant's schema to the present migrations, note that in its row, and in the audit.

    It claims the tenant by itself: for the one transaction of a replay, or for as long as Django
    runs migrations. While it waits for a table, requests wait behind it; so it waits for a moment
    only, lets go of everything, and tries again for as long as the settings allow.

    Raises:
        TenantBusy: Somebody else works on the tenant.
        TransientError: A table was in use for too long, or the database does not answer.
        PermanentError: There is no schema, a later version made it, or a migration fails in it.
    """
    deadline = monotonic() + settings.PLEXICA_UPGRADE_PATIENCE_SECONDS
    while True:
        try:
            _bring_up(tenant)
        except (OperationalError, InterfaceError) as error:
            if _state_of(error) not in _IN_USE or monotonic() > deadline:
                raise _explained(error) from error
        except DatabaseError as error:
            raise _refused(error) from error
        else:
            return
        sleep(_PAUSE_SECONDS)


# The migrations that schemas with some digest have, as the last one that was looked at.
_usual_states: dict[str, Applied] = {}


def _bring_up(tenant: Tenant) -> None:
    known = _usual_states.get(tenant.schema_digest)
    try:
        _follow(plan_from(known or _applied_in(tenant.schema_name)), tenant)
    except OtherState:
        _follow(plan_from(_applied_in(tenant.schema_name)), tenant)


def _follow(plan: Plan, tenant: Tenant) -> None:
    before = tenant.schema_digest
    if plan.statements is None:
        _migrate(tenant)
    else:
        _replay(plan, tenant)
    _usual_states[before] = plan.applied
    tenant.schema_digest = tenant_digest()


def _migrate(tenant: Tenant) -> None:
    schema = tenant.schema_name
    with claimed(tenant):
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
            _record(tenant)


def _replay(plan: Plan, tenant: Tenant) -> None:
    schema = tenant.schema_name
    grants = grants_of_schema(schema, tenant.database_role) if plan.has_new_relations else []
    text = ";\n".join(
        [
            _timeouts(is_local=True),
            _check(claim_statement(tenant.pk), _BUSY),
            _check(_is_in_state(schema, plan.applied), _OTHER_STATE),
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
                if _state_of(error) == _BUSY:
                    raise TenantBusy(_("Somebody else works on it; try again later.")) from error
                raise
        _record(tenant)


def _record(tenant: Tenant) -> None:
    with platform_scope():
        record(
            actor=SYSTEM,
            action="tenant.upgraded",
            target=f"tenant:{tenant.slug}",
            after={"parts": ["schema"]},
        )


def _timeouts(*, is_local: bool) -> str:
    scope = "LOCAL " if is_local else ""
    return (
        f"SET {scope}lock_timeout = {settings.PLEXICA_UPGRADE_LOCK_TIMEOUT_MS};"
        f"SET {scope}statement_timeout = {settings.PLEXICA_UPGRADE_STATEMENT_TIMEOUT_MS}"
    )


def _check(condition: sql.Composable, code: str) -> str:
    return (
        sql.SQL(
            "DO $check$ BEGIN IF NOT coalesce({}, false) THEN"
            " RAISE EXCEPTION 'not now' USING ERRCODE = {}; END IF; END $check$"
        )
        .format(condition, sql.Literal(code))
        .as_string()
    )


def _is_in_state(schema: str, applied: Applied) -> sql.Composable:
    found = sql.SQL(FINGERPRINT_SQL).format(sql.Identifier(schema), sql.Literal(_labels()))
    return sql.SQL("({}) = {}").format(found, sql.Literal(fingerprint(applied)))


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
    if _state_of(error) in _IN_USE:
        return TransientError("A table of the tenant was in use for too long.")
    if _state_of(error) == _QUERY_CANCELED:
        return TransientError("A statement of a migration took too long.")
    return TransientError("The database did not answer.")


def _refused(error: Error) -> PermanentError:
    cause = error.__cause__
    if _state_of(error) in _NO_SCHEMA and "django_migrations" in str(cause):
        return PermanentError(
            "The schema is not there. Restore it from a backup, or delete the tenant."
        )
    # The details may hold values of the tenant's; the first line names things only.
    words = cause.diag.message_primary if isinstance(cause, PsycopgError) else None
    return PermanentError(f"A migration failed in this schema: {words or 'the log has why'}.")
