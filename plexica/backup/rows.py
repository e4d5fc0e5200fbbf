"""The rows of a schema's tables: read in one snapshot, written in one transaction, compared."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import psycopg
from django.conf import settings
from psycopg import sql

from plexica.backup.archive.reading import Member, damaged
from plexica.backup.archive.writing import SectionWriter
from plexica.backup.meter import Meter
from plexica.core.errors import PermanentError, TransientError

_CONNECT_SECONDS = 5
_CHUNK_BYTES = 4 * 1024 * 1024
_DIGEST_SPACE = 1 << 256
_COLUMNS = """
    SELECT c.relname::text, array_agg(a.attname::text ORDER BY a.attnum)
      FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
     WHERE n.nspname = %s AND c.relkind = 'r' AND NOT c.relispartition
       AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
     GROUP BY c.relname ORDER BY c.relname"""
_SEQUENCES = (
    "SELECT sequencename::text, last_value FROM pg_catalog.pg_sequences"
    " WHERE schemaname = %s ORDER BY 1"
)

Transform = Callable[[list[bytes]], list[bytes]]


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its columns, without those that the server works out itself."""

    schema: str
    name: str
    columns: tuple[str, ...]

    @property
    def as_sql(self) -> sql.Composable:
        """The table with its columns, as COPY has it."""
        return sql.SQL("{} ({})").format(
            sql.Identifier(self.schema, self.name),
            sql.SQL(", ").join(map(sql.Identifier, self.columns)),
        )


class RowDigest:
    """The digest of a table's rows, in whatever order they come.

    Each row's SHA-256 is added to those of the others, so no order must be kept or made.
    """

    def __init__(self) -> None:
        self.count = 0
        self._sum = 0

    def add(self, row: bytes) -> None:
        """Count a row in."""
        self.count += 1
        self._sum = (self._sum + int.from_bytes(sha256(row).digest())) % _DIGEST_SPACE

    def as_document(self) -> dict[str, Any]:
        """Return it as archives keep it."""
        return {"rows": self.count, "digest": f"{self._sum:064x}"}


@contextmanager
def session(*, seconds: int) -> Iterator[psycopg.Connection[Any]]:
    """Yield a transaction of the provisioning login, in a connection of its own.

    Args:
        seconds: How long one statement may take, or the work between two.

    Raises:
        TransientError: The database does not answer.
        PermanentError: It refuses something.
    """
    server = settings.DATABASES["default"]
    limit = seconds * 1000
    try:
        with psycopg.connect(
            host=server["HOST"],
            port=server["PORT"] or None,
            dbname=server["NAME"],
            user=server["USER"],
            password=server["PASSWORD"],
            connect_timeout=_CONNECT_SECONDS,
            options=f"-c statement_timeout={limit} -c lock_timeout=10000"
            f" -c idle_in_transaction_session_timeout={limit}",
        ) as opened:
            yield opened
    except psycopg.OperationalError as error:
        raise TransientError("The database did not answer.") from error
    except psycopg.Error as error:
        words = error.diag.message_primary or "it gave no reason"
        raise PermanentError(f"The database refused it: {words}"[:300]) from error


def take_role(opened: psycopg.Connection[Any], role: str) -> None:
    """Go on as a role until the transaction ends or another is taken."""
    opened.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))


def list_tables(opened: psycopg.Connection[Any], schema: str) -> list[Table]:
    """Return the tables of a schema."""
    found = opened.execute(_COLUMNS, [schema]).fetchall()
    return [Table(schema, name, tuple(columns)) for name, columns in found]


def write_tables(
    opened: psycopg.Connection[Any],
    tables: Iterable[Table],
    section: SectionWriter,
    *,
    prefix: str,
    meter: Meter,
) -> dict[str, Any]:
    """Write tables into a section, a piece at a time.

    Returns:
        What each table has, for the comparison after a restoration.
    """
    facts = {}
    for table in tables:
        digest = RowDigest()
        for number, piece in enumerate(_pieces(opened, table, digest)):
            section.add(f"{prefix}rows/{table.name}/{number}", piece)
            meter.add(len(piece))
        facts[table.name] = {"columns": list(table.columns), **digest.as_document()}
    return facts


def read_sequences(opened: psycopg.Connection[Any], schema: str) -> dict[str, int]:
    """Return the last value of each sequence of a schema that has given any."""
    found = opened.execute(_SEQUENCES, [schema]).fetchall()
    return {name: value for name, value in found if value is not None}


def write_sequences(opened: psycopg.Connection[Any], schema: str, values: dict[str, int]) -> None:
    """Have the sequences of a schema go on after these values."""
    for name, value in values.items():
        qualified = sql.Identifier(schema, name).as_string(opened)
        opened.execute("SELECT pg_catalog.setval(%s::regclass, %s)", [qualified, int(value)])


class Loader:
    """Writes the rows of an archive into tables that are there and empty."""

    def __init__(
        self,
        opened: psycopg.Connection[Any],
        tables: Iterable[Table],
        *,
        transforms: dict[str, Transform] | None = None,
        meter: Meter,
    ) -> None:
        """Take what is written to.

        Args:
            opened: The transaction.
            tables: The tables, with the columns that the archive has of them.
            transforms: What changes the rows of some.
            meter: Counts.
        """
        self._opened = opened
        self._tables = {table.name: table for table in tables}
        self._transforms = transforms or {}
        self._meter = meter
        self.digests = {name: RowDigest() for name in self._tables}

    def load(self, table: str, member: Member) -> None:
        """Write one piece of a table.

        Raises:
            ArchiveRefused: There is no such table.
        """
        if table not in self._tables:
            raise damaged()
        transform, digest = self._transforms.get(table), self.digests[table]
        rows = member.content()
        statement = sql.SQL("COPY {} FROM STDIN").format(self._tables[table].as_sql)
        with self._opened.cursor() as cursor, cursor.copy(statement) as copy:
            for line in rows.splitlines(keepends=True):
                row = b"\t".join(transform(line[:-1].split(b"\t"))) + b"\n" if transform else line
                digest.add(row)
                copy.write(row)
        self._meter.add(len(rows))


def digest_tables(
    opened: psycopg.Connection[Any], tables: Iterable[Table], meter: Meter
) -> dict[str, dict[str, Any]]:
    """Return what the rows of tables are now."""
    found = {}
    for table in tables:
        digest = RowDigest()
        for row in _rows(opened, table):
            digest.add(row)
            meter.add(len(row))
        found[table.name] = digest.as_document()
    return found


def escape(value: str) -> bytes:
    """Return a value as COPY writes it; for values without control characters."""
    return value.replace("\\", "\\\\").encode()


def columns_of(document: dict[str, Any], schema: str) -> list[Table]:
    """Return the tables that an archive has rows of."""
    return [
        Table(schema, name, tuple(map(str, facts["columns"]))) for name, facts in document.items()
    ]


def is_as(document: dict[str, Any], digests: dict[str, Any]) -> list[str]:
    """Return the tables whose rows are not those that they should be."""
    return [
        name
        for name, expected in document.items()
        if json.dumps(digests.get(name), sort_keys=True)
        != json.dumps({key: expected[key] for key in ("rows", "digest")}, sort_keys=True)
    ]


def _pieces(opened: psycopg.Connection[Any], table: Table, digest: RowDigest) -> Iterator[bytes]:
    piece = bytearray()
    for row in _rows(opened, table):
        digest.add(row)
        piece += row
        if len(piece) >= _CHUNK_BYTES:
            yield bytes(piece)
            piece.clear()
    if piece:
        yield bytes(piece)


def _rows(opened: psycopg.Connection[Any], table: Table) -> Iterator[bytes]:
    statement = sql.SQL("COPY {} TO STDOUT").format(table.as_sql)
    with opened.cursor() as cursor, cursor.copy(statement) as copy:
        for data in copy:
            yield bytes(data)


def empty_tables(opened: psycopg.Connection[Any], tables: Iterable[Table]) -> None:
    """Delete all rows of some tables."""
    names = [sql.Identifier(table.schema, table.name) for table in tables]
    if names:
        opened.execute(
            sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(sql.SQL(", ").join(names))
        )
