"""Encryption at rest, with keys that can be rotated.

The first of `PLEXICA_ENCRYPTION_KEYS` encrypts; all of them decrypt. To rotate: put a new key in
front, run `manage.py rotate_secrets`, then take the old key away. The format is Fernet
(https://github.com/fernet/spec): AES-128-CBC with an HMAC-SHA256, and a time stamp.
"""

from collections.abc import Callable
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

_rotations: list[Callable[[], int]] = []


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


def register_rotation(rotate_all: Callable[[], int]) -> None:
    """Have an app's secrets rotated with all others.

    Args:
        rotate_all: Encrypts all of them with the current key, and says how many there are.
    """
    _rotations.append(rotate_all)


def rotate_everything() -> int:
    """Encrypt all secrets of all apps with the current key.

    Returns:
        How many there are.

    Raises:
        UndecryptableError: No present key opens one of them; its app's stay as they were.
    """
    return sum(rotate_all() for rotate_all in _rotations)
