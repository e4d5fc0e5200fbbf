"""The pictures of a tenant's theme, in its bucket: put there, read, and removed again."""

from dataclasses import dataclass

import structlog
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from plexica.core.actor import Actor
from plexica.core.errors import NotFound, OutwardError, PlexicaError
from plexica.core.images import CONTENT_TYPES, Bounds, Picture
from plexica.storage.errors import mapped_errors
from tenants.models import Tenant
from tenants.services import update_theme
from tenants.theme import PICTURES_PREFIX

# Twice as large as they are shown: beside the name, and on the login page.
LOGO_BOUNDS = Bounds(480, 128)
# What a telephone puts on its first page is the largest.
ICON_BOUNDS = Bounds(192, 192, format="PNG", is_square=True)

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PictureChange:
    """What becomes of one picture.

    Attributes:
        picture: The one that takes its place.
        is_removed: Whether there is to be none; a new one counts for more.
    """

    picture: Picture | None = None
    is_removed: bool = False


def change_theme(
    *,
    tenant: Tenant,
    actor: Actor,
    theme_colour: str,
    theme_mode: str,
    logo: PictureChange,
    icon: PictureChange,
) -> Tenant:
    """Change how a tenant's pages look, in its scope.

    New pictures are in the bucket before the row names them; what it names no longer is removed
    after the commit.

    Raises:
        InvalidInput: A value is not acceptable.
        StaleTenant: Somebody else changed the tenant since it was read.
        OutwardError: The storage server does not take a picture.
    """
    before = {tenant.logo, tenant.icon}
    keys = {"logo": _put(logo), "icon": _put(icon)}
    try:
        with transaction.atomic():
            update_theme(
                tenant=tenant,
                actor=actor,
                theme_colour=theme_colour,
                theme_mode=theme_mode,
                **keys,
            )
            transaction.on_commit(lambda: _remove_unused(tenant, before))
    except PlexicaError:
        _remove_unused(tenant, {key for key in keys.values() if key})
        raise
    return tenant


def read_theme_picture(*, tenant: Tenant, name: str) -> tuple[bytes, str]:
    """Return a picture of the present theme, and its type for browsers.

    Args:
        tenant: Whose it is; the current scope is its own.
        name: The last part of its address.

    Raises:
        NotFound: The theme has no such picture.
        OutwardError: The storage server does not answer.
    """
    key = f"{PICTURES_PREFIX}{name}"
    if key not in {tenant.logo, tenant.icon}:
        raise NotFound
    try:
        with mapped_errors("reading a picture"), default_storage.open(key) as file:
            content: bytes = file.read()
    except FileNotFoundError as error:
        raise NotFound from error
    return content, CONTENT_TYPES[name.rpartition(".")[2]]


def _put(change: PictureChange) -> str | None:
    """Bring a picture into the bucket, and return its key; None if nothing is to change."""
    if change.picture is None:
        return "" if change.is_removed else None
    key = f"{PICTURES_PREFIX}{change.picture.name}"
    # Its name tells what is in it: one that is there is the same.
    if not default_storage.exists(key):
        file = ContentFile(change.picture.content, name=change.picture.name)
        file.content_type = change.picture.content_type  # type: ignore[attr-defined] # S3Storage reads it
        saved = default_storage.save(key, file)
        if saved != key:
            # Somebody else brought the same picture at the same moment.
            _remove(saved)
    return key


def _remove_unused(tenant: Tenant, keys: set[str]) -> None:
    """Remove pictures that the theme does not name; one that stays is harmless."""
    used = Tenant.objects.filter(pk=tenant.pk).values_list("logo", "icon").first() or ()
    for key in keys - {"", *used}:
        _remove(key)


def _remove(key: str) -> None:
    try:
        default_storage.delete(key)
    except OutwardError as error:
        logger.warning("theme_picture_kept", key=key, reason=str(error))
