"""A tenant's secrets, encrypted at rest."""

import secrets as random
from collections.abc import Collection

from plexica.core.crypto import Rotation, decrypt, encrypt, rotate_rows
from plexica.core.fence import fenced_transaction
from tenants.models import Tenant, TenantSecret

GENERATED_BYTES = 32


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


def rotate_secrets(*, is_dry: bool) -> Rotation:
    """Encrypt all tenants' secrets with the current key, or only count them."""
    return rotate_rows(TenantSecret.objects.all(), "ciphertext", is_dry=is_dry)
