"""Running Django's migrations in one schema, as its owner.

Only the apps that belong into the schema are run and recorded. (Stock django-tenants records the
migrations of all apps everywhere, without their tables, so that an app that moves finds nothing
to do.)
"""

import hashlib
from functools import lru_cache
from inspect import getsourcefile
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from plexica.core.scope import PUBLIC_SCHEMA, enter_scope, schema_owner


def app_labels(schema: str) -> frozenset[str]:
    """Return the labels of the apps whose tables live in a schema."""
    return _labels(settings.SHARED_APPS if schema == PUBLIC_SCHEMA else settings.TENANT_APPS)


def migrate_schema(schema: str) -> list[str]:
    """Bring a schema that exists to the present migrations.

    Returns:
        The migrations that were applied, as `label.name`.
    """
    labels = app_labels(schema)
    with enter_scope(schema_owner(schema)):
        executor = MigrationExecutor(connection)
        targets = [key for key in executor.loader.graph.leaf_nodes() if key[0] in labels]
        plan = executor.migration_plan(targets)
        if plan:
            executor.migrate(targets, plan)
        return [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]


@lru_cache(maxsize=1)
def tenant_digest() -> str:
    """Return a digest of all migrations of a tenant's schema: their names and their source."""
    labels = _labels(settings.TENANT_APPS)
    loader = MigrationLoader(None)
    digest = hashlib.sha256()
    for label, name in sorted(key for key in loader.disk_migrations if key[0] in labels):
        source = getsourcefile(type(loader.disk_migrations[label, name]))
        if source is None:
            raise RuntimeError(f"The migration {label}.{name} has no source file.")
        digest.update(f"{label}.{name}\0".encode())
        digest.update(Path(source).read_bytes())
    return digest.hexdigest()


def tenant_migrations() -> frozenset[tuple[str, str]]:
    """Return the migrations that a tenant's schema should have, as label and name."""
    labels = _labels(settings.TENANT_APPS)
    return frozenset(key for key in MigrationLoader(None).disk_migrations if key[0] in labels)


def _labels(names: list[str]) -> frozenset[str]:
    return frozenset(config.label for config in apps.get_app_configs() if config.name in names)
