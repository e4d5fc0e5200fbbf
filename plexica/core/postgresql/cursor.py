"""The cursor of every statement: the first one in a scope carries the scope's SET along.

So a change of scope costs no trip to the server of its own, of which each request has two.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Protocol, Self

from psycopg import ClientCursor, sql

from plexica.core.scope import Scope

_KEPT_STATEMENTS = 4096
# Statements that may share a message, and so a transaction, with others.
_SHARING = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")
# SET search_path, SET ROLE, and then the result that was asked for.
_RESULT = 2


class ScopeKeeper(Protocol):
    """Who knows what a connection is set to."""

    def scope_to_set(self) -> Scope | None:
        """Return the scope that has to be set before the next statement, or None: it is set."""

    def scope_is_set(self, scope: Scope | None) -> None:
        """Note which scope the connection has been set to; None: nobody can tell."""


class Cursor(ClientCursor[Any]):
    """The driver's, in the scope of who executes.

    Attributes:
        keeper: Who knows the connection's scope; None where Plexica's own data is not meant.
    """

    keeper: ScopeKeeper | None = None

    def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        """Execute a statement in the current scope."""
        scope = self.keeper.scope_to_set() if self.keeper else None
        if scope is None:
            super().execute(query, params, **options)
        elif isinstance(query, str) and query.startswith(_SHARING):
            text = query if params is None else self.mogrify(query, params)
            # It is one transaction: if the statement fails, the scope is not set either.
            self._set_scope(scope, f"{scope_statement(scope)}; {text}")
            self.set_result(_RESULT)
        else:
            self._set_scope(scope, scope_statement(scope))
            super().execute(query, params, **options)
        return self

    def executemany(self, query: Any, params_seq: Iterable[Any], **options: Any) -> None:
        """Execute a statement several times in the current scope."""
        self.enter_scope()
        super().executemany(query, params_seq, **options)

    def stream(self, query: Any, params: Any = None, **options: Any) -> Iterator[Any]:
        """Execute a statement in the current scope, and yield its rows as they come."""
        self.enter_scope()
        return super().stream(query, params, **options)

    def copy(self, statement: Any, params: Any = None, **options: Any) -> Any:
        """Begin to copy in the current scope."""
        self.enter_scope()
        return super().copy(statement, params, **options)

    def enter_scope(self) -> None:
        """Set the current scope, in a trip of its own where that is needed."""
        scope = self.keeper.scope_to_set() if self.keeper else None
        if scope is not None:
            self._set_scope(scope, scope_statement(scope))

    def _set_scope(self, scope: Scope, text: str) -> None:
        if self.keeper is None:  # pragma: no cover (only its keeper asks for a scope)
            return
        # It stays unknown if anything fails.
        self.keeper.scope_is_set(None)
        super().execute(text)
        self.keeper.scope_is_set(scope)


@lru_cache(_KEPT_STATEMENTS)
def scope_statement(scope: Scope) -> str:
    """Return the SQL that sets a scope: search path and role, in two statements."""
    path = sql.SQL(", ").join(sql.Identifier(schema) for schema in scope.search_path)
    role = sql.Identifier(scope.role)
    return sql.SQL("SET search_path = {}; SET ROLE {}").format(path, role).as_string()
