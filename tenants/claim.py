"""Working on a tenant's parts outside a run: an upgrade or a repair, one at a time.

A claim is an advisory lock of the database session, so that it ends with the process that holds
it. A run is not begun on while a tenant is claimed (the engine leaves it queued, and its sweep
comes back to it), and nothing is claimed that has an unfinished run.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from plexica.core.scope import platform_scope
from tenants.models import Tenant
from tenants.runs import TenantBusy
from tenants.states import UNFINISHED_RUN_STATES

# Any number that nothing else takes as the first key of an advisory lock in one database.
_LOCKS = 0x504C_5443  # "PLTC"


@contextmanager
def claimed(tenant: Tenant) -> Iterator[None]:
    """Keep runs, and other claims, off a tenant while a block runs. Not inside a transaction.

    Raises:
        TenantBusy: Somebody else has claimed it, or it has an unfinished run.
    """
    if not _ask("pg_try_advisory_lock", tenant.pk):
        raise TenantBusy(_("It is being upgraded or repaired by somebody else."))
    try:
        with platform_scope():
            is_busy = tenant.runs.filter(state__in=UNFINISHED_RUN_STATES).exists()
        if is_busy:
            raise TenantBusy(_("It has a run that is not finished."))
        yield
    finally:
        # A connection that broke has given the lock up already.
        _ask("pg_advisory_unlock", tenant.pk)


def hold_off_claims(tenant_id: UUID) -> bool:
    """Keep claims off a tenant until the present transaction ends.

    Returns:
        Whether that worked; False when somebody has claimed it.
    """
    return _ask("pg_try_advisory_xact_lock", tenant_id)


def _ask(function: str, tenant_id: UUID) -> bool:
    with platform_scope(), connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, hashtext(%s))", [_LOCKS, str(tenant_id)])
        row = cursor.fetchone()
    return bool(row and row[0])
