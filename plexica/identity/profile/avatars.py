"""Pictures of people, in the bucket of their tenant.

Each has a name of its own, so that browsers may keep it for good, and so that nothing which takes
an old one away can meet the new one.
"""

import secrets
from contextlib import suppress
from typing import Any

import structlog
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from plexica.audit.services import record
from plexica.core.actor import Actor
from plexica.core.errors import NotFound, OutwardError
from plexica.core.images import Bounds, Picture
from plexica.core.scope import current_scope
from plexica.events.services import publish
from plexica.identity.models import User
from plexica.identity.people import lock_person

# Twice as many pixels as the largest place has.
AVATAR_BOUNDS = Bounds(width=192, height=192, is_square=True)
DIRECTORY = "_plexica/avatars"
REPLACED_EVENT = "user.avatar_replaced"
_TOKEN_BYTES = 4

logger = structlog.get_logger(__name__)


def set_avatar(*, user: User, actor: Actor, picture: Picture) -> None:
    """Show a picture for somebody.

    Raises:
        NotFound: They were removed.
        TransientError: The storage does not answer.
        PermanentError: It refuses.
    """
    name = f"{secrets.token_hex(_TOKEN_BYTES)}-{picture.name}"
    key: str = default_storage.save(f"{DIRECTORY}/{user.pk}/{name}", ContentFile(picture.content))
    try:
        _write(user, actor, key)
    except Exception:
        with suppress(OutwardError):
            default_storage.delete(key)
        raise


def remove_avatar(*, user: User, actor: Actor) -> None:
    """Show somebody's initial again; to do so twice changes nothing.

    Raises:
        NotFound: They were removed.
    """
    _write(user, actor, "")


def read_avatar(*, user: User, name: str) -> bytes:
    """Return somebody's picture.

    Args:
        user: Whose.
        name: What it is called in its address; a former one is not there any more.

    Raises:
        NotFound: They have no such picture.
        TransientError: The storage does not answer.
        PermanentError: It refuses.
    """
    if not user.avatar or user.avatar_name != name:
        raise NotFound
    try:
        with default_storage.open(user.avatar) as file:
            content: bytes = file.read()
    except FileNotFoundError as error:
        logger.warning("avatar_missing", user=str(user.pk))
        raise NotFound from error
    return content


def forget_replaced(payload: dict[str, Any]) -> None:
    """Delete a picture that nobody shows any more.

    Args:
        payload: Of the event `user.avatar_replaced`.

    Raises:
        TransientError: The storage does not answer.
    """
    default_storage.delete(payload["key"])


def forget_of_removed(payload: dict[str, Any]) -> None:
    """Delete the picture of somebody who was removed.

    Args:
        payload: Of the event `user.removed`.

    Raises:
        TransientError: The storage does not answer.
    """
    if current_scope().tenant_slug is None:
        return
    gone = User.objects.filter(pk=payload["user"], removed_at__isnull=False).exclude(avatar="")
    for user in gone.select_for_update():
        default_storage.delete(user.avatar)
        user.avatar = ""
        user.save(update_fields=["avatar"])


def _write(user: User, actor: Actor, key: str) -> None:
    with transaction.atomic():
        found = lock_person(user.pk)
        before, found.avatar = found.avatar, key
        if before == key:
            return
        found.save(update_fields=["avatar"])
        record(
            actor=actor,
            action="user.avatar_changed" if key else "user.avatar_removed",
            target=f"user:{found.pk}",
        )
        if before:
            publish(event=REPLACED_EVENT, payload={"user": str(found.pk), "key": before})
