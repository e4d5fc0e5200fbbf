"""An installation's secrets, encrypted at rest: its database password, and secret settings."""

import secrets as random
from collections.abc import Collection, Mapping

from plexica.core.crypto import Rotation, decrypt, encrypt, rotate_rows
from plexica.core.fence import fenced_transaction
from plugins.models import Installation, InstallationSecret

DATABASE = "database"
_SETTING = "setting:"
# Of a release that an upgrade brings, until it is there.
_TARGET = "target:"
_GENERATED_BYTES = 32


def new_password() -> str:
    """Return a password that nobody guesses."""
    return random.token_urlsafe(_GENERATED_BYTES)


def set_database_password(*, installation: Installation, password: str) -> None:
    """Keep the password of an installation's database role."""
    _keep(installation, DATABASE, password)


def database_password(*, installation: Installation) -> str:
    """Return the password of an installation's database role.

    Raises:
        KeyError: It has none yet.
        UndecryptableError: No present key opens it.
    """
    found = InstallationSecret.objects.filter(installation=installation, name=DATABASE).first()
    if found is None:
        raise KeyError(DATABASE)
    return decrypt(found.ciphertext)


def forget_database_password(*, installation: Installation) -> None:
    """Forget the password of an installation's database role."""
    with fenced_transaction():
        InstallationSecret.objects.filter(installation=installation, name=DATABASE).delete()


def set_secret_settings(*, installation: Installation, values: Mapping[str, str]) -> None:
    """Keep the values of secret settings, in place of those that were kept."""
    for name, value in values.items():
        _keep(installation, _SETTING + name, value)


def forget_secret_settings(*, installation: Installation, names: Collection[str]) -> None:
    """Forget the values of some secret settings."""
    with fenced_transaction():
        InstallationSecret.objects.filter(
            installation=installation, name__in=[_SETTING + name for name in names]
        ).delete()


def set_target_secrets(*, installation: Installation, values: Mapping[str, str]) -> None:
    """Keep values of secret settings that count once an upgrade has succeeded."""
    for name, value in values.items():
        _keep(installation, _TARGET + name, value)


def adopt_target_secrets(*, installation: Installation) -> None:
    """Let the secret settings that an upgrade has brought count from now on."""
    with fenced_transaction():
        found = InstallationSecret.objects.filter(
            installation=installation, name__startswith=_TARGET
        )
        values = {each.name.removeprefix(_TARGET): decrypt(each.ciphertext) for each in found}
        set_secret_settings(installation=installation, values=values)
        found.delete()


def forget_target_secrets(*, installation: Installation) -> None:
    """Forget the secret settings of an upgrade that has failed."""
    with fenced_transaction():
        InstallationSecret.objects.filter(
            installation=installation, name__startswith=_TARGET
        ).delete()


def names_of_secret_settings(*, installation: Installation) -> frozenset[str]:
    """Return which secret settings have a value."""
    names = InstallationSecret.objects.filter(
        installation=installation, name__startswith=_SETTING
    ).values_list("name", flat=True)
    return frozenset(name.removeprefix(_SETTING) for name in names)


def secret_settings(*, installation: Installation) -> dict[str, str]:
    """Return the values of the secret settings: for the plugin, and for nobody else.

    Raises:
        UndecryptableError: No present key opens one of them.
    """
    found = InstallationSecret.objects.filter(
        installation=installation, name__startswith=_SETTING
    ).values_list("name", "ciphertext")
    return {name.removeprefix(_SETTING): decrypt(ciphertext) for name, ciphertext in found}


def rotate_installation_secrets(*, is_dry: bool) -> Rotation:
    """Encrypt all installations' secrets with the current key, or only count them."""
    return rotate_rows(InstallationSecret.objects.all(), "ciphertext", is_dry=is_dry)


def _keep(installation: Installation, name: str, value: str) -> None:
    with fenced_transaction():
        InstallationSecret.objects.update_or_create(
            installation=installation, name=name, defaults={"ciphertext": encrypt(value)}
        )
