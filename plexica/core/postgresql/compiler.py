"""The SQL of queries in a schema that is behind the code (ADR 11); others never come here.

Each is Django's own compiler, with three differences: a missing column is read as a constant, a
missing table as an empty one, and a write leaves out what is missing, or fails if that would lose
a value. Only references to columns and tables are replaced, so filters, orders, groups, joins,
aggregates and subqueries need nothing of their own.
"""

from collections.abc import Iterable, Sequence
from copy import copy
from typing import Any

from django.db.backends.postgresql import compiler as postgresql
from django.db.models import Model, Value
from django.db.models.expressions import Col
from django.db.models.functions import Cast
from django.db.models.sql import Query
from django.db.models.sql.compiler import SQLAggregateCompiler as BaseSQLAggregateCompiler
from django.db.models.sql.compiler import SQLCompiler as AnyCompiler
from django.db.models.sql.compiler import SQLDeleteCompiler as BaseSQLDeleteCompiler
from django.db.models.sql.compiler import SQLUpdateCompiler as BaseSQLUpdateCompiler
from django.db.models.sql.constants import LOUTER
from django.db.models.sql.datastructures import BaseTable, Join

from plexica.core.errors import BeingUpgraded
from plexica.core.postgresql.missing import (
    AnyField,
    default_expression,
    is_missing,
    is_table_missing,
    missing_model,
    would_lose,
)

Sql = tuple[str, Sequence[Any]]


def default_sql(connection: Any, field: AnyField) -> str:
    """Return the constant that stands for a missing column, as SQL without parameters.

    Django pastes join conditions together without their parameters, and PostgreSQL must see that
    a constant in GROUP BY is the one that is selected.
    """
    plain = AnyCompiler(Query(None), connection, None)
    text, parameters = plain.compile(default_expression(field))
    composed: str = connection.ops.compose_sql(text, parameters)
    return composed.replace("%", "%%")


class _Behind:
    """Compiles references to what the schema lacks; comes before one of Django's compilers."""

    # What there is of Django's; its stubs differ from compiler to compiler.
    query: Any
    connection: Any
    quote_name_unless_alias: Any

    def compile(self, node: Any) -> Any:
        """Compile a part of a query, to SQL and its parameters."""
        if isinstance(node, Col) and is_missing(node.target):
            return self._missing_column(node), ()
        if isinstance(node, BaseTable | Join) and (model := missing_model(node.table_name)):
            return self._missing_table(node, model)
        return self._compile_as_stock(node)

    def _compile_as_stock(self, node: Any) -> Sql:
        stock: Any = super()
        found: Sql = stock.compile(node)
        return found

    def _missing_column(self, column: Col) -> str:
        constant = default_sql(self.connection, column.target)
        joined = self.query.alias_map.get(column.alias)
        # Of a query around this one it is not known how it joins.
        if joined is not None and joined.join_type != LOUTER:
            return constant
        key = column.target.model._meta.pk_fields[0]  # noqa: SLF001 (Django's documented Options)
        there, _parameters = self._compile_as_stock(Col(column.alias, key))
        return f"CASE WHEN {there} IS NOT NULL THEN {constant} END"

    def _missing_table(self, node: BaseTable | Join, model: type[Model]) -> Sql:
        quote = self.quote_name_unless_alias
        columns = ", ".join(
            f"{self.compile(Cast(Value(None), field))[0]}"
            f" AS {self.connection.ops.quote_name(field.column)}"
            for field in model._meta.local_concrete_fields  # noqa: SLF001 (Django's documented Options)
        )
        empty = f"(SELECT {columns} WHERE false) {quote(node.table_alias)}"
        if isinstance(node, BaseTable):
            return empty, ()
        text, parameters = self._compile_as_stock(node)
        name = "" if node.table_alias == node.table_name else f" {node.table_alias}"
        head = f"{node.join_type} {quote(node.table_name)}{name}"
        return f"{node.join_type} {empty}{text.removeprefix(head)}", parameters


class SQLCompiler(_Behind, postgresql.SQLCompiler):
    """SELECT."""


class SQLAggregateCompiler(_Behind, BaseSQLAggregateCompiler):
    """SELECT of aggregates around another query."""


class SQLDeleteCompiler(_Behind, BaseSQLDeleteCompiler):
    """DELETE; in a table that is missing there is nothing to delete."""

    def execute_sql(self, *args: Any, **kwargs: Any) -> Any:
        """Run it."""
        if is_table_missing(self.query.get_meta().model):
            return 0
        return super().execute_sql(*args, **kwargs)


class SQLUpdateCompiler(_Behind, BaseSQLUpdateCompiler):
    """UPDATE; in a table that is missing there is nothing to update."""

    def execute_sql(self, *args: Any, **kwargs: Any) -> Any:
        """Run it.

        Raises:
            BeingUpgraded: It would change a missing column to something else than its default.
        """
        if is_table_missing(self.query.get_meta().model):
            return 0
        return super().execute_sql(*args, **kwargs)

    def as_sql(self) -> Any:  # type: ignore[override] # takes as little as Django's
        """Return the statement; one that only names missing columns changes nothing, but counts."""
        query: Any = self.query
        kept = []
        for field, model, value in query.values:
            if not is_missing(field):
                kept.append((field, model, value))
            elif would_lose(field, value):
                raise BeingUpgraded
        if query.values and not kept:
            key = query.get_meta().pk_fields[0]
            kept = [(key, key.model, Col(query.get_initial_alias(), key))]
        query.values = kept
        return super().as_sql()


class SQLInsertCompiler(_Behind, postgresql.SQLInsertCompiler):
    """INSERT."""

    def as_sql(self) -> Any:  # type: ignore[override] # takes as little as Django's
        """Return the statements.

        Raises:
            BeingUpgraded: The table is missing, or a missing column was to hold something else
                than its default, or is one of those that a conflict is looked for in.
        """
        query: Any = self.query
        if is_table_missing(query.model) or any(map(is_missing, query.unique_fields)):
            raise BeingUpgraded
        for field in filter(is_missing, query.fields):
            if any(would_lose(field, getattr(row, field.attname)) for row in query.objs):
                raise BeingUpgraded
        self.query = trimmed = copy(query)
        trimmed.fields = _there(query.fields)
        # What conflicts is equal in these: to set them changes nothing.
        trimmed.update_fields = _there(query.update_fields) or query.unique_fields
        return super().as_sql()


def _there(fields: Iterable[AnyField]) -> list[AnyField]:
    return [field for field in fields if not is_missing(field)]
