"""A package's SQL files, applied to an installation's schema.

They run in a session of the installation's own role, in one transaction. Each file is the text of
an `EXECUTE`, which PostgreSQL refuses to let begin or end a transaction.
"""

from typing import Any

import psycopg
from psycopg import sql

from plexica.core.errors import PermanentError, TransientError
from plexica.core.fence import check_fence
from plexica_sdk.package import MIGRATIONS
from plugins.lifecycle.session import session_of, words_of
from plugins.models import Installation, Release
from plugins.selectors import get_package

TABLE = "plexica_migrations"
_LOCK_MS = 10_000
# Each statement of a file counts for itself, and all of a file together.
_FILE_MS = 60_000


def apply_sql_migrations(installation: Installation, release: Release) -> list[str]:
    """Apply those of a release's files that are not applied yet: all of them, or none.

    Returns:
        Their names.

    Raises:
        TransientError: The database does not answer, or a table stayed in use.
        PermanentError: It refused one of them; the words say which, and why.
    """
    files = {
        name.removeprefix(MIGRATIONS): content.decode()
        for name, content in sorted(get_package(release=release).files.items())
        if name.startswith(MIGRATIONS)
    }
    with session_of(installation, statement_ms=_FILE_MS, lock_ms=_LOCK_MS) as session:
        _prepare(session, installation.schema_name)
        done = {name for (name,) in session.execute(_statement("SELECT name FROM {}"))}
        wanted = [name for name in files if name not in done]
        for name in wanted:
            _apply(session, name, files[name])
            # A file may have changed these for its own sake.
            session.execute("RESET ALL")
            session.execute(_statement("INSERT INTO {} (name) VALUES (%s)"), [name])
        check_fence()
    return wanted


def _prepare(session: psycopg.Connection[Any], schema: str) -> None:
    row = session.execute("SELECT current_schema()").fetchone()
    if row is None or row[0] != schema:
        raise PermanentError("The schema of this installation is not there.")
    session.execute(
        _statement(
            "CREATE TABLE IF NOT EXISTS {} (name text PRIMARY KEY,"
            " applied_at timestamptz NOT NULL DEFAULT now())"
        )
    )


def _apply(session: psycopg.Connection[Any], name: str, text: str) -> None:
    body = sql.SQL("BEGIN EXECUTE {}; END").format(sql.Literal(text)).as_string(session)
    try:
        session.execute(sql.SQL("DO {}").format(sql.Literal(body)))
    except psycopg.errors.LockNotAvailable as error:
        raise TransientError(f"{name} waited for too long for a table that is in use.") from error
    except psycopg.errors.QueryCanceled as error:
        raise PermanentError(f"{name} took longer than {_FILE_MS // 1000} seconds.") from error
    except psycopg.OperationalError as error:
        raise TransientError("The database did not answer.") from error
    except psycopg.Error as error:
        raise PermanentError(f"{name}: {words_of(error)}") from error


def _statement(text: str) -> sql.Composed:
    return sql.SQL(text).format(sql.Identifier(TABLE))
