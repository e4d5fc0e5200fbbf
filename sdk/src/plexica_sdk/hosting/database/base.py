"""The database backend: the connection is that of the present request's installation.

Without a request of the host there is none. A thread goes from one installation's request to
another's; so before each use, the connection's installation is compared with the request's.
"""

from typing import Any

from django.db.backends.postgresql import base
from psycopg import IsolationLevel

from plexica_sdk.hosting.context import NoContext, current, current_or_none
from plexica_sdk.hosting.database.connections import AnyConnection, Idle, connect

idle = Idle()


class DatabaseWrapper(base.DatabaseWrapper):
    """PostgreSQL, in the schema of the present request's installation."""

    connection: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._installation = ""

    def ensure_connection(self) -> None:
        """Have a connection of the present installation.

        Raises:
            NoContext: There is no request of the host.
        """
        context = current_or_none()
        is_foreign = context is None or context.installation != self._installation
        if self.connection is not None and is_foreign:
            self.close()
        if context is None:
            raise NoContext
        super().ensure_connection()

    def get_connection_params(self) -> dict[str, Any]:
        """Return what Django wants of a connection; where it leads, the host says."""
        parameters: dict[str, Any] = super().get_connection_params()
        del parameters["dbname"]
        return parameters

    def get_new_connection(self, conn_params: dict[str, Any]) -> AnyConnection:
        """Return a connection of the present installation, a used one if there is any."""
        self.isolation_level = IsolationLevel.READ_COMMITTED
        context = current()
        connection = idle.take(context.installation) or connect(context, conn_params)
        self._installation = context.installation
        return connection

    def _close(self) -> None:
        connection = self.connection
        if connection is None:
            return
        # A transaction that is given up in the middle leaves nothing that others could use.
        if self.in_atomic_block:
            connection.close()
        else:
            idle.give(self._installation, connection)
