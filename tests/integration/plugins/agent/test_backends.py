"""What everybody but the agent does with backends."""

from base64 import urlsafe_b64encode
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from plexica.audit.models import AuditEntry
from plexica.core.actor import Actor
from plexica.core.crypto import encrypt
from plexica.core.errors import PermanentError, TransientError
from plexica.core.health import measure
from plugins.backends import (
    BackendStateRefused,
    drop_backend,
    end_quarantine,
    endpoint_of,
    forget_endpoint,
    restart_backend,
    set_unconfined,
    wait_until_ready,
    want_backend,
)
from plugins.health import check_agent
from plugins.models import Backend, Installation, Release
from plugins.states import BackendState, InstallationState
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.integration.plugins.packages import Author
from tests.threads import threads

STELLA = Actor(kind="user", id="7", name="Stella")


@pytest.fixture
def release(ada: Author) -> Release:
    return ada.registered()


def become(release: Release, state: BackendState, **values: object) -> Backend:
    Backend.objects.filter(release=release).update(state=state, **values)
    return Backend.objects.get(release=release)


def test_a_backend_is_wanted_until_no_installation_needs_it(
    release: Release, acme: Tenant, ada: Author
) -> None:
    backend = want_backend(release=release)
    assert (backend.is_wanted, backend.state) == (True, BackendState.STOPPED)
    assert want_backend(release=release) == backend
    newer = ada.registered(version="0.2.0")
    installation = Installation.objects.create(
        tenant=acme, plugin=release.plugin, release=newer, target=release, installed_by="Ada"
    )
    for state, is_needed in (
        (InstallationState.UPGRADING, True),
        (InstallationState.DISABLED, True),
        (InstallationState.FAILED, False),
        (InstallationState.UNINSTALLING, False),
    ):
        want_backend(release=release)
        installation.state = state
        installation.save()
        drop_backend(release=release)
        assert Backend.objects.get().is_wanted is is_needed, state


def test_who_waits_is_told_when_it_answers(release: Release) -> None:
    want_backend(release=release)
    with threads(1) as submit:
        waiting = submit(wait_until_ready, release=release, seconds=20)
        assert not waiting.done()
        become(release, BackendState.READY)
        waiting.result(timeout=20)


def test_who_waits_is_told_why_it_does_not_answer(release: Release) -> None:
    with pytest.raises(PermanentError, match="not meant to run"):
        wait_until_ready(release=release, seconds=0)
    want_backend(release=release)
    with pytest.raises(TransientError, match="does the plugin agent run"):
        wait_until_ready(release=release, seconds=0)
    for state, error, words in (
        (BackendState.WAITING, TransientError, "does not answer yet. It fell."),
        (BackendState.REFUSED, PermanentError, "may not run here. It fell."),
        (BackendState.QUARANTINED, PermanentError, "ended several times by itself. It fell."),
    ):
        become(release, state, seen_at=release.registered_at, last_error="It fell.")
        with pytest.raises(error, match=words):
            wait_until_ready(release=release, seconds=5)


def test_it_is_reached_while_it_is_ready_from_any_scope(release: Release, acme: Tenant) -> None:
    backend = want_backend(release=release)
    secret = urlsafe_b64encode(b"k" * 32).decode().rstrip("=")
    assert endpoint_of(release.pk) is None
    become(release, BackendState.READY, address="127.0.0.1:9", ciphertext=encrypt(secret))
    with tenant_scope(acme):
        found = endpoint_of(release.pk)
    assert found
    assert (found.backend_id, found.address, found.key) == (backend.pk, "127.0.0.1:9", b"k" * 32)
    assert secret not in repr(found)
    become(release, BackendState.WAITING)
    assert endpoint_of(release.pk) == found
    forget_endpoint(release.pk)
    assert endpoint_of(release.pk) is None


def test_what_people_do_with_it_is_audited(release: Release) -> None:
    backend = want_backend(release=release)
    become(release, BackendState.READY)
    assert restart_backend(backend=backend, actor=STELLA).state == BackendState.WAITING
    with pytest.raises(BackendStateRefused, match="not in quarantine"):
        end_quarantine(backend=backend, actor=STELLA)
    become(release, BackendState.QUARANTINED, crashes=["2026-11-01T00:00:00+00:00"])
    with pytest.raises(BackendStateRefused, match="is in quarantine"):
        restart_backend(backend=backend, actor=STELLA)
    ended = end_quarantine(backend=backend, actor=STELLA)
    assert (ended.state, ended.crashes) == (BackendState.STOPPED, [])
    become(release, BackendState.REFUSED)
    for allowed in (True, True, False):
        set_unconfined(release=release, allowed=allowed, actor=STELLA)
        release.refresh_from_db()
        assert release.unconfined_by == ("Stella" if allowed else "")
    assert Backend.objects.get().state == BackendState.STOPPED
    become(release, BackendState.STOPPED, is_wanted=False)
    with pytest.raises(BackendStateRefused, match="Nobody needs"):
        restart_backend(backend=backend, actor=STELLA)
    told = AuditEntry.objects.filter(target="plugin:hello", actor_name="Stella").order_by("at")
    assert list(told.values_list("action", flat=True))[-4:] == [
        "plugin.backend_restarted",
        "plugin.backend_quarantine_ended",
        "plugin.release_unconfined",
        "plugin.release_confined",
    ]


def test_an_agent_that_is_missing_is_noticed(release: Release) -> None:
    check_agent()
    want_backend(release=release)
    for seen_at, is_well in (
        (None, False),
        (timezone.now() - timedelta(seconds=31), False),
        (timezone.now(), True),
    ):
        become(release, BackendState.STOPPED, seen_at=seen_at)
        assert measure("plugins", check_agent).is_up is is_well
    become(release, BackendState.STOPPED, seen_at=None, is_wanted=False)
    check_agent()


def test_secrets_are_rotated_with_all_others(release: Release, settings: Settings) -> None:
    want_backend(release=release)
    become(release, BackendState.READY, address="127.0.0.1:9", ciphertext=encrypt("a2V5"))
    old, new = settings.PLEXICA_ENCRYPTION_KEYS, Fernet.generate_key().decode()
    settings.PLEXICA_ENCRYPTION_KEYS = [new, *old]
    call_command("rotate_secrets", verbosity=0)
    settings.PLEXICA_ENCRYPTION_KEYS = [new]
    forget_endpoint(release.pk)
    found = endpoint_of(release.pk)
    assert found
    assert found.key == b"key"
    settings.PLEXICA_ENCRYPTION_KEYS = [*old, new]
    call_command("rotate_secrets", verbosity=0)
