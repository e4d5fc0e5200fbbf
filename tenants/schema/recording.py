"""What Django's schema editor sends, written down while it sends it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from django.db import connection

if TYPE_CHECKING:
    from django.db.backends.postgresql.operations import DatabaseOperations


@contextmanager
def recorded_definitions() -> Iterator[list[str]]:
    """Record each statement that migrations execute through the schema editor in a block.

    Names in the statements carry no schema, as Django writes none.

    Yields:
        The statements in their order, complete with their values; filled while the block runs.
    """
    statements: list[str] = []
    editor_class = connection.SchemaEditorClass

    class Recorder(editor_class):  # type: ignore[misc, valid-type] # the backend's own
        def execute(self, sql: Any, params: Any = ()) -> None:
            text = str(sql)
            if params is not None:
                text = cast("DatabaseOperations", connection.ops).compose_sql(text, params)
            statements.append(text.rstrip().rstrip(";"))
            super().execute(sql, params)

    connection.SchemaEditorClass = Recorder
    try:
        yield statements
    finally:
        connection.SchemaEditorClass = editor_class
