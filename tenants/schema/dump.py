"""What pg_dump says of one schema."""

import os
import subprocess
from collections.abc import Iterable

from django.conf import settings

from plexica.core.errors import PermanentError, TransientError

_MAX_REASON = 300


def dump_schema(schema: str, *, role: str, options: Iterable[str] = (), seconds: int) -> str:
    """Return the SQL that makes a schema, without owners and privileges.

    Args:
        schema: Its name.
        role: The database role that reads it.
        options: Further options of pg_dump.
        seconds: How long it may take.

    Raises:
        TransientError: pg_dump did not end in time.
        PermanentError: pg_dump is not there, or failed.
    """
    database = settings.DATABASES["default"]
    command = [
        settings.PLEXICA_PG_DUMP,
        f"--schema={schema}",
        f"--role={role}",
        "--no-owner",
        "--no-privileges",
        "--encoding=UTF8",
        *options,
    ]
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "PGHOST": database["HOST"],
        "PGPORT": database["PORT"] or "5432",
        "PGUSER": database["USER"],
        "PGPASSWORD": database["PASSWORD"],
        "PGDATABASE": database["NAME"],
        "PGCONNECT_TIMEOUT": "5",
    }
    try:
        dump = subprocess.run(  # noqa: S603 (the command is from our own settings)
            command, env=environment, capture_output=True, check=True, text=True, timeout=seconds
        )
    except FileNotFoundError as error:
        raise PermanentError(
            f"{settings.PLEXICA_PG_DUMP} is not installed. Set PLEXICA_PG_DUMP to the pg_dump"
            " of the server's version."
        ) from error
    except subprocess.CalledProcessError as error:
        last_line = (error.stderr or "").strip().rpartition("\n")[2]
        raise PermanentError(f"pg_dump failed: {last_line}"[:_MAX_REASON]) from error
    except subprocess.TimeoutExpired as error:
        raise TransientError(f"pg_dump did not end within {seconds} seconds.") from error
    return dump.stdout
