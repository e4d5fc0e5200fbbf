"""What happens to installations by the clock, and what they have done in the background."""

from uuid import UUID

import structlog
from celery import shared_task
from django.db import DatabaseError, transaction

from plexica.core.actor import SYSTEM
from plexica.core.errors import NotFound
from plugins.host_api.mails import SENDING_TASK, send_plugin_mail
from plugins.installations import list_purges_due, list_reachable
from plugins.installing import begin_removal
from plugins.lifecycle.database import open_database
from tenants.claim import claimed
from tenants.runs import TenantBusy

logger = structlog.get_logger(__name__)


@shared_task(name="plugins.purge_due")
def purge_due() -> None:
    """Begin the removal of what was kept of uninstalled plugins for long enough."""
    for found in list_purges_due():
        try:
            with transaction.atomic():
                # Read under a lock: it may have been installed again in the meantime.
                due = list_purges_due().select_for_update(of=("self",)).filter(pk=found.pk).first()
                if due is not None:
                    begin_removal(installation=due, purge_after=None, actor=SYSTEM)
        except TenantBusy:
            continue


@shared_task(name="plugins.rotate_passwords")
def rotate_passwords() -> None:
    """Give the database roles of installations new passwords; plugins ask for them when refused."""
    for installation in list_reachable():
        try:
            # Nobody closes it, or removes it, meanwhile.
            with claimed(installation.tenant):
                if list_reachable().filter(pk=installation.pk).exists():
                    open_database(installation)
        except (TenantBusy, NotFound):
            continue
        except DatabaseError:
            logger.exception("password_not_rotated", installation=str(installation.pk))


@shared_task(name=SENDING_TASK, autoretry_for=(OSError,), max_retries=5, retry_backoff=10)
def send_mail(*, user_id: str, plugin: str, subject: str, text: str) -> None:
    """Send a mail that a plugin has asked for, to somebody of the scope that it was asked in."""
    send_plugin_mail(user_id=UUID(user_id), plugin=plugin, subject=subject, text=text)
