"""The database backend: every statement runs in a scope, as that scope's role.

It builds on django-tenants' backend. The stock one keeps the tenant on the connection, swallows a
`SET search_path` that fails and falls back to `public`; here the scope comes from a context
variable, path and role are set in one trip with the first statement, a failure raises, and without
a scope there is no cursor.
"""

from collections.abc import Callable
from time import perf_counter
from typing import Any

from django.utils.functional import cached_property
from django_tenants.postgresql_backend import base

from plexica.core.observe.tracing import statement_span
from plexica.core.postgresql.cursor import Cursor
from plexica.core.postgresql.operations import DatabaseOperations, ErrorWrapper
from plexica.core.postgresql.pool import Pool
from plexica.core.scope import (
    PUBLIC_SCHEMA,
    Scope,
    current_scope,
    current_scope_or_none,
)


class DatabaseWrapper(base.DatabaseWrapper):  # type: ignore[misc] # django-tenants has no types
    """PostgreSQL, in the current scope.

    Attributes:
        statements: How many statements were sent by this thread.
        statement_seconds: How long it waited for them.
    """

    ops_class = DatabaseOperations

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._applied: Scope | None = None
        self._is_rolling_back = False
        self.statements = 0
        self.statement_seconds = 0.0
        super().__init__(*args, **kwargs)
        self.execute_wrappers.append(self._count)

    @property
    def pool(self) -> Pool | None:
        """The connections of this process, or None where it has no pool."""
        options = self.settings_dict["OPTIONS"].get("pool")
        if not options:
            return None
        pools: dict[str, Pool] = self._connection_pools
        found = pools.get(self.alias)
        if found is None:
            found = Pool(
                kwargs=self.get_connection_params() | {"autocommit": True},
                open=False,
                configure=self._configure_connection,
                **options,
            )
            # Of two threads that come here at once, the first one's is taken.
            found = pools.setdefault(self.alias, found)
        return found

    def get_connection_params(self) -> dict[str, Any]:
        """Return what a connection is opened with."""
        parameters: dict[str, Any] = super().get_connection_params()
        return parameters | {"cursor_factory": Cursor}

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
        self._is_rolling_back = True
        try:
            super().savepoint_rollback(sid)
        finally:
            self._is_rolling_back = False
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

    def create_cursor(self, name: str | None = None) -> Any:
        """Return a cursor that sets the scope with its first statement, where that is needed."""
        cursor = super().create_cursor(name=name)
        if isinstance(cursor, Cursor):
            cursor.keeper = self
        return cursor

    def scope_to_set(self) -> Scope | None:
        """Return the scope that has to be set before the next statement, or None: it is set.

        Raises:
            NoScope: There is no scope, so there is no statement.
        """
        if self._is_rolling_back:
            return None
        scope = current_scope()
        return None if self._applied == scope else scope

    def scope_is_set(self, scope: Scope | None) -> None:
        """Note which scope the connection has been set to; None: nobody can tell."""
        self._applied = scope

    def _handle_search_path(self, cursor: Any = None) -> None:
        # An ordinary cursor does it with its first statement. One of the server's carries one
        # statement only, so it cannot.
        scope = self.scope_to_set()
        if scope is None or cursor is not None:
            return
        with self.connection.cursor() as own:
            own.keeper = self
            own.enter_scope()
