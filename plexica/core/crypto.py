"""Encryption at rest, with keys that can be rotated.

The first of `PLEXICA_ENCRYPTION_KEYS` encrypts; all of them decrypt. To rotate: put a new key in
front, run `manage.py rotate_secrets`, then take the old key away
(docs/security/rotating-secrets.md). The format is Fernet
(https://github.com/fernet/spec): AES-128-CBC with an HMAC-SHA256, and a time stamp.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

if TYPE_CHECKING:
    from django.db.models import QuerySet

BATCH = 200


class Rotate(Protocol):
    """Encrypts all secrets of an app with the current key."""

    def __call__(self, *, is_dry: bool) -> "Rotation":
        """Do it, or only count them."""


_rotations: list[Rotate] = []


class UndecryptableError(Exception):
    """None of the present keys opens this."""


@lru_cache(maxsize=4)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError as error:
        raise ImproperlyConfigured(
            "PLEXICA_ENCRYPTION_KEYS must be 32 bytes each, in URL-safe base64."
        ) from error


def encrypt(value: str) -> str:
    """Return a value encrypted with the current key."""
    return _fernet(tuple(settings.PLEXICA_ENCRYPTION_KEYS)).encrypt(value.encode()).decode()


def decrypt(ciphertext: str) -> str:
    """Return what was encrypted with any of the keys.

    Raises:
        UndecryptableError: No key fits, or the text was changed.
    """
    try:
        return _fernet(tuple(settings.PLEXICA_ENCRYPTION_KEYS)).decrypt(ciphertext).decode()
    except InvalidToken as error:
        raise UndecryptableError("No present key opens this secret.") from error


def rotate(ciphertext: str) -> str:
    """Return the same secret, encrypted with the current key.

    Raises:
        UndecryptableError: No key fits, or the text was changed.
    """
    return encrypt(decrypt(ciphertext))


def is_current(ciphertext: str) -> bool:
    """Return whether a secret is encrypted with the current key."""
    try:
        Fernet(settings.PLEXICA_ENCRYPTION_KEYS[0]).decrypt(ciphertext)
    except InvalidToken:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a rotation has found.

    Attributes:
        total: How many secrets there are.
        moved: How many of them were, or are, encrypted with another key than the current one.
        lost: How many no present key opens; they stay as they are.
    """

    total: int = 0
    moved: int = 0
    lost: int = 0

    def __add__(self, other: "Rotation") -> "Rotation":
        return Rotation(self.total + other.total, self.moved + other.moved, self.lost + other.lost)


def rotate_rows(rows: "QuerySet[Any]", field: str, *, is_dry: bool = False) -> Rotation:
    """Encrypt a field of all rows with the current key, some at a time.

    Each batch is a transaction, and what is done already is passed over: whoever is stopped in
    between goes on where they were. Rows without a secret are left out.

    Args:
        rows: The rows.
        field: The field with the ciphertext.
        is_dry: Whether they are only counted.
    """
    found, last = Rotation(), None
    while True:
        with transaction.atomic():
            batch = rows.exclude(**{field: ""}).order_by("pk")
            if last is not None:
                batch = batch.filter(pk__gt=last)
            # Whoever writes one of them meanwhile waits, and is not written over.
            taken = list(batch.select_for_update(of=("self",)).only("pk", field)[:BATCH])
            if not taken:
                return found
            found += _rotate_batch(taken, field, is_dry=is_dry)
        last = taken[-1].pk


def _rotate_batch(batch: list[Any], field: str, *, is_dry: bool) -> Rotation:
    old = [row for row in batch if not is_current(getattr(row, field))]
    moved = []
    for row in old:
        try:
            setattr(row, field, rotate(getattr(row, field)))
        except UndecryptableError:
            continue
        moved.append(row)
    if moved and not is_dry:
        type(moved[0])._base_manager.bulk_update(moved, [field])  # noqa: SLF001 (documented)
    return Rotation(len(batch), len(moved), len(old) - len(moved))


def register_rotation(rotate_all: "Rotate") -> None:
    """Have an app's secrets rotated with all others.

    Args:
        rotate_all: Encrypts all of them with the current key, or only counts them (`is_dry`).
    """
    _rotations.append(rotate_all)


def rotate_everything(*, is_dry: bool = False) -> Rotation:
    """Encrypt all secrets of all apps with the current key, or only count them.

    It can be stopped at any moment, and called again.
    """
    found = Rotation()
    for rotate_all in _rotations:
        found += rotate_all(is_dry=is_dry)
    return found
