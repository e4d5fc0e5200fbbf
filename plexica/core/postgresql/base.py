"""The database backend: every statement runs in a scope, as that scope's role.

It builds on django-tenants' backend. The stock one keeps the tenant on the connection, swallows a
`SET search_path` that fails and falls back to `public`; here the scope comes from a context
variable, path and role are set in one trip, a failure raises, and without a scope there is no
cursor.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from django.db.backends.utils import CursorWrapper
from django.utils.functional import cached_property
from django_tenants.postgresql_backend import base
from psycopg import Connection, sql

from plexica.core.observe.tracing import statement_span
from plexica.core.postgresql.operations import DatabaseOperations, ErrorWrapper
from plexica.core.scope import (
    PUBLIC_SCHEMA,
    Scope,
    current_scope,
    current_scope_or_none,
)

POOL_RESET = "RESET ROLE; SET search_path = pg_catalog"


def reset_pooled_connection(connection: Connection[Any]) -> None:
    """Take the last user's role and path from a connection that goes back to the pool.

    `RESET ALL` would keep the role and drop Django's time zone, which it sets only once.
    """
    connection.autocommit = True
    connection.execute(POOL_RESET)


class DatabaseWrapper(base.DatabaseWrapper):  # type: ignore[misc] # django-tenants has no types
    """PostgreSQL, in the current scope.

    Attributes:
        statements: How many statements were sent by this thread.
        statement_seconds: How long it waited for them.
    """

    ops_class = DatabaseOperations

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._applied: Scope | None = None
        self._applying = False
        self.statements = 0
        self.statement_seconds = 0.0
        super().__init__(*args, **kwargs)
        self.execute_wrappers.append(self._count)
        if pool := self.settings_dict["OPTIONS"].get("pool"):
            pool["reset"] = reset_pooled_connection

    @cached_property
    def wrap_database_errors(self) -> ErrorWrapper:
        """The context in which the driver's errors become Django's."""
        return ErrorWrapper(self)

    # django-tenants reads and writes these; the context variable is the only truth.
    @property
    def schema_name(self) -> str:
        """The current schema's name, `public` while no scope is set."""
        scope = current_scope_or_none()
        return scope.schema if scope else PUBLIC_SCHEMA

    @schema_name.setter
    def schema_name(self, value: str | None) -> None:
        """Ignore what django-tenants would remember on the connection."""

    def set_tenant(self, tenant: Any, include_public: bool = True) -> None:  # noqa: FBT001, FBT002
        """Do nothing: tenants.scopes.tenant_scope is the one way to enter a tenant."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Open a connection, of which nothing is known yet."""
        self._applied = None
        return super().get_new_connection(conn_params)

    def close(self) -> None:
        """Close, and forget what the connection was set to."""
        self._applied = None
        super().close()

    def rollback(self) -> None:
        """Roll back; PostgreSQL takes back a SET made in the transaction, so set it again."""
        self._applied = None
        super().rollback()

    def savepoint_rollback(self, sid: str) -> None:
        """Roll back to a savepoint; the same holds for a SET made after it.

        The rollback itself must run without a SET before it: in a transaction that has failed,
        PostgreSQL accepts nothing else.
        """
        self._applying = True
        try:
            super().savepoint_rollback(sid)
        finally:
            self._applying = False
            self._applied = None

    def _count(
        self, execute: Callable[..., Any], text: Any, parameters: Any, many: Any, context: Any
    ) -> Any:
        began = perf_counter()
        try:
            with statement_span(text):
                return execute(text, parameters, many, context)
        finally:
            self.statements += 1
            self.statement_seconds += perf_counter() - began

    def _handle_search_path(self, cursor: Any = None) -> None:
        if self._applying:
            return
        scope = current_scope()
        if self._applied == scope:
            return
        # Stays unknown if the statement fails.
        self._applied = None
        self._applying = True
        try:
            with self._scope_cursor(cursor) as chosen:
                chosen.execute(_statement(scope).as_string(self.connection))
        finally:
            self._applying = False
        self._applied = scope

    @contextmanager
    def _scope_cursor(self, cursor: Any) -> Iterator[CursorWrapper]:
        # A server-side cursor carries one statement only, so it cannot carry this one.
        if cursor is not None:
            yield cursor
            return
        with self.connection.cursor() as own:
            yield own


def _statement(scope: Scope) -> sql.Composed:
    path = sql.SQL(", ").join(sql.Identifier(schema) for schema in scope.search_path)
    return sql.SQL("SET search_path = {}; SET ROLE {}").format(path, sql.Identifier(scope.role))
