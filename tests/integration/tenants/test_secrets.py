"""A tenant's secrets are encrypted at rest, and move over to a new key."""

from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from cryptography.fernet import Fernet
from django.conf import settings as settings_module
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from plexica.core import crypto
from plexica.core.crypto import rotate_everything
from plexica.identity.browser_sessions import open_tokens, seal_tokens
from plexica.identity.models import BrowserSession, User
from plexica.identity.session_store import SessionStore
from plexica.storage.files import LinkExpired, read_link, sign_link
from tenants.models import Tenant, TenantSecret
from tenants.scopes import tenant_scope
from tenants.secrets import delete_secrets, ensure_secret, get_secret, set_secret
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


def test_a_secret_that_no_key_opens_is_told_and_kept(tenant: Tenant) -> None:
    lost = TenantSecret.objects.create(tenant=tenant, name="a", ciphertext="junk")
    set_secret(tenant=tenant, name="b", value="kept")
    with pytest.raises(CommandError, match="1 of "):
        call_command("rotate_secrets", verbosity=0)
    lost.refresh_from_db()
    assert lost.ciphertext == "junk"
    assert get_secret(tenant=tenant, name="b") == "kept"


@pytest.fixture
def new_key(settings: Settings) -> Iterator[str]:
    """A new key in front of those that there are; afterwards all is as it was."""
    old = settings.PLEXICA_ENCRYPTION_KEYS
    new = Fernet.generate_key().decode()
    settings.PLEXICA_ENCRYPTION_KEYS = [new, *old]
    yield new
    settings.PLEXICA_ENCRYPTION_KEYS = [*old, new]
    rotate_everything()


def test_a_rotation_that_was_killed_goes_on(
    tenant: Tenant, new_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"s{number}" for number in range(7)]
    for name in names:
        set_secret(tenant=tenant, name=name, value=name)
    old_keys = settings_module.PLEXICA_ENCRYPTION_KEYS[1:]
    with monkeypatch.context() as patched:
        patched.setattr(settings_module, "PLEXICA_ENCRYPTION_KEYS", old_keys)
        for name in names:
            set_secret(tenant=tenant, name=name, value=name)
    monkeypatch.setattr(crypto, "BATCH", 2)
    real, done = crypto._rotate_batch, []  # noqa: SLF001 (where it dies)

    def dies(batch: Any, field: str, *, is_dry: bool) -> Any:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(real(batch, field, is_dry=is_dry))
        return done[-1]

    rows = TenantSecret.objects.filter(tenant=tenant, name__in=names)
    monkeypatch.setattr(crypto, "_rotate_batch", dies)
    with pytest.raises(KeyboardInterrupt):
        crypto.rotate_rows(rows, "ciphertext")
    monkeypatch.setattr(crypto, "_rotate_batch", real)
    # Both kinds are read meanwhile, and what is left is known.
    assert [get_secret(tenant=tenant, name=name) for name in names] == names
    assert crypto.rotate_rows(rows, "ciphertext", is_dry=True) == crypto.Rotation(7, 3, 0)
    with pytest.raises(CommandError, match="still need another key"):
        call_command("rotate_secrets", "--check", verbosity=0)
    call_command("rotate_secrets", verbosity=0)
    call_command("rotate_secrets", "--check", verbosity=0)
    monkeypatch.setattr(settings_module, "PLEXICA_ENCRYPTION_KEYS", [new_key])
    assert [get_secret(tenant=tenant, name=name) for name in names] == names


def test_the_tokens_of_sessions_move_too(acme: Tenant, new_key: str) -> None:
    with tenant_scope(acme):
        user = User.objects.create(issuer="http://rotation", subject="a")
        store = SessionStore()
        store.create()
        with mock.patch.object(
            settings_module, "PLEXICA_ENCRYPTION_KEYS", settings_module.PLEXICA_ENCRYPTION_KEYS[1:]
        ):
            sealed = seal_tokens({"refresh_token": "kept"})
        browser = BrowserSession.objects.create(
            session=Session.objects.get(pk=store.session_key), user=user, tokens=sealed
        )
    try:
        call_command("rotate_secrets", verbosity=0)
        with tenant_scope(acme):
            browser.refresh_from_db()
        with mock.patch.object(settings_module, "PLEXICA_ENCRYPTION_KEYS", [new_key]):
            assert open_tokens(browser.tokens) == {"refresh_token": "kept"}
    finally:
        with tenant_scope(acme):
            Session.objects.filter(pk=store.session_key).delete()
            user.delete()


def test_a_session_and_a_link_survive_a_new_secret_key(acme: Tenant, settings: Settings) -> None:
    link = sign_link(tenant=acme, key="a.txt")
    with tenant_scope(acme):
        user = User.objects.create(issuer="http://rotation", subject="b", first_name="Ada")
        client = Client(headers={"host": "acme.localhost"})
        client.force_login(user)
    try:
        old, settings.SECRET_KEY = settings.SECRET_KEY, "n" * 50
        assert client.get("/profile/").status_code == 302
        with tenant_scope(acme):
            client.force_login(user)
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "m" * 50, ["n" * 50, old]
        assert client.get("/profile/").status_code == 200
        assert read_link(tenant=acme, link=link) == "a.txt"
        settings.SECRET_KEY_FALLBACKS = []
        with pytest.raises(LinkExpired):
            read_link(tenant=acme, link=link)
    finally:
        with tenant_scope(acme):
            user.delete()
