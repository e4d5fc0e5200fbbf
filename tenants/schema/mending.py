"""One catalog brought nearer to what it should be, without touching data.

Nothing is dropped but what is made anew in the same moment: an index, a constraint. What a schema
should not have stays, as it may be a plugin's or an operator's.
"""

from collections.abc import Collection, Iterator
from typing import NamedTuple

import structlog
from django.db import DatabaseError, connection, transaction
from psycopg import sql

from plexica.core.fence import fenced_transaction
from plexica.core.scope import enter_scope, schema_owner
from tenants.parts import Difference
from tenants.schema.catalog import HOLDER, Catalog, Grant, Thing, read_catalog
from tenants.schema.comparison import PLAIN_COLUMN, compare_things
from tenants.schema.privileges import MIGRATIONS_TABLE

# Foreign keys last: they need the keys of other tables.
_CONSTRAINT_ORDER = ("PRIMARY KEY", "UNIQUE", "EXCLUDE", "CHECK", "FOREIGN KEY")

logger = structlog.get_logger(__name__)


class _Repair(NamedTuple):
    what: str
    statement: sql.Composable


def mend(
    schema: str, *, holder: str, expected: Catalog, found: Catalog, names: Collection[str]
) -> None:
    """Mend what can be mended; what the database refuses is logged, and stays.

    Args:
        schema: Where.
        holder: The role that its data are for.
        expected: What should be.
        found: What is.
        names: What to mend, as `tenants.schema.comparison` names it.
    """
    with enter_scope(schema_owner(schema)), fenced_transaction():
        for repair in (
            *_tables(expected, found, names),
            *_columns(expected, found, names),
            *_definitions(expected, found, names),
            *_rights(schema, holder, expected, found, names),
        ):
            try:
                with transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute(repair.statement.as_string(cursor.connection))
            except DatabaseError:
                logger.warning("not_mended", schema=schema, what=repair.what, exc_info=True)
        _record_migrations(schema, holder, expected, names)


def _tables(expected: Catalog, found: Catalog, names: Collection[str]) -> Iterator[_Repair]:
    for table in sorted(expected.tables - found.tables):
        thing = Thing("table", "", table)
        if str(thing) in names:
            columns = [
                sql.SQL("{} {}").format(sql.Identifier(column.name), sql.SQL(definition))
                for column, definition in expected.things.items()
                if (column.kind, column.parent) == ("column", table)
            ]
            yield _Repair(
                str(thing),
                sql.SQL("CREATE TABLE {} ({})").format(
                    sql.Identifier(table), sql.SQL(", ").join(columns)
                ),
            )


def _columns(expected: Catalog, found: Catalog, names: Collection[str]) -> Iterator[_Repair]:
    for thing, definition in expected.things.items():
        if thing.kind == "column" and str(thing) in names:
            name = sql.Identifier(thing.name)
            change = (
                _redefinition(name, definition)
                if thing in found.things
                else sql.SQL("ADD COLUMN {} {}").format(name, sql.SQL(definition))
            )
            if change:
                statement = sql.SQL("ALTER TABLE {} {}").format(
                    sql.Identifier(thing.parent), change
                )
                yield _Repair(str(thing), statement)


def _redefinition(name: sql.Identifier, definition: str) -> sql.Composable | None:
    column = PLAIN_COLUMN.fullmatch(definition)
    if column is None:
        return None
    default = f"SET DEFAULT {column['default']}" if column["default"] else "DROP DEFAULT"
    null = "SET NOT NULL" if column["null"] else "DROP NOT NULL"
    return sql.SQL("ALTER COLUMN {} {}, ALTER COLUMN {} {}").format(
        name, sql.SQL(default), name, sql.SQL(null)
    )


def _definitions(expected: Catalog, found: Catalog, names: Collection[str]) -> Iterator[_Repair]:
    """Make constraints and indexes, with those of the tables that are made."""
    made = {name for name in expected.tables - found.tables if f"table {name}" in names}

    def order(thing: Thing) -> tuple[bool, int]:
        definition = expected.things[thing]
        return thing.kind == "index", next(
            (i for i, kind in enumerate(_CONSTRAINT_ORDER) if definition.startswith(kind)), 0
        )

    chosen = (
        thing
        for thing in expected.things
        if thing.kind in {"constraint", "index"} and (thing.parent in made or str(thing) in names)
    )
    for thing in sorted(chosen, key=order):
        name, table = sql.Identifier(thing.name), sql.Identifier(thing.parent)
        definition = sql.SQL(expected.things[thing])
        statements: list[sql.Composable] = []
        if thing.kind == "index":
            if thing in found.things:
                statements.append(sql.SQL("DROP INDEX {}").format(name))
            statements.append(definition)
        else:
            if thing in found.things:
                statements.append(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(table, name))
            statements.append(
                sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} {}").format(table, name, definition)
            )
        yield _Repair(str(thing), sql.SQL("; ").join(statements))


def _rights(
    schema: str, holder: str, expected: Catalog, found: Catalog, names: Collection[str]
) -> Iterator[_Repair]:
    made = {name for name in expected.tables - found.tables if f"table {name}" in names}
    for grant in sorted(expected.rights.keys() | found.rights.keys()):
        if str(grant) in names or grant.table in made:
            target, grantee = _target(schema, grant), _grantee(grant, holder)
            statements = [
                # What the role has given on goes with what it has.
                sql.SQL("REVOKE ALL ON {} FROM {} CASCADE").format(target, grantee),
                *(
                    sql.SQL("GRANT {} ON {} TO {}").format(sql.SQL(privilege), target, grantee)
                    for privilege in sorted(expected.rights.get(grant, ()))
                ),
            ]
            yield _Repair(str(grant), sql.SQL("; ").join(statements))


def _target(schema: str, grant: Grant) -> sql.Composable:
    if grant.kind == "schema":
        return sql.SQL("SCHEMA {}").format(sql.Identifier(schema))
    kind = "SEQUENCE" if grant.kind == "sequence" else "TABLE"
    return sql.SQL("{} {}").format(sql.SQL(kind), sql.Identifier(schema, grant.name))


def _grantee(grant: Grant, holder: str) -> sql.Composable:
    if grant.grantee == "PUBLIC":
        return sql.SQL("PUBLIC")
    return sql.Identifier(holder if grant.grantee == HOLDER else grant.grantee)


def _record_migrations(schema: str, holder: str, expected: Catalog, names: Collection[str]) -> None:
    found = read_catalog(schema, holder=holder)
    is_whole = all(
        difference == Difference.ORPHANED for difference, *_rest in compare_things(expected, found)
    )
    if not is_whole:
        return
    table_is_new = f"table {MIGRATIONS_TABLE}" in names
    insert = sql.SQL("INSERT INTO {} (app, name, applied) VALUES (%s, %s, now())").format(
        sql.Identifier(schema, MIGRATIONS_TABLE)
    )
    with connection.cursor() as cursor:
        for app, name in sorted(expected.migrations - found.migrations):
            if table_is_new or f"migration {app}.{name}" in names:
                cursor.execute(insert.as_string(), [app, name])
