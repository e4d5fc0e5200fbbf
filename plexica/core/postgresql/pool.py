"""The connections of a process, lent and taken back without a trip to the server."""

import select
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool


class Pool(ConnectionPool[Connection[Any]]):
    """psycopg's, with a check that costs nothing while all is well.

    Nothing is reset when a connection comes back: whoever takes it next sets path and role anew
    with their first statement, since of a connection that is lent nothing is believed.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(check=check_open, **options)


def check_open(connection: Connection[Any]) -> None:
    """See whether the server has said anything since the last statement, such as its farewell.

    Raises:
        OperationalError: The connection is of no use any more.
    """
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
    if poll.poll(0):
        # It may be a notice only: ask.
        ConnectionPool.check_connection(connection)
