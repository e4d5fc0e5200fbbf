"""What identity does by the clock."""

from celery import shared_task

from plexica.core.errors import TransientError
from plexica.identity import break_glass, service_account_clients, session_upkeep


@shared_task(name="identity.close_realms")
def close_realms() -> None:
    """Take an operator's power over a realm away when its time is over."""
    break_glass.close_realms_due()


@shared_task(name="identity.settle_service_accounts")
def settle_service_accounts() -> None:
    """Remove clients of service accounts that Keycloak could not remove at once."""
    service_account_clients.settle_service_accounts()


@shared_task(name="identity.clear_sessions")
def clear_sessions() -> None:
    """Remove the sessions of browsers that are over."""
    session_upkeep.clear_sessions()


@shared_task(
    name=session_upkeep.PLATFORM_TASK,
    autoretry_for=(TransientError,),
    retry_backoff=True,
    max_retries=12,
)
def end_platform_sessions(subject: str) -> None:
    """Have the platform's realm end a person's sessions; again is no harm."""
    session_upkeep.end_platform_sessions(subject=subject)
