"""What a schema lacks that is behind the code, and what stands for it until its upgrade (ADR 11).

A missing column is, in every row, what the upgrade will put there: its database default, else its
default, else NULL. A missing table is empty.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, TypeAlias

from django.apps import apps
from django.db.models import Case, Field, Model, Value
from django.db.models.expressions import Col, DatabaseDefault, Expression
from django.db.models.functions import Cast

from plexica.core.scope import current_scope

AnyField: TypeAlias = "Field[Any, Any]"  # generic for the type checker only
# Equal to nothing that a column holds.
_UNKNOWN = object()


def is_missing(field: AnyField) -> bool:
    """Return whether the current schema lacks a field's column, though it has the table."""
    table = _table(field.model)
    missing = current_scope().missing
    return (table, field.column) in missing and (table, _key(field.model)) not in missing


def is_table_missing(model: type[Model]) -> bool:
    """Return whether the current schema lacks a model's table; a table is never without its key."""
    return (_table(model), _key(model)) in current_scope().missing


def missing_model(table: str) -> type[Model] | None:
    """Return the model of a table, if the current schema lacks that, or else None."""
    model = _models().get(table)
    return model if model is not None and is_table_missing(model) else None


def default_expression(field: AnyField) -> Expression:
    """Return the expression that stands for a missing column, with the column's type."""
    value = _default(field)
    if not hasattr(value, "resolve_expression"):
        # Typed, None would become JSON's null.
        value = Value(value) if value is None else Value(value, output_field=field)
    return Cast(value, output_field=field)


def would_lose(field: AnyField, value: Any) -> bool:
    """Return whether leaving a missing column out of a write would lose what was to be written.

    It would not if that is the default, or if the model says that the value is written again
    anyway (`written_again`, names of fields).

    Args:
        field: A field whose column is missing.
        value: A value, an expression, or a row that the field refers to.
    """
    if field.name in getattr(field.model, "written_again", ()):
        return False
    if isinstance(value, Model):
        value = value.prepare_database_save(field)
    default = _default(field)
    if isinstance(default, Value):
        default = default.value
    return any(_differ(field, result, default) for result in _results(field, value))


def _differ(field: AnyField, value: Any, default: Any) -> bool:
    if value is _UNKNOWN or hasattr(default, "resolve_expression"):
        return True
    return bool(field.get_prep_value(value) != field.get_prep_value(default))


def _results(field: AnyField, value: Any) -> Iterator[Any]:
    """Yield what an expression may give, as far as that can be told without the database."""
    match value:
        case DatabaseDefault():
            return
        case Col() if value.target == field:
            return
        case Value():
            yield value.value
        case Cast():
            for source in value.get_source_expressions():
                yield from _results(field, source)
        case Case():
            for case in value.cases:
                yield from _results(field, case.result)
            # A CASE always has an ELSE, as `bulk_update` writes it too, where it never applies.
            if value.default != Value(None) or field.null:
                yield from _results(field, value.default)
        case _ if hasattr(value, "resolve_expression"):
            yield _UNKNOWN
        case _:
            yield value


def _default(field: AnyField) -> Any:
    # Where a column has both, the rows that are there get the database's.
    return field.db_default if field.has_db_default() else field.get_default()


@lru_cache(maxsize=1)
def _models() -> dict[str, type[Model]]:
    return {
        _table(model): model
        for model in apps.get_models(include_auto_created=True)
        if not model._meta.proxy  # noqa: SLF001 (Django's documented Options)
    }


def _table(model: type[Model]) -> str:
    return str(model._meta.db_table)  # noqa: SLF001 (Django's documented Options)


def _key(model: type[Model]) -> str:
    return str(model._meta.pk_fields[0].column)  # noqa: SLF001 (Django's documented Options)
