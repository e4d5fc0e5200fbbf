"""A tenant's secrets, encrypted at rest."""

import secrets as random
from collections.abc import Collection
from typing import Any

from django.db import models, transaction

from plexica.core.crypto import decrypt, encrypt, rotate
from plexica.core.fence import fenced_transaction
from tenants.models import Tenant, TenantSecret

GENERATED_BYTES = 32
_BATCH = 500


def set_secret(*, tenant: Tenant, name: str, value: str) -> None:
    """Keep a secret, in place of the one that was kept under this name."""
    with fenced_transaction():
        TenantSecret.objects.update_or_create(
            tenant=tenant, name=name, defaults={"ciphertext": encrypt(value)}
        )


def get_secret(*, tenant: Tenant, name: str) -> str:
    """Return a secret.

    Raises:
        KeyError: None is kept under this name.
        UndecryptableError: No present key opens it.
    """
    found = TenantSecret.objects.filter(tenant=tenant, name=name).first()
    if found is None:
        raise KeyError(name)
    return decrypt(found.ciphertext)


def ensure_secret(*, tenant: Tenant, name: str) -> str:
    """Return a secret, generated if it is the first time that it is asked for."""
    generated = random.token_urlsafe(GENERATED_BYTES)
    with fenced_transaction():
        TenantSecret.objects.get_or_create(
            tenant=tenant, name=name, defaults={"ciphertext": encrypt(generated)}
        )
    return get_secret(tenant=tenant, name=name)


def delete_secrets(*, tenant: Tenant, names: Collection[str]) -> None:
    """Forget some of a tenant's secrets."""
    with fenced_transaction():
        TenantSecret.objects.filter(tenant=tenant, name__in=names).delete()


Holder = type[models.Model]
_holders: list[Holder] = [TenantSecret]


def register_secrets(model: Holder) -> None:
    """Have the secrets of a higher app's shared model rotated with those of tenants.

    Args:
        model: Its column `ciphertext` holds one, or nothing; from an app's `AppConfig.ready`.
    """
    _holders.append(model)


def rotate_secrets() -> int:
    """Encrypt all tenants' secrets, and those of higher apps, with the current key.

    Returns:
        How many there are.

    Raises:
        UndecryptableError: No present key opens one of them; all stay as they were.
    """
    with transaction.atomic():
        return sum(_rotate(model) for model in _holders)


def _rotate(model: Holder) -> int:
    rows: list[Any] = list(model._default_manager.exclude(ciphertext="").select_for_update())  # noqa: SLF001 (Django's documented name)
    for row in rows:
        row.ciphertext = rotate(row.ciphertext)
    model._default_manager.bulk_update(rows, ["ciphertext"], batch_size=_BATCH)  # noqa: SLF001
    return len(rows)
