import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from plexica.core import crypto


def test_what_is_encrypted_comes_back() -> None:
    ciphertext = crypto.encrypt("a secret ✓")
    assert "secret" not in ciphertext
    assert crypto.decrypt(ciphertext) == "a secret ✓"


def test_a_new_key_in_front_still_opens_the_old_and_rotation_moves_over(
    settings: Settings,
) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.PLEXICA_ENCRYPTION_KEYS = [old]
    ciphertext = crypto.encrypt("kept")

    settings.PLEXICA_ENCRYPTION_KEYS = [new, old]
    assert crypto.decrypt(ciphertext) == "kept"
    rotated = crypto.rotate(ciphertext)

    settings.PLEXICA_ENCRYPTION_KEYS = [new]
    assert crypto.decrypt(rotated) == "kept"
    with pytest.raises(crypto.UndecryptableError):
        crypto.decrypt(ciphertext)


def test_a_changed_text_is_refused() -> None:
    ciphertext = crypto.encrypt("kept")
    with pytest.raises(crypto.UndecryptableError):
        crypto.decrypt(ciphertext[:-4] + "AAAA")


def test_a_key_that_is_none_is_named_by_its_setting(settings: Settings) -> None:
    settings.PLEXICA_ENCRYPTION_KEYS = ["short"]
    with pytest.raises(ImproperlyConfigured, match="PLEXICA_ENCRYPTION_KEYS"):
        crypto.encrypt("x")
