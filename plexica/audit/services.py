"""Writing the audit."""

from typing import Any

import structlog
from django.db import transaction

from plexica.audit.models import AuditEntry
from plexica.core.actor import Actor

MAX_NAME_LENGTH = 255


def record(
    *,
    actor: Actor,
    action: str,
    target: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Write down that somebody did something, in the transaction that does it.

    Args:
        actor: Who.
        action: What, in the past tense, such as `tenant.created`.
        target: On what, as `kind:id`, such as `tenant:acme`.
        before: The values that changed, as they were. Never a secret.
        after: The values that changed, as they are now. Never a secret.

    Raises:
        RuntimeError: No transaction is open, so that one could be kept without the other.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("An audit entry belongs into the transaction of what it tells.")
    AuditEntry.objects.create(
        actor_kind=actor.kind,
        actor_id=actor.id,
        # Realms let people write names that are longer, first and last together.
        actor_name=actor.name[:MAX_NAME_LENGTH],
        action=action,
        target=target,
        before=before,
        after=after,
        request_id=structlog.contextvars.get_contextvars().get("request_id", ""),
    )
