"""`kc.sh export`: a realm from Keycloak's own database, with the hashes of its passwords."""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings

from plexica.core.errors import PermanentError, TransientError

_USERS_PER_FILE = 200
_SECONDS = 900
_LOG_CHARACTERS = 2_000
_PREFIX = "plexica-export-"

logger = structlog.get_logger(__name__)


def is_available(server_key: str) -> bool:
    """Return whether a Keycloak's realms can be exported here."""
    return server_key == "default" and bool(settings.PLEXICA_KEYCLOAK_HOME)


@contextmanager
def exported(realm: str) -> Iterator[tuple[dict[str, Any], Iterator[list[dict[str, Any]]]]]:
    """Export a realm into a directory that only this user may read, and that is gone afterwards.

    Yields:
        The realm without its people, and its people by page.

    Raises:
        TransientError: It took too long.
        PermanentError: It failed; the log says how.
    """
    _remove_left()
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as directory:
        _export(realm, directory)
        base = Path(directory)
        found = json.loads((base / f"{realm}-realm.json").read_bytes())
        files = sorted(
            base.glob(f"{realm}-users-*.json"), key=lambda each: int(each.stem.rpartition("-")[2])
        )
        yield found, (json.loads(file.read_bytes())["users"] for file in files)


def _remove_left() -> None:
    """Remove what exports that were killed have left: they hold hashes of passwords."""
    oldest = time.time() - 2 * _SECONDS
    for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if left.stat().st_mtime < oldest and left.stat().st_uid == os.getuid():
                shutil.rmtree(left)


def _export(realm: str, directory: str) -> None:
    command = [
        str(Path(settings.PLEXICA_KEYCLOAK_HOME) / "bin" / "kc.sh"),
        "export",
        "--optimized",
        f"--dir={directory}",
        f"--realm={realm}",
        "--users=different_files",
        f"--users-per-file={_USERS_PER_FILE}",
    ]
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "KC_DB_URL": settings.PLEXICA_KEYCLOAK_DB_URL,
        "KC_DB_USERNAME": settings.PLEXICA_KEYCLOAK_DB_USERNAME,
        "KC_DB_PASSWORD": settings.PLEXICA_KEYCLOAK_DB_PASSWORD,
        "KC_CACHE": "local",
        # A build with health checks listens for them even now.
        "KC_HTTP_MANAGEMENT_HOST": "127.0.0.1",
        "KC_HTTP_MANAGEMENT_PORT": "0",
        "JAVA_OPTS_KC_HEAP": "-Xms64m -Xmx512m",
        **({"JAVA_HOME": java} if (java := settings.PLEXICA_KEYCLOAK_JAVA_HOME) else {}),
    }
    try:
        subprocess.run(  # noqa: S603 (the command is from our own settings)
            command,
            env=environment,
            capture_output=True,
            check=True,
            text=True,
            timeout=_SECONDS,
        )
    except FileNotFoundError as error:
        raise PermanentError(
            "There is no bin/kc.sh in PLEXICA_KEYCLOAK_HOME, so passwords cannot be read."
        ) from error
    except subprocess.CalledProcessError as error:
        logger.exception(
            "realm_not_exported", output=(error.stdout + error.stderr)[-_LOG_CHARACTERS:]
        )
        raise PermanentError("`kc.sh export` failed; the log has what it said.") from error
    except subprocess.TimeoutExpired as error:
        raise TransientError(f"`kc.sh export` did not end within {_SECONDS} seconds.") from error
