"""The models and the migrations say the same, and every migration has a name of its own."""

import re

from django.apps import apps
from django.conf import settings
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.questioner import NonInteractiveMigrationQuestioner
from django.db.migrations.state import ProjectState

OURS = {"audit", "events", "identity", "plugins", "rbac", "tenants"}


def test_no_model_has_changed_without_a_migration() -> None:
    loader = MigrationLoader(None)
    detector = MigrationAutodetector(
        loader.project_state(), ProjectState.from_apps(apps), NonInteractiveMigrationQuestioner()
    )
    changes = detector.changes(graph=loader.graph, trim_to_apps=OURS)
    assert {
        label: [str(migration) for migration in found] for label, found in changes.items()
    } == {}


def test_migrations_are_named_after_what_they_do() -> None:
    for label, name in MigrationLoader(None).disk_migrations:
        if label in OURS:
            assert not re.search(r"_auto_|_alter_.*_and_more$", name), f"{label}.{name}"


def test_every_app_with_models_is_shared_or_a_tenants() -> None:
    placed = {*settings.SHARED_APPS, *settings.TENANT_APPS}
    # Installed because others import them; they have no tables anywhere.
    without_tables = {"django.contrib.auth", "django.contrib.contenttypes"}
    for config in apps.get_app_configs():
        if list(config.get_models()):
            assert config.name in placed | without_tables, config.name
