"""Connections, each of one installation and of no other."""

import select
import threading
import time
from collections import deque
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from plexica_sdk.hosting.context import Context
from plexica_sdk.hosting.environment import this_backend
from plexica_sdk.hosting.host import Credential, this_host
from plexica_sdk.hosting.kept import Kept

MAX_IDLE = 8
MAX_IDLE_SECONDS = 60
CONNECT_SECONDS = 5
# So that a password is not used in the moment in which it is changed.
MARGIN_SECONDS = 5

AnyConnection = psycopg.Connection[Any]


class Idle:
    """Open connections that nobody uses: of each installation its own, few in all."""

    def __init__(self, max_idle: int = MAX_IDLE, max_seconds: float = MAX_IDLE_SECONDS) -> None:
        self._max_idle = max_idle
        self._max_seconds = max_seconds
        self._entries: deque[tuple[str, float, AnyConnection]] = deque()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def take(self, installation: str) -> AnyConnection | None:
        """Return an open connection of an installation, which is the caller's from now on."""
        while (found := self._pop(installation)) is not None:
            if _is_open(found):
                return found
            found.close()
        return None

    def give(self, installation: str, connection: AnyConnection) -> None:
        """Take a connection back, unless something of its last use is left on it.

        Args:
            installation: Whose it is.
            connection: The connection.
        """
        if connection.closed or connection.info.transaction_status != TransactionStatus.IDLE:
            connection.close()
            return
        with self._lock:
            self._entries.append((installation, time.monotonic(), connection))
            oldest = time.monotonic() - self._max_seconds
            leaving = []
            while len(self._entries) > self._max_idle or self._entries[0][1] < oldest:
                leaving.append(self._entries.popleft()[2])
        for old in leaving:
            old.close()

    def _pop(self, installation: str) -> AnyConnection | None:
        with self._lock:
            for entry in reversed(self._entries):
                if entry[0] == installation:
                    self._entries.remove(entry)
                    return entry[2]
        return None


_credentials: Kept[Credential] = Kept()


def connect(context: Context, parameters: dict[str, Any]) -> AnyConnection:
    """Open a connection of the context's installation.

    What is known is tried first; when it is refused, the host is asked once for another.

    Args:
        context: The present context.
        parameters: What Django wants of the connection.

    Raises:
        psycopg.OperationalError: The database does not take what the host gave.
        HostError: The host gave none.
    """
    known = _credentials.get(context.installation)
    if known is not None:
        try:
            return _open(known, parameters)
        except psycopg.OperationalError:
            _credentials.drop(context.installation)
    credential = this_host().database(context.token)
    seconds = (credential.valid_until - datetime.now(UTC)).total_seconds() - MARGIN_SECONDS
    connection = _open(credential, parameters)
    _credentials.put(context.installation, credential, seconds=seconds)
    return connection


def _open(credential: Credential, parameters: dict[str, Any]) -> AnyConnection:
    return psycopg.connect(
        credential.url,
        connect_timeout=CONNECT_SECONDS,
        application_name=f"plexica-{this_backend().plugin}",
        **parameters,
    )


def _is_open(connection: AnyConnection) -> bool:
    # Nothing is due on an idle connection: what can be read is the server's farewell.
    try:
        return not select.select([connection.fileno()], [], [], 0)[0]
    except (psycopg.OperationalError, OSError, ValueError):
        return False
