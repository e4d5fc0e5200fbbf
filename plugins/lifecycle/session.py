"""A session of an installation's own role: whatever is run in it reaches its schema only."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import structlog
from django.conf import settings

from plexica.core.errors import PermanentError, TransientError
from plugins.models import Installation
from plugins.secrets import database_password

_CONNECT_SECONDS = 5
_IDLE_MS = 60_000
_MAX_WORDS = 300

logger = structlog.get_logger(__name__)


@contextmanager
def session_of(
    installation: Installation, *, statement_ms: int, lock_ms: int
) -> Iterator[psycopg.Connection[Any]]:
    """Yield a transaction of an installation's role, in a connection of its own.

    Args:
        installation: Whose.
        statement_ms: How long one statement may take.
        lock_ms: How long one may wait for a lock.

    Raises:
        TransientError: The database does not answer, or does not let the role in.
        PermanentError: There is no database of the installation, or it refuses something.
    """
    server = settings.DATABASES["default"]
    try:
        password = database_password(installation=installation)
    except KeyError as error:
        raise PermanentError("The database of this installation is not made.") from error
    try:
        with psycopg.connect(
            host=server["HOST"],
            port=server["PORT"] or None,
            dbname=server["NAME"],
            user=installation.database_role,
            password=password,
            connect_timeout=_CONNECT_SECONDS,
            options=f"-c statement_timeout={statement_ms} -c lock_timeout={lock_ms}"
            f" -c idle_in_transaction_session_timeout={_IDLE_MS}",
        ) as session:
            yield session
    except psycopg.OperationalError as error:
        raise TransientError("The database did not answer.") from error
    except psycopg.Error as error:
        logger.exception("plugin_session_failed", installation=str(installation.pk))
        raise PermanentError(f"The database refused it: {words_of(error)}") from error


def words_of(error: psycopg.Error) -> str:
    """Return what PostgreSQL says of an error, without the statement."""
    return (error.diag.message_primary or "the database refused it")[:_MAX_WORDS]
