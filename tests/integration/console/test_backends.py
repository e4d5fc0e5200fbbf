"""The console's pages about what runs."""

from collections.abc import Iterator
from datetime import timedelta
from html import unescape

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from plugins.backends import want_backend
from plugins.models import Backend, Release
from plugins.states import BackendState
from tests.integration.plugins.packages import Author, empty_registry


def url(name: str, *args: object) -> str:
    return reverse(f"console:{name}", urlconf=settings.PUBLIC_SCHEMA_URLCONF, args=args)


@pytest.fixture
def release(_platform_scope: None) -> Iterator[Release]:
    empty_registry()
    author = Author()
    author.trusted()
    yield author.registered()
    empty_registry()


def become(release: Release, state: BackendState, **values: object) -> None:
    want_backend(release=release)
    Backend.objects.update(state=state, **values)


def text_of(answer: HttpResponse, status: int = 200) -> str:
    assert answer.status_code == status, answer.content.decode()
    return unescape(answer.content.decode())


def test_the_list_says_what_runs_and_whether_somebody_looks(
    admin: Client, release: Release
) -> None:
    assert "Nothing runs yet" in text_of(admin.get(url("plugin_backends")))
    become(release, BackendState.WAITING, last_error="It <fell>.", restarts=4)
    page = text_of(admin.get(url("plugin_backends")))
    assert "Waits to be started again" in page
    assert "It <fell>." in page
    assert "The plugin agent does not run" in page
    become(release, BackendState.READY, seen_at=timezone.now())
    fragment = text_of(admin.get(url("plugin_backends"), headers={"HX-Request": "true"}))
    assert fragment.startswith('<div id="backend-table"')
    assert "The plugin agent does not run" not in fragment
    become(release, BackendState.READY, seen_at=timezone.now() - timedelta(minutes=1))
    assert "The plugin agent does not run" in text_of(admin.get(url("plugin_backends")))


def test_a_page_shows_the_log_as_it_is_and_no_secret(admin: Client, release: Release) -> None:
    become(release, BackendState.QUARANTINED, log_tail="<b>down</b>\n", ciphertext="gAAAAsecret")
    answer = admin.get(url("plugin_backend", "hello", "0.1.0"))
    assert b"&lt;b&gt;down&lt;/b&gt;" in answer.content
    assert b"gAAAAsecret" not in answer.content
    assert url("plugin_backend_end_quarantine", "hello", "0.1.0") in text_of(answer)
    assert url("plugin_backend_restart", "hello", "0.1.0") not in text_of(answer)


def test_a_release_that_never_ran_has_no_page(admin: Client, release: Release) -> None:
    for name in ("plugin_backend", "plugin_backend_restart", "plugin_backend_unconfine"):
        assert admin.get(url(name, "hello", "0.1.0")).status_code == 404


def test_what_is_asked_is_done_and_what_cannot_be_is_refused(
    admin: Client, release: Release
) -> None:
    become(release, BackendState.READY)
    address = url("plugin_backend_restart", "hello", "0.1.0")
    assert "no tenant reaches this plugin" in text_of(admin.get(address))
    assert Backend.objects.get().state == BackendState.READY
    assert admin.post(address)["Location"] == url("plugin_backend", "hello", "0.1.0")
    assert Backend.objects.get().state == BackendState.WAITING
    refused = admin.post(url("plugin_backend_end_quarantine", "hello", "0.1.0"))
    assert "not in quarantine" in text_of(refused, 409)
    become(release, BackendState.QUARANTINED)
    assert admin.post(url("plugin_backend_end_quarantine", "hello", "0.1.0")).status_code == 302
    assert Backend.objects.get().state == BackendState.STOPPED
    for name, is_allowed in (("plugin_backend_unconfine", True), ("plugin_backend_confine", False)):
        assert admin.post(url(name, "hello", "0.1.0")).status_code == 302
        release.refresh_from_db()
        assert (release.unconfined_at is not None) is is_allowed
