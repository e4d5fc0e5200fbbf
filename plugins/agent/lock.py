"""The right to be the agent that works: a lock in the database that ends with its connection."""

import contextlib
from collections.abc import Callable

import structlog
from django.db import Error as DatabaseError
from django.db import connection

# Any number will do that nobody else takes: "plexica" and "agent", as letters.
_KEY = 0x706C61_61676E

logger = structlog.get_logger(__name__)


class AgentLock:
    """Held by the thread that took it, on that thread's own connection."""

    def __init__(self) -> None:
        self.is_held = False
        # Whether another agent had it when it was asked for last.
        self.is_anothers = False

    def acquire(self, *, on_new: Callable[[], None]) -> bool:
        """Take the lock, unless it is held, by this agent or by another one.

        Args:
            on_new: Called each time that it was not held before.

        Returns:
            Whether this agent holds it.
        """
        if self.is_held and connection.connection is not None:
            return True
        self.is_held = False
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [_KEY])
            self.is_held = bool(cursor.fetchone()[0])
        if not self.is_held and not self.is_anothers:
            logger.info("plugin_agent_waits_for_another")
        self.is_anothers = not self.is_held
        if self.is_held:
            on_new()
        return self.is_held

    def lose(self) -> None:
        """Close the connection for good, and the lock with it: the pool would keep both."""
        self.is_held = False
        with contextlib.suppress(DatabaseError):
            if connection.connection is not None:
                connection.connection.close()
        connection.close()
