"""Whom the platform trusts: keys, added and revoked."""

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from plexica.audit.services import record
from plexica.core.actor import Actor
from plexica.core.errors import Conflict, InvalidInput
from plexica.events.services import publish
from plexica_sdk.errors import KeyInvalid
from plexica_sdk.signing import PublicKey
from plugins.models import MAX_NAME_LENGTH, TrustedKey


class KeyKnown(Conflict):
    """The key is in the list already, trusted or revoked."""

    code = "key-known"
    title = gettext_noop("This key is in the list already")


class KeyRevoked(Conflict):
    """The key counts no more."""

    code = "key-revoked"
    title = gettext_noop("This key has been revoked")


def add_trusted_key(*, name: str, public_key: str, actor: Actor) -> TrustedKey:
    """Accept what a key signs from now on.

    Args:
        name: Whose it is, as people say it.
        public_key: The line of a `.pub` file.
        actor: Who trusts it.

    Raises:
        InvalidInput: A value is not acceptable.
        KeyKnown: The key is in the list; a revoked one is never trusted again.
    """
    name = name.strip()
    problems: dict[str, list[str]] = {}
    if not name or len(name) > MAX_NAME_LENGTH or not name.isprintable():
        problems["name"] = [
            _("Give a name of 1 to %(max)d printable characters.") % {"max": MAX_NAME_LENGTH}
        ]
    try:
        key = PublicKey.parse(public_key)
    except KeyInvalid:
        problems["public_key"] = [
            _("Give the line of a .pub file: ed25519, a blank, and 44 characters.")
        ]
    if problems:
        raise InvalidInput(_("See errors for what is wrong with which field."), fields=problems)
    try:
        with transaction.atomic():
            trusted = TrustedKey.objects.create(
                name=name,
                public_key=str(key),
                fingerprint=key.fingerprint,
                added_by=actor.name,
            )
            _tell("plugin.key_trusted", trusted, actor)
    except IntegrityError as error:
        raise KeyKnown(
            _("This key is in the list already, or was revoked for good."),
            fields={"public_key": [_("This key is in the list already, or was revoked for good.")]},
        ) from error
    return trusted


def revoke_trusted_key(*, key: TrustedKey, actor: Actor) -> TrustedKey:
    """Accept nothing more that a key signs. What is published stays so.

    Raises:
        KeyRevoked: It has been revoked already.
    """
    with transaction.atomic():
        key = TrustedKey.objects.select_for_update().get(pk=key.pk)
        if not key.is_trusted:
            raise KeyRevoked(_("This key has been revoked already."))
        key.revoked_at = timezone.now()
        key.revoked_by = actor.name
        key.save(update_fields=["revoked_at", "revoked_by"])
        _tell("plugin.key_revoked", key, actor)
    return key


def _tell(what: str, key: TrustedKey, actor: Actor) -> None:
    facts = {"name": key.name, "fingerprint": key.fingerprint}
    record(actor=actor, action=what, target=f"plugin_key:{key.pk}", after=facts)
    publish(event=what, payload=facts)
