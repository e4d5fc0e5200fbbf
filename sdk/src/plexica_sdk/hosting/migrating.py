"""Migrating one installation's schema in one transaction."""

import threading
from collections.abc import Sequence

from django.db import DatabaseError, connection, transaction
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor

from plexica_sdk.errors import PluginError

# The host asks again when an answer was lost. Advisory locks are not for plugins: they are the
# whole database's.
_one_at_a_time = threading.Lock()

Plan = Sequence[tuple[Migration, bool]]


class MigrationRefused(PluginError):
    """A schema cannot be migrated; `str()` says why, and the schema is as it was."""


def migrate_installation() -> list[str]:
    """Bring the present installation's schema up to the plugin's models, whole or not at all.

    Returns:
        The migrations that were applied, such as `hello.0001_initial`, in their order.

    Raises:
        MigrationRefused: One of them failed, or cannot run in a transaction.
    """
    # What is raised inside is turned into words outside, when all of it is rolled back.
    try:
        with _one_at_a_time, transaction.atomic():
            return _migrate()
    except MigrationRefused:
        raise
    except Exception as error:
        raise MigrationRefused(_words(error)) from error


def _migrate() -> list[str]:
    executor = MigrationExecutor(connection, progress_callback=_settle)
    conflicts = executor.loader.detect_conflicts()
    if conflicts:
        raise MigrationRefused(f"There are two last migrations: {conflicts}.")
    plan: Plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    for migration, _ in plan:
        if not migration.atomic:
            raise MigrationRefused(
                f"{migration} has atomic = False. Migrations of plugins run in one transaction,"
                " so that a failing one leaves nothing behind."
            )
    executor.migrate(executor.loader.graph.leaf_nodes(), plan=list(plan))
    return [str(migration) for migration, _ in plan]


def _settle(action: str, *_: object) -> None:
    # Rows that wait for their foreign keys to be checked would keep the next migration from
    # altering their table.
    if action == "apply_success":
        connection.check_constraints()


def _words(error: Exception) -> str:
    kind = "The database refused a migration" if isinstance(error, DatabaseError) else "It failed"
    return f"{kind}: {str(error).strip() or type(error).__name__}"
