"""`Idempotency-Key`: a request that is repeated begins nothing twice.

A key belongs to its caller and counts for a day. It is kept in the transaction that begins the
tenant, so that there is never the one without the other; a request that was refused has begun
nothing and keeps no key.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from plexica.core.actor import Actor
from plexica.core.errors import InvalidInput, PlexicaError
from tenants.models import IdempotencyKey, ProvisioningRun
from tenants.services import create_tenant

KEPT_FOR = timedelta(hours=24)
MAX_KEY_LENGTH = 255
_VISIBLE_ASCII = re.compile(rf"[\x21-\x7e]{{1,{MAX_KEY_LENGTH}}}")
_PRUNED_AT_ONCE = 100


class IdempotencyKeyReused(PlexicaError):
    """The key came before, with another body."""

    code = "idempotency-key-reused"
    title = "This Idempotency-Key was used for something else"
    status = 422


def check_key(key: str) -> None:
    """Accept a key that may be used.

    Raises:
        InvalidInput: It may not.
    """
    if not _VISIBLE_ASCII.fullmatch(key):
        raise InvalidInput(
            "The Idempotency-Key is not acceptable.",
            fields={
                "Idempotency-Key": [f"Use 1 to {MAX_KEY_LENGTH} visible ASCII characters."],
            },
        )


def create_tenant_once(*, key: str, values: Mapping[str, str], actor: Actor) -> ProvisioningRun:
    """Begin a tenant, or return the run that the same request has begun before.

    Args:
        key: What tells this request from the caller's others.
        values: What `create_tenant` takes.
        actor: Who asks.

    Raises:
        IdempotencyKeyReused: The key came before with other values.
        InvalidInput: The key or a value is not acceptable.
        SlugTaken: Another tenant has the slug.
    """
    check_key(key)
    caller = f"{actor.kind}:{actor.id}"
    digest = _digest(values)
    with transaction.atomic():
        _take_turn(caller, key)
        _prune(caller, key)
        known = (
            IdempotencyKey.objects.filter(caller=caller, key=key)
            .select_related("run__tenant")
            .first()
        )
        if known is None:
            run = create_tenant(**values, actor=actor)
            IdempotencyKey.objects.create(caller=caller, key=key, body_digest=digest, run=run)
            return run
    if known.body_digest != digest:
        raise IdempotencyKeyReused(
            "Send the body that this key was first used with, or another key."
        )
    return known.run


def _take_turn(caller: str, key: str) -> None:
    """Wait until nobody else is at work with this key; it is held until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"idempotency:{caller}:{key}"],
        )


def _prune(caller: str, key: str) -> None:
    expired = IdempotencyKey.objects.filter(created_at__lt=timezone.now() - KEPT_FOR)
    expired.filter(caller=caller, key=key).delete()
    # Somebody else may be deleting the same ones; nobody waits for that.
    some = expired.select_for_update(skip_locked=True).order_by("created_at")[:_PRUNED_AT_ONCE]
    IdempotencyKey.objects.filter(pk__in=[row.pk for row in some]).delete()


def _digest(values: Mapping[str, Any]) -> str:
    canonical = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
