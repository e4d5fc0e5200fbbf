"""What the backend does in another way than Django's own while a schema is behind (ADR 11)."""

from collections.abc import Sequence
from types import TracebackType
from typing import Any

from django.db import ProgrammingError
from django.db.backends.postgresql import operations
from django.db.models.sql.compiler import SQLCompiler
from django.db.utils import DatabaseErrorWrapper
from psycopg.errors import UndefinedColumn, UndefinedTable

from plexica.core.errors import BeingUpgraded
from plexica.core.postgresql import compiler
from plexica.core.postgresql.missing import AnyField, is_missing
from plexica.core.scope import current_scope_or_none


def is_behind() -> bool:
    """Return whether the current schema lacks something that the models have."""
    scope = current_scope_or_none()
    return scope is not None and bool(scope.missing)


class DatabaseOperations(operations.DatabaseOperations):
    """Django's, with other compilers for a schema that is behind."""

    def compiler(self, compiler_name: str) -> type[SQLCompiler]:
        """Return the class that compiles a kind of query in the current scope."""
        if is_behind():
            found: type[SQLCompiler] = getattr(compiler, compiler_name)
            return found
        return super().compiler(compiler_name)

    def return_insert_columns(self, fields: Sequence[AnyField]) -> tuple[str, tuple[Any, ...]]:
        """Return the RETURNING clause; a missing column returns what stands for it."""
        stock: Any = super()
        text, parameters = stock.return_insert_columns(fields)
        if is_behind():
            for field in filter(is_missing, fields):
                table = self.quote_name(field.model._meta.db_table)  # noqa: SLF001 (Django's documented Options)
                column = f"{table}.{self.quote_name(str(field.column))}"
                text = text.replace(column, compiler.default_sql(self.connection, field))
        return text, parameters


class ErrorWrapper(DatabaseErrorWrapper):
    """Says that an upgrade is under way where SQL of our own names what is not there yet."""

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Raise an error of the driver as one of Django's, or as `BeingUpgraded`."""
        try:
            super().__exit__(exc_type, exc_value, traceback)
        except ProgrammingError as error:
            if isinstance(exc_value, UndefinedColumn | UndefinedTable) and is_behind():
                raise BeingUpgraded from error
            raise
