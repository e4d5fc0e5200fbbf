"""What PostgreSQL says of a schema, in a form that can be compared with another's."""

import re
from typing import Any

from django.db import connection

from plexica.core.scope import enter_scope, schema_owner

_CATALOG = {
    "columns": """
        SELECT table_name, column_name, data_type, udt_name, character_maximum_length,
               is_nullable, column_default, is_identity, identity_generation, ordinal_position
          FROM information_schema.columns WHERE table_schema = %s ORDER BY 1, 2""",
    "constraints": """
        SELECT c.conrelid::regclass::text, c.conname, pg_get_constraintdef(c.oid), c.convalidated
          FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace
         WHERE n.nspname = %s ORDER BY 1, 2""",
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes"
    " WHERE schemaname = %s ORDER BY 1, 2",
    "sequences": "SELECT sequencename, data_type, start_value, increment_by, last_value"
    " FROM pg_sequences WHERE schemaname = %s ORDER BY 1",
    "owners": "SELECT tablename, tableowner FROM pg_tables WHERE schemaname = %s ORDER BY 1",
}


def _normalized(text: str, schema: str) -> str:
    """Take out what PostgreSQL writes differently after any dump and restore.

    `x IN ('a', 'b')` on a varchar is one cast around the array at first, and one around each
    member when it is read again; the meaning is the same.
    """
    text = text.replace(schema, "SCHEMA")
    head, is_index, condition = text.rpartition(" WHERE ")
    if text.startswith("CHECK") or is_index:
        condition = re.sub(r"::(?:text|character varying)(?:\[\])?|[()]", "", condition)
    return f"{head}{is_index}{condition}"


def catalog(schema: str) -> dict[str, Any]:
    """Return columns, constraints, indexes, sequences, owners and recorded migrations."""
    found: dict[str, Any] = {}
    with enter_scope(schema_owner(schema)), connection.cursor() as cursor:
        for name, query in _CATALOG.items():
            cursor.execute(query, [schema])
            found[name] = [
                tuple(_normalized(str(value), schema) for value in row) for row in cursor.fetchall()
            ]
        cursor.execute("SELECT app, name FROM django_migrations ORDER BY id")
        found["migrations"] = cursor.fetchall()
    return found
