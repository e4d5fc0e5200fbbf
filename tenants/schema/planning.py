"""What brings a schema from the migrations that it has to the present ones, found out once.

The migrations that are missing run in a scratch schema that was brought to the same state, and
what they send is recorded. That holds for every schema in that state as long as the statements say
all that the migrations do: a migration that runs Python, or that is not one transaction, does not.
"""

import hashlib
import threading
from collections.abc import Iterable
from dataclasses import dataclass

import structlog
from django.db import connection, migrations
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.operations.base import Operation
from django.db.models import NOT_PROVIDED
from psycopg import sql

from plexica.core.errors import PermanentError
from plexica.core.scope import enter_scope, schema_owner
from tenants.schema.migrations import tenant_digest, tenant_migrations
from tenants.schema.recording import recorded_definitions
from tenants.schema.template import template_lock

PLAN_SCHEMA = "plexica_plan_5d1c7a90"
MAX_PLANS = 64

Applied = frozenset[tuple[str, str]]

# What these do is all in the statements that they send. Subclasses are not: `AddIndexConcurrently`
# is an `AddIndex` that cannot run in a transaction.
_REPLAYABLE = frozenset(
    {
        migrations.AddConstraint,
        migrations.AddField,
        migrations.AddIndex,
        migrations.AlterConstraint,
        migrations.AlterField,
        migrations.AlterIndexTogether,
        migrations.AlterModelManagers,
        migrations.AlterModelOptions,
        migrations.AlterModelTable,
        migrations.AlterModelTableComment,
        migrations.AlterOrderWithRespectTo,
        migrations.AlterUniqueTogether,
        migrations.CreateModel,
        migrations.DeleteModel,
        migrations.RemoveConstraint,
        migrations.RemoveField,
        migrations.RemoveIndex,
        migrations.RenameField,
        migrations.RenameIndex,
        migrations.RenameModel,
        migrations.RunSQL,
    }
)
# Defaults that can be called, and give the same to everybody.
_HARMLESS_DEFAULTS = (NOT_PROVIDED, dict, list, set, tuple, str)

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Plan:
    """The way from some applied migrations to the present ones.

    Attributes:
        applied: The migrations that a schema must have for it.
        missing: Those that it lacks, in their order.
        statements: What they send, without the name of a schema; None when that is not all that
            they do, so that each schema has to run them itself.
        has_new_relations: Whether they make tables or sequences, on which roles need privileges.
    """

    applied: Applied
    missing: tuple[tuple[str, str], ...]
    statements: tuple[str, ...] | None
    has_new_relations: bool = True


_lock = threading.Lock()
_plans: dict[tuple[Applied, str], Plan] = {}


def plan_from(applied: Applied) -> Plan:
    """Return the way from some applied migrations to the present ones, found out once a process.

    Raises:
        PermanentError: Some of them are unknown: a later version of Plexica applied them.
        DatabaseError: A migration failed in the scratch schema.
    """
    with _lock:
        key = (applied, tenant_digest())
        plan = _plans.get(key)
        if plan is None:
            if unknown := applied - tenant_migrations():
                names = ", ".join(sorted(f"{app}.{name}" for app, name in unknown))
                raise PermanentError(
                    f"The schema has migrations that this version does not know: {names}."
                    " Run the version that applied them, or a later one."
                )
            plan = _make(applied)
            if len(_plans) >= MAX_PLANS:
                _plans.clear()
            _plans[key] = plan
        return plan


def fingerprint(applied: Iterable[tuple[str, str]]) -> str:
    """Return a digest of applied migrations, the same as `FINGERPRINT_SQL` computes."""
    lines = sorted(f"{app}.{name}" for app, name in applied)
    return hashlib.md5(",".join(lines).encode(), usedforsecurity=False).hexdigest()


FINGERPRINT_SQL = """
    SELECT pg_catalog.md5(coalesce(pg_catalog.string_agg(
        app || '.' || name, ',' ORDER BY (app || '.' || name) COLLATE "C"), ''))
      FROM {}.django_migrations WHERE app = ANY({})"""


def is_replayable(migration: Migration) -> bool:
    """Return whether what a migration does is all in the statements that it sends."""
    return migration.atomic and all(map(_is_replayable_operation, migration.operations))


def _is_replayable_operation(operation: Operation) -> bool:
    if isinstance(operation, migrations.SeparateDatabaseAndState):
        return all(map(_is_replayable_operation, operation.database_operations))
    if type(operation) not in _REPLAYABLE:
        return False
    default = getattr(getattr(operation, "field", None), "default", None)
    # A default that is computed would be computed once, and be the same for every tenant.
    return not callable(default) or default in _HARMLESS_DEFAULTS


def _make(applied: Applied) -> Plan:
    with template_lock(), enter_scope(schema_owner(PLAN_SCHEMA)):
        _drop_scratch()
        try:
            with connection.cursor() as cursor:
                cursor.execute(
                    sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(PLAN_SCHEMA)).as_string()
                )
            _bring_to(applied)
            plan = _record(applied)
        finally:
            _drop_scratch()
    logger.info(
        "upgrade_planned",
        missing=[f"{app}.{name}" for app, name in plan.missing],
        statements=None if plan.statements is None else len(plan.statements),
    )
    return plan


def _bring_to(applied: Applied) -> None:
    executor = MigrationExecutor(connection)
    executor.recorder.ensure_schema()
    steps = [
        (migration, False)
        for migration, _backwards in executor.migration_plan(executor.loader.graph.leaf_nodes())
        if (migration.app_label, migration.name) in applied
    ]
    executor.migrate(None, steps)


def _record(applied: Applied) -> Plan:
    executor = MigrationExecutor(connection)
    labels = {app for app, _name in tenant_migrations()}
    targets = [key for key in executor.loader.graph.leaf_nodes() if key[0] in labels]
    steps = executor.migration_plan(targets)
    missing = tuple((migration.app_label, migration.name) for migration, _backwards in steps)
    if not all(is_replayable(migration) for migration, _backwards in steps):
        return Plan(applied=applied, missing=missing, statements=None)
    before = _relations()
    with recorded_definitions() as statements:
        executor.migrate(targets, steps)
    return Plan(
        applied=applied,
        missing=missing,
        statements=tuple(statements),
        has_new_relations=not _relations() <= before,
    )


def _relations() -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT oid FROM pg_catalog.pg_class WHERE relnamespace = %s::regnamespace"
            " AND relkind IN ('r', 'p', 'v', 'm', 'S')",
            [PLAN_SCHEMA],
        )
        return {int(oid) for (oid,) in cursor.fetchall()}


def _drop_scratch() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE")
            .format(sql.Identifier(PLAN_SCHEMA))
            .as_string()
        )
