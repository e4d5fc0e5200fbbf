"""Looking at the realms of all tenants in turn, a few at once, and at the platform's own."""

from collections.abc import Callable
from concurrent.futures import wait
from contextlib import suppress
from functools import cache

import structlog
from django.db import DatabaseError, connection

from plexica.core.context import ContextThreadPool
from plexica.core.crypto import UndecryptableError
from plexica.core.errors import BeingUpgraded, OutwardError
from plexica.core.scope import current_scope, platform_scope
from plexica.identity.keycloak.master import master_client
from plexica.identity.keycloak.realm import RealmClient, realm_client
from plexica.identity.providers import PLATFORM_REALM, platform_provider, tenant_provider
from plexica.identity.sync.realm import Outcome, Result, Source, follow_realm, read_realm
from plexica.identity.sync.state import note_failure, send_resync
from tenants.epochs import epoch_kept
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tenants.selectors import get_tenant
from tenants.served import served_tenants

# Keycloak answers a few at once no sooner than one after the other when it has few processors.
AT_ONCE = 4
# Whoever was not looked at by then is by the next cycle: the order is another one each time.
CYCLE_SECONDS = 25.0
# Reading whole realms must not keep the workers from everything else.
RESYNCS_A_CYCLE = 10

logger = structlog.get_logger(__name__)


@cache
def _pool() -> ContextThreadPool:
    # Its threads stay, as each keeps its connection to Keycloak.
    return ContextThreadPool(AT_ONCE, thread_name_prefix="sync")


def follow_all(*, seconds: float = CYCLE_SECONDS) -> dict[Outcome, int]:
    """Look at the realm of each tenant that is served.

    A realm that does not answer, or fails in any way, holds nobody up.

    Args:
        seconds: After how long no more realms are begun with.

    Returns:
        How often each outcome was met; failures and those not reached are in the log.
    """
    with platform_scope():
        tenants = list(served_tenants().order_by("?"))
    looks = {tenant: _pool().submit(_look, tenant) for tenant in tenants}
    wait(looks.values(), timeout=seconds)
    # Those that are under way go on; the turn of each keeps the next cycle away from it.
    not_reached = [tenant for tenant, look in looks.items() if look.cancel()]
    if not_reached:
        logger.warning("realms_not_reached", count=len(not_reached))
    results = {
        tenant: result
        for tenant, look in looks.items()
        if look.done() and not look.cancelled() and (result := look.result()) is not None
    }
    due = [tenant for tenant, result in results.items() if result.is_all_due]
    for tenant in due[:RESYNCS_A_CYCLE]:
        with tenant_scope(tenant):
            send_resync()
    outcomes = [result.outcome for result in results.values()]
    return {outcome: outcomes.count(outcome) for outcome in Outcome}


def follow_tenant(tenant: Tenant) -> Result | None:
    """Apply what has happened in a tenant's realm.

    Returns:
        What came of it; None if it failed, which is noted.
    """
    with tenant_scope(tenant), epoch_kept(tenant.schema_name, tenant.permission_epoch):
        return _noted(lambda: follow_realm(source_of(tenant)))


def follow_platform() -> Result | None:
    """Apply what has happened in the platform's own realm; only the provisioner may look there.

    Its few people are read at once when events do not tell enough.

    Returns:
        What came of it; None if it failed, which is noted.
    """
    with platform_scope():
        result = _noted(lambda: follow_realm(platform_source()))
        if result is not None and result.is_all_due:
            return resync_current()
        return result


def resync_current() -> Result | None:
    """Read everybody of the current scope's realm, if that is due.

    Returns:
        What came of it; None if it failed, which is noted.
    """
    slug = current_scope().tenant_slug
    return _noted(
        lambda: read_realm(
            platform_source() if slug is None else source_of(get_tenant(slug=slug)),
            is_forced=False,
        )
    )


def source_of(tenant: Tenant) -> Source:
    """Return a tenant's realm, as the account inside it sees it.

    Raises:
        KeyError: The account's secret is not kept.
        UndecryptableError: No present key opens it.
    """
    return Source(realm_client(tenant), tenant_provider(tenant).issuer)


def platform_source() -> Source:
    """Return the platform's own realm, as the master realm's account sees it."""
    account = master_client("default").account
    return Source(RealmClient(account, realm=PLATFORM_REALM), platform_provider().issuer)


def _look(tenant: Tenant) -> Result | None:
    try:
        return follow_tenant(tenant)
    except Exception:
        # Not even its scope could be entered. The others go on.
        logger.exception("realm_not_followed", schema=tenant.schema_name)
        return None
    finally:
        # The thread stays, and its connection goes back to the pool.
        connection.close()


def _noted(look: Callable[[], Result]) -> Result | None:
    scope = current_scope()
    try:
        return look()
    except BeingUpgraded:
        return Result(Outcome.BEHIND)
    except (OutwardError, KeyError, UndecryptableError) as error:
        reason = str(error) if isinstance(error, OutwardError) else "Its account is broken."
        with suppress(DatabaseError, BeingUpgraded):
            if note_failure(reason):
                logger.warning("realm_not_followed", schema=scope.schema, reason=reason)
    except Exception:
        logger.exception("realm_not_followed", schema=scope.schema)
    return None
