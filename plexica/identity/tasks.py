"""What identity does by the clock."""

from celery import shared_task

from plexica.identity import (
    break_glass,
    realm_changes,
    service_account_clients,
    session_upkeep,
)
from plexica.identity.sync import cycle
from plexica.identity.sync.state import RESYNC_TASK


@shared_task(name="identity.close_realms")
def close_realms() -> None:
    """Take an operator's power over a realm away when its time is over."""
    break_glass.close_realms_due()


@shared_task(name="identity.settle_service_accounts")
def settle_service_accounts() -> None:
    """Remove clients of service accounts that Keycloak could not remove at once."""
    service_account_clients.settle_service_accounts()


@shared_task(name="identity.settle_people")
def settle_people() -> None:
    """Tell realms what they could not be told at once about people."""
    realm_changes.settle_people()


@shared_task(name=realm_changes.PLATFORM_TASK)
def settle_staff() -> None:
    """Tell the platform's realm what it could not be told at once about the staff."""
    realm_changes.settle_staff()


@shared_task(name="identity.follow_realms")
def follow_realms() -> None:
    """Apply what has happened in the realms of the tenants."""
    cycle.follow_all()


@shared_task(name="identity.follow_platform_realm")
def follow_platform_realm() -> None:
    """Apply what has happened in the realm of the platform's staff."""
    cycle.follow_platform()


@shared_task(name=RESYNC_TASK)
def resync_realm() -> None:
    """Read everybody of the realm of the scope that this was sent from, if that is still due."""
    cycle.resync_current()


@shared_task(name="identity.clear_sessions")
def clear_sessions() -> None:
    """Remove the sessions of browsers that are over."""
    session_upkeep.clear_sessions()
