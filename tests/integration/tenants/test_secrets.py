"""A tenant's secrets are encrypted at rest, and move over to a new key."""

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from pytest_django import Settings

from plexica.core.crypto import UndecryptableError, rotate_everything
from tenants.models import Tenant, TenantSecret
from tenants.secrets import delete_secrets, ensure_secret, get_secret, rotate_secrets, set_secret
from tests.integration.conftest import MakeRun


@pytest.fixture
def tenant(make_run: MakeRun) -> Tenant:
    return make_run().tenant


def test_a_secret_is_generated_once(tenant: Tenant) -> None:
    first = ensure_secret(tenant=tenant, name="a")
    assert len(first) >= 40
    assert ensure_secret(tenant=tenant, name="a") == first
    assert ensure_secret(tenant=tenant, name="b") != first


def test_what_lies_in_the_database_is_not_the_secret(tenant: Tenant) -> None:
    set_secret(tenant=tenant, name="a", value="plain-words")
    assert "plain-words" not in TenantSecret.objects.get(tenant=tenant, name="a").ciphertext


def test_a_forgotten_secret_is_gone(tenant: Tenant) -> None:
    for name in ("a", "b"):
        set_secret(tenant=tenant, name=name, value="x")
    delete_secrets(tenant=tenant, names=["a"])
    assert get_secret(tenant=tenant, name="b") == "x"
    with pytest.raises(KeyError):
        get_secret(tenant=tenant, name="a")


def test_rotation_moves_every_secret_to_the_new_key(tenant: Tenant, settings: Settings) -> None:
    set_secret(tenant=tenant, name="a", value="kept")
    old = settings.PLEXICA_ENCRYPTION_KEYS
    new = Fernet.generate_key().decode()
    try:
        settings.PLEXICA_ENCRYPTION_KEYS = [new, *old]
        call_command("rotate_secrets", verbosity=0)
        settings.PLEXICA_ENCRYPTION_KEYS = [new]
        assert get_secret(tenant=tenant, name="a") == "kept"
    finally:
        settings.PLEXICA_ENCRYPTION_KEYS = [*old, new]
        rotate_everything()


def test_a_secret_that_no_key_opens_stops_the_rotation(tenant: Tenant) -> None:
    TenantSecret.objects.create(tenant=tenant, name="a", ciphertext="junk")
    with pytest.raises(UndecryptableError):
        rotate_secrets()
