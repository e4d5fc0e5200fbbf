"""Who may open an archive, and how it is known whose it is."""

import hmac
from base64 import urlsafe_b64decode
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

import pyrage
from django.conf import settings
from django.utils.translation import gettext as _
from pyrage.x25519 import Identity, Recipient

from plexica.core.errors import InvalidInput

_SEAL_CONTEXT = b"plexica backup seal v1\0"
_SECRET_PREFIX = "AGE-SECRET-KEY-"  # noqa: S105 (how each such key begins)
_MAX_KEY_FILE_BYTES = 64 * 1024


def recipients_of(keys: Iterable[str]) -> list[Recipient]:
    """Return those who may open an archive, by their public keys (`age1…`).

    Raises:
        InvalidInput: One is no such key.
    """
    found = []
    for key in keys:
        try:
            found.append(Recipient.from_str(key.strip()))
        except pyrage.RecipientError as error:
            raise InvalidInput(
                _("A public key for backups looks like age1…, with 62 characters.")
            ) from error
    return found


def identities_in(path: Path) -> list[Identity]:
    """Return the secret keys in a file, as `age-keygen` and `backup key` write them.

    Raises:
        InvalidInput: There is no such file, or no key in it.
    """
    try:
        with path.open(encoding="ascii") as file:
            lines = file.read(_MAX_KEY_FILE_BYTES).splitlines()
        found = [
            Identity.from_str(line.strip()) for line in lines if line.startswith(_SECRET_PREFIX)
        ]
    except (OSError, UnicodeDecodeError, pyrage.IdentityError) as error:
        raise InvalidInput(
            _("%(path)s cannot be read as a file of secret keys.") % {"path": path}
        ) from error
    if not found:
        raise InvalidInput(_("There is no secret key in %(path)s.") % {"path": path})
    return found


def new_identity() -> tuple[str, str]:
    """Return a new secret key and the public key that belongs to it."""
    identity = Identity.generate()
    return str(identity), str(identity.to_public())


def seal(content: bytes) -> str:
    """Return what only a platform with the present encryption key can say of some bytes."""
    return _seal(content, settings.PLEXICA_ENCRYPTION_KEYS[0])


def is_sealed_here(content: bytes, given: str) -> bool:
    """Return whether a platform with one of the present encryption keys has sealed some bytes."""
    return any(
        hmac.compare_digest(_seal(content, key), given) for key in settings.PLEXICA_ENCRYPTION_KEYS
    )


def _seal(content: bytes, key: str) -> str:
    own = hmac.digest(urlsafe_b64decode(key), _SEAL_CONTEXT, sha256)
    return hmac.new(own, content, sha256).hexdigest()
