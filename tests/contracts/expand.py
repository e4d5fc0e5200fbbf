"""The rule of docs/adr/0011: what a migration may do while old and new code and schemas meet.

A migration may say of itself, as class attributes:

- `expands = True`: what this file cannot judge disturbs nobody; the code of the version before
  runs after it, and the code of this version before it.
- `contracts = True`: it takes away or narrows what the code of the version before needs no more.
"""

from collections.abc import Iterator
from typing import Any

from django.contrib.postgres import operations as postgres
from django.db import migrations, models
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

_HARMLESS = (
    migrations.CreateModel,
    migrations.AddIndex,
    migrations.RemoveIndex,
    migrations.RenameIndex,
    migrations.AlterModelOptions,
    migrations.AlterModelManagers,
    migrations.AlterModelTableComment,
    postgres.AddIndexConcurrently,
    postgres.RemoveIndexConcurrently,
    postgres.AddConstraintNotValid,
    postgres.ValidateConstraint,
)
_CONTRACTING = (
    migrations.DeleteModel,
    migrations.AddConstraint,
    migrations.AlterUniqueTogether,
    migrations.AlterIndexTogether,
)

_RENAMED = "the new code would find nothing under the new name; add, copy, remove later"


def breaches(migration: migrations.Migration, state: ProjectState) -> list[str]:
    """Return what is wrong with a migration.

    Args:
        migration: Which.
        state: The models before it; it is brought to those after it.
    """
    found = []
    # Nobody uses yet what it makes itself.
    own: set[str] = set()
    for operation in migration.operations:
        for part in _parts(operation):
            if getattr(part, "model_name", "").lower() not in own:
                found += [
                    f"{migration}: {part.describe()}: {why}"
                    for why in _judge(part, migration, state)
                ]
        if isinstance(operation, migrations.CreateModel):
            own.add(operation.name_lower)
        operation.state_forwards(migration.app_label, state)
    return found


def _parts(operation: Operation) -> Iterator[Operation]:
    if isinstance(operation, migrations.SeparateDatabaseAndState):
        for part in operation.database_operations:
            yield from _parts(part)
    else:
        yield operation


def _judge(
    operation: Operation, migration: migrations.Migration, state: ProjectState
) -> Iterator[str]:
    contracts = getattr(migration, "contracts", False)
    expands = getattr(migration, "expands", False) or contracts
    match operation:
        case migrations.AddField():
            yield from _added(operation.field) if not expands else ()
        case migrations.RemoveField():
            yield from _removed(_field(operation, migration, state), contracts=contracts)
        case migrations.AlterField():
            yield from _altered(_field(operation, migration, state), operation, expands=expands)
        case migrations.RenameField() if _field(operation, migration, state).db_column:
            return
        case migrations.RenameField() | migrations.RenameModel() | migrations.AlterModelTable():
            yield _RENAMED
        case _:
            yield from _otherwise(operation, expands=expands, contracts=contracts)


def _otherwise(operation: Operation, *, expands: bool, contracts: bool) -> Iterator[str]:
    if isinstance(operation, _HARMLESS):
        return
    if isinstance(operation, _CONTRACTING):
        if not contracts:
            yield "narrows; do it a version after the code keeps to it, with contracts = True"
    elif not expands:
        yield "what it does cannot be seen here; judge it, and say expands = True"


def _field(operation: Any, migration: migrations.Migration, state: ProjectState) -> models.Field:
    name = getattr(operation, "old_name", None) or operation.name
    found: models.Field = state.models[migration.app_label, operation.model_name_lower].get_field(
        name
    )
    return found


def _added(field: models.Field) -> Iterator[str]:
    if field.many_to_many:
        return
    if (
        field.generated
        or getattr(field, "auto_now", False)
        or getattr(field, "auto_now_add", False)
    ):
        yield "fills itself, which a schema without it cannot; make it nullable and plain"
    if field.has_db_default():
        if field.unique:
            yield "all rows would get the same value in a unique column"
        default = field.db_default
        if isinstance(default, models.Value):
            default = default.value
        if hasattr(default, "resolve_expression"):
            yield "its db_default is not a constant, so it cannot be told from a value"
        elif field.has_default() and field.get_default() != default:
            yield "default and db_default differ"
    elif not field.null or (field.has_default() and field.get_default() is not None):
        yield "needs a db_default, or null without a default: others write rows without it"


def _removed(field: models.Field, *, contracts: bool) -> Iterator[str]:
    if not contracts:
        yield "do it a version after the code stopped using it, with contracts = True"
    if not (field.null or field.has_db_default() or field.many_to_many):
        yield "rows without it are refused where it still is; give it a db_default a version before"


def _altered(
    before: models.Field, operation: migrations.AlterField, *, expands: bool
) -> Iterator[str]:
    after = operation.field
    if before.db_column != after.db_column:
        yield _RENAMED
    elif _in_database(before) != _in_database(after) and not expands:
        yield "say expands = True if it only widens and nothing needs that yet, or contracts = True"


def _in_database(field: models.Field) -> tuple[Any, ...]:
    _name, kind, arguments, options = field.deconstruct()
    # A default is Django's business only, except where a column becomes NOT NULL, which shows too.
    ignored = {*field.non_db_attrs, "default"}
    return kind, arguments, {key: options[key] for key in options.keys() - ignored}
