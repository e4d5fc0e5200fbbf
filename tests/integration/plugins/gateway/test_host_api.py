"""What a backend may ask its host for: by its token, for its tenant, and while it is served."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.core import mail, signing
from django.test import Client
from django.utils import timezone

from plexica.core.crypto import encrypt
from plexica.core.scope import platform_scope
from plexica.events.models import OutboxMessage
from plugins.gateway.tokens import HostToken, make_host_token
from plugins.host_api import base, views
from plugins.host_api.mails import send_plugin_mail
from plugins.lifecycle.files import remove_files
from plugins.models import Installation, InstallationSecret, Release
from plugins.states import InstallationState
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.integration.plugins.gateway.conftest import install, set_state
from tests.integration.workspace.conftest import Member

_API = "/api/host/v1"
_EVERYTHING = [
    ("GET", "/installation"),
    ("POST", "/database"),
    ("GET", "/users"),
    ("GET", "/files"),
    ("GET", "/files/a.txt"),
    ("PUT", "/files/a.txt"),
    ("DELETE", "/files/a.txt"),
    ("POST", "/events"),
    ("POST", "/mails"),
]


class Host:
    """The host, as a backend calls it: by an inner address."""

    def __init__(self, token: str) -> None:
        self.client = Client(headers={"host": "127.0.0.1:8000", "authorization": f"Bearer {token}"})

    def ask(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """Return the host's answer."""
        content = json.dumps(body) if body is not None else ""
        return self.client.generic(
            method, f"{_API}{path}", content, content_type="application/json", **options
        )


def token_of(installation: Installation) -> str:
    return make_host_token(HostToken(installation.pk, installation.tenant_id))


@pytest.fixture
def host(installation: Installation) -> Host:
    return Host(token_of(installation))


def test_an_installation_learns_of_itself(host: Host, installation: Installation) -> None:
    answer = host.ask("GET", "/installation")
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    assert answer.json() == {
        "id": str(installation.pk),
        "plugin": "hello",
        "version": "0.1.0",
        "tenant": {"id": str(installation.tenant_id), "slug": "acme", "name": "Acme"},
        "uses": ["events", "mail", "storage", "users:read"],
        "settings": {},
    }


def test_it_gets_the_address_of_its_schema(host: Host, installation: Installation) -> None:
    assert host.ask("POST", "/database").status_code == 409
    InstallationSecret.objects.create(
        installation=installation, name="database", ciphertext=encrypt("a-password")
    )
    answer = host.ask("POST", "/database", {})
    assert answer.status_code == 200
    found = answer.json()
    assert found["schema"] == "t_acme__hello"
    assert found["url"].startswith(f"postgresql://{installation.database_role}:a-password@")


@pytest.mark.parametrize("state", list(InstallationState))
def test_only_what_is_enabled_is_served(
    host: Host, installation: Installation, state: InstallationState
) -> None:
    set_state(installation, state)
    is_changing = state in {InstallationState.INSTALLING, InstallationState.UPGRADING}
    for method, path in _EVERYTHING:
        status = host.ask(method, path).status_code
        is_open = state == InstallationState.ENABLED or (
            is_changing and path in {"/installation", "/database"}
        )
        assert (status != 401) == is_open, (method, path, status)


def test_a_token_is_good_for_ten_minutes_and_cannot_be_made(installation: Installation) -> None:
    with mock.patch("django.core.signing.time.time", return_value=0.0):
        old = token_of(installation)
    payload = [installation.pk.hex, installation.tenant_id.hex]
    forged = [
        old,
        token_of(installation)[:-1],
        signing.dumps(payload),
        signing.dumps(payload, salt="plexica.storage.link"),
        signing.dumps(payload, salt="plugins.host_token", key="another"),
        "nonsense",
        "x" * 10_000,
    ]
    for token in forged:
        for method, path in _EVERYTHING:
            assert Host(token).ask(method, path).status_code == 401
    assert Client().get(f"{_API}/installation").status_code == 401


def test_no_cookie_counts_and_no_host_name(ada: Member, installation: Installation) -> None:
    assert ada.client.get(f"{_API}/installation").status_code == 401
    answer = Client().get(
        f"{_API}/installation",
        headers={"host": "globex.localhost", "authorization": f"Bearer {token_of(installation)}"},
    )
    assert answer.json()["tenant"]["slug"] == "acme"


def test_a_token_of_acme_reaches_nothing_of_globex(
    host: Host, release: Release, globex: Tenant, ada: Member, cy: Member
) -> None:
    theirs = install(release, globex)
    found = host.ask("GET", "/users").json()["results"]
    assert str(ada.user.pk) in {each["id"] for each in found}
    assert str(cy.user.pk) not in {each["id"] for each in found}
    mixed = make_host_token(HostToken(theirs.pk, ada.tenant.pk))
    for method, path in _EVERYTHING:
        assert Host(mixed).ask(method, path).status_code == 401
    refused = host.ask("POST", "/mails", {"to": str(cy.user.pk), "subject": "Hi", "text": "Hi"})
    assert refused.status_code == 400


@pytest.mark.parametrize("lacks", ["manifest", "agreement"])
def test_what_is_not_asked_for_or_not_agreed_to_is_refused(
    host: Host, installation: Installation, lacks: str
) -> None:
    with platform_scope():
        if lacks == "manifest":
            manifest = {**installation.release.manifest, "host": {"min_version": "0.1.0"}}
            del manifest["events"]
            Release.objects.filter(pk=installation.release_id).update(manifest=manifest)
        else:
            Installation.objects.filter(pk=installation.pk).update(uses=[])
    for method, path in _EVERYTHING[2:]:
        assert host.ask(method, path).status_code == 403, path
    assert host.ask("GET", "/installation").status_code == 200


def test_a_suspended_tenant_is_not_served(host: Host, acme: Tenant) -> None:
    Tenant.objects.filter(pk=acme.pk).update(state="SUSPENDED")
    try:
        for method, path in _EVERYTHING:
            assert host.ask(method, path).status_code == 401
    finally:
        Tenant.objects.filter(pk=acme.pk).update(state="ACTIVE")


def test_people_come_in_pages(host: Host, ada: Member, bo: Member) -> None:
    seen, after = [], ""
    while True:
        page = host.ask("GET", f"/users?limit=1&after={after}" if after else "/users?limit=1")
        seen += page.json()["results"]
        after = page.json()["next"]
        if not after:
            break
    assert {str(ada.user.pk), str(bo.user.pk)} <= {each["id"] for each in seen}
    assert len(seen) == len({each["id"] for each in seen})
    assert set(seen[0]) == {"id", "name", "email", "is_active"}
    assert host.ask("GET", "/users?limit=1000").status_code == 400


@pytest.fixture
def files(host: Host, installation: Installation) -> Iterator[Host]:
    yield host
    remove_files(installation)


def test_files_are_kept_below_the_prefix(files: Host, installation: Installation) -> None:
    def put(key: str, content: bytes) -> int:
        return files.client.put(
            f"{_API}/files/{key}", content, content_type="text/plain; charset=utf-8"
        ).status_code

    assert put("notes/a%20b.txt", b"one") == 204
    assert put("notes/a%20b.txt", b"two") == 204
    assert put("other.txt", b"") == 204
    listed = files.ask("GET", "/files?prefix=notes/").json()
    assert [(each["key"], each["size"]) for each in listed["results"]] == [("notes/a b.txt", 3)]
    page = files.ask("GET", "/files?limit=1").json()
    assert page["next"] == "notes/a b.txt"
    rest = files.ask("GET", f"/files?limit=1&after={page['next'].replace(' ', '%20')}").json()
    assert [each["key"] for each in rest["results"]] == ["other.txt"]
    read = files.ask("GET", "/files/notes/a%20b.txt")
    assert b"".join(read.streaming_content) == b"two"
    assert read["Content-Type"] == "text/plain; charset=utf-8"
    for _ in range(2):
        assert files.ask("DELETE", "/files/notes/a%20b.txt").status_code == 204
    assert files.ask("GET", "/files/notes/a%20b.txt").status_code == 404


@pytest.mark.parametrize("key", ["../../theme/logo", "a/../b", "%2e%2e/x", "a//b", "/x"])
def test_no_key_leads_out_of_the_prefix(files: Host, key: str) -> None:
    for method in ("GET", "PUT", "DELETE"):
        assert files.ask(method, f"/files/{key}").status_code == 404


def test_a_file_has_ten_megabytes_at_most(files: Host) -> None:
    sent = b"x" * (10 * 1024 * 1024)
    answer = files.client.put(f"{_API}/files/big", sent, content_type="text/plain")
    assert answer.status_code == 204
    answer = files.client.put(f"{_API}/files/big", sent + b"x", content_type="text/plain")
    assert answer.status_code == 413


def test_events_of_the_manifest_are_published(host: Host) -> None:
    before = timezone.now() - timedelta(seconds=1)
    answer = host.ask("POST", "/events", {"event": "hello.greeted", "payload": {"whom": "Bo"}})
    assert answer.status_code == 202
    message = OutboxMessage.objects.filter(event="hello.greeted", published_at__gt=before).get()
    assert (message.tenant, message.payload) == ("acme", {"whom": "Bo"})
    for event in ("tenant.updated", "hello.other"):
        answer = host.ask("POST", "/events", {"event": event, "payload": {}})
        assert answer.status_code == 400
    assert host.ask("POST", "/events", {"event": "hello.greeted"}).status_code == 400


def test_mail_goes_to_people_of_the_tenant(host: Host, ada: Member) -> None:
    wanted = {"to": str(ada.user.pk), "subject": "Hi", "text": "How are you?"}
    with mock.patch("plugins.host_api.mails.current_app.send_task") as sent:
        assert host.ask("POST", "/mails", wanted).status_code == 202
    with tenant_scope(ada.tenant):
        send_plugin_mail(**sent.call_args.kwargs["kwargs"])
    assert [message.to for message in mail.outbox] == [[ada.user.email]]
    assert mail.outbox[0].subject == "Hi"
    assert "How are you?" in mail.outbox[0].body
    assert "sent by the plugin “Hello”" in mail.outbox[0].body
    bad = {**wanted, "subject": "Hi\nBcc: all@example.com"}
    assert host.ask("POST", "/mails", bad).status_code == 400


def test_mails_are_limited(host: Host, ada: Member, settings: Any) -> None:
    settings.PLEXICA_RATE_LIMITS = {**settings.PLEXICA_RATE_LIMITS, "plugin-mail": {"account": 2}}
    settings.PLEXICA_RATE_LIMIT_FACTOR = 1
    wanted = {"to": str(ada.user.pk), "subject": "Hi", "text": "Hi"}
    with mock.patch("plugins.host_api.mails.current_app.send_task"):
        statuses = [host.ask("POST", "/mails", wanted).status_code for _ in range(4)]
    assert statuses[:2] == [202, 202]
    assert 429 in statuses


def test_a_plugin_has_so_many_calls_at_once_and_no_more(
    host: Host, installation: Installation, globex: Tenant, release: Release
) -> None:
    key = installation.plugin_id
    taken = [base.calls.take(key) for _ in range(base.CALLS_PER_PLUGIN)]
    for each in (host, Host(token_of(install(release, globex)))):
        answer = each.ask("GET", "/installation")
        assert (answer.status_code, answer["Retry-After"]) == (429, "1")
    for release_one in taken:
        assert release_one is not None
        release_one()
    for _ in range(2 * base.CALLS_PER_PLUGIN):
        assert host.ask("GET", "/installation").status_code == 200
        assert host.ask("POST", "/events", {"event": "hello.other"}).status_code == 400
        with mock.patch.object(views, "settings_of", side_effect=ZeroDivisionError):
            assert host.ask("GET", "/installation").status_code == 500
    assert host.ask("PUT", "/files/long.txt", "x").status_code == 204
    for _ in range(base.CALLS_PER_PLUGIN):
        # Nobody reads these.
        host.ask("GET", "/files/long.txt").close()
    held = [host.ask("GET", "/files/long.txt") for _ in range(base.CALLS_PER_PLUGIN)]
    assert host.ask("GET", "/installation").status_code == 429
    for each in held:
        assert b"".join(each.streaming_content) == b'"x"'
        each.close()
    assert host.ask("DELETE", "/files/long.txt").status_code == 204
