"""No migration takes away what runs: old code and new, in schemas before and after it."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ModelState, ProjectState
from django.db.models.functions import Now

from tests.contracts.expand import breaches

# What the first release begins with: no earlier code ever met it. The last one of each app.
BASELINE = {
    "audit": "0001_initial",
    "backup": "0001_initial",
    "events": "0001_initial",
    "identity": "0001_initial",
    "plugins": "0001_initial",
    "rbac": "0001_initial",
    "sessions": "0001_initial",
    "tenants": "0005_inspection",
}


def _apps() -> set[str]:
    return {name.rpartition(".")[2] for name in [*settings.TENANT_APPS, *settings.SHARED_APPS]}


def test_every_app_with_tables_has_a_baseline_that_there_is() -> None:
    assert set(BASELINE) == _apps()
    assert set(BASELINE.items()) <= set(MigrationLoader(None).disk_migrations)


def test_migrations_after_the_baseline_only_expand() -> None:
    loader = MigrationLoader(None)
    found = []
    for (label, name), migration in sorted(loader.disk_migrations.items()):
        if label in BASELINE and name > BASELINE[label]:
            state = loader.project_state((label, name), at_end=False)
            found += breaches(migration, state)
    assert found == [], "See docs/adr/0011-serving-a-tenant-one-version-behind.md."


# The rule itself, on made-up migrations


def _state() -> ProjectState:
    state = ProjectState()
    fields = [
        ("id", models.BigAutoField(primary_key=True)),
        ("title", models.CharField(max_length=20)),
        ("note", models.CharField(max_length=20, null=True)),
        ("old", models.CharField(max_length=20, db_column="ancient", db_default="")),
    ]
    state.add_model(ModelState("audit", "Book", fields))
    return state


def _breaches(*operations: Any, **marks: bool) -> list[str]:
    kind = type("Migration", (migrations.Migration,), {"operations": list(operations), **marks})
    return breaches(kind("0002_made_up", "audit"), _state())


def _add(field: Any, name: str = "more") -> migrations.AddField:
    return migrations.AddField("book", name, field)


def _alter(field: Any, name: str = "title") -> migrations.AlterField:
    return migrations.AlterField("book", name, field)


CHECK = models.CheckConstraint(condition=~models.Q(title=""), name="book_title")
PAGE = migrations.CreateModel(
    "Page",
    [
        ("id", models.BigAutoField(primary_key=True)),
        ("book", models.ForeignKey("audit.Book", models.CASCADE)),
    ],
)


@pytest.mark.parametrize(
    "operation",
    [
        _add(models.TextField(null=True)),
        _add(models.TextField(db_default="")),
        _add(models.TextField(default="x", db_default=models.Value("x"))),
        _add(models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))),
        _add(models.ForeignKey("audit.Book", models.CASCADE, null=True)),
        _add(models.OneToOneField("audit.Book", models.CASCADE, null=True)),
        _add(models.ManyToManyField("audit.Book")),
        PAGE,
        migrations.AddIndex("book", models.Index(fields=["title"], name="book_title")),
        migrations.AlterModelOptions("book", {"ordering": ["title"]}),
        AddConstraintNotValid("book", CHECK),
        _alter(models.CharField(max_length=20, help_text="What it is called")),
        migrations.RenameField("book", "old", "older"),
        migrations.SeparateDatabaseAndState([], [migrations.RemoveField("book", "title")]),
    ],
    ids=lambda operation: str(operation.describe()),
)
def test_what_expands_needs_no_mark(operation: Any) -> None:
    assert _breaches(operation) == []


def test_what_a_migration_makes_itself_it_may_complete() -> None:
    assert (
        _breaches(
            PAGE,
            migrations.AddField("page", "number", models.IntegerField()),
            migrations.AddConstraint(
                "page", models.UniqueConstraint(fields=["book", "number"], name="page_unique")
            ),
        )
        == []
    )


@pytest.mark.parametrize(
    ("operation", "why"),
    [
        (_add(models.TextField()), "needs a db_default"),
        (_add(models.TextField(default="x")), "needs a db_default"),
        (_add(models.TextField(null=True, default="x")), "needs a db_default"),
        (_add(models.TextField(default="x", db_default="y")), "differ"),
        (_add(models.TextField(unique=True, db_default="")), "unique"),
        (_add(models.DateTimeField(db_default=Now())), "not a constant"),
        (_add(models.DateTimeField(auto_now_add=True, null=True)), "fills itself"),
        (migrations.RunPython(migrations.RunPython.noop), "cannot be seen"),
        (migrations.RunSQL("SELECT 1"), "cannot be seen"),
        (migrations.RemoveConstraint("book", "book_title"), "cannot be seen"),
        (migrations.SeparateDatabaseAndState([migrations.RunSQL("SELECT 1")]), "cannot be seen"),
        (_alter(models.CharField(max_length=30)), "only widens"),
        (_alter(models.CharField(max_length=20, db_default="")), "only widens"),
    ],
)
def test_what_cannot_be_judged_needs_a_word(operation: Any, why: str) -> None:
    [found] = _breaches(operation)
    assert re.search(why, found)
    assert _breaches(operation, expands=True) == []
    assert _breaches(operation, contracts=True) == []


@pytest.mark.parametrize(
    ("operation", "why"),
    [
        (migrations.RemoveField("book", "note"), "stopped using"),
        (migrations.DeleteModel("Book"), "narrows"),
        (migrations.AddConstraint("book", CHECK), "narrows"),
    ],
)
def test_what_takes_away_needs_the_other_word(operation: Any, why: str) -> None:
    [found] = _breaches(operation, expands=True)
    assert re.search(why, found)
    assert _breaches(operation, contracts=True) == []


@pytest.mark.parametrize(
    ("operation", "why"),
    [
        (migrations.RenameField("book", "title", "name"), "add, copy, remove"),
        (migrations.RenameModel("Book", "Tome"), "add, copy, remove"),
        (migrations.AlterModelTable("book", "tome"), "add, copy, remove"),
        (_alter(models.CharField(max_length=20, db_column="name")), "add, copy, remove"),
        (migrations.RemoveField("book", "title"), "rows without it are refused"),
    ],
)
def test_no_word_helps_what_cannot_be_served(operation: Any, why: str) -> None:
    [found] = _breaches(operation, contracts=True)
    assert re.search(why, found)
