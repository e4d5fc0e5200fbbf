"""Locks that hold a step of a run up at a known place."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from tests.conftest import Servers


@contextmanager
def secrets_locked(servers: Servers) -> Iterator[None]:
    """Hold up the realm step, which writes its secrets first, for as long as a block runs."""
    url = servers.environment["PLEXICA_DATABASE_ADMIN_URL"]
    with psycopg.connect(url, dbname="plexica") as database:
        database.execute("LOCK TABLE public.tenants_tenantsecret IN ACCESS EXCLUSIVE MODE")
        yield
        database.rollback()
