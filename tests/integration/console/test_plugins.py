"""The console's pages about plugins."""

import re
from collections.abc import Iterator
from html import unescape
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from plexica.audit.models import AuditEntry
from plexica.console import plugin_forms
from plexica.core.actor import SYSTEM
from plugins.models import Plugin, Release, TrustedKey
from plugins.services import publish_release, withdraw_release
from plugins.trust import revoke_trusted_key
from tests.integration.plugins.packages import Author, empty_registry

PACKAGE_PAGE = Path(settings.BASE_DIR) / "docs" / "plugins" / "package.md"


def url(name: str, *args: object) -> str:
    return reverse(f"console:{name}", urlconf=settings.PUBLIC_SCHEMA_URLCONF, args=args)


@pytest.fixture(autouse=True)
def _registry(_platform_scope: None) -> Iterator[None]:
    empty_registry()
    yield
    empty_registry()


@pytest.fixture
def ada() -> Author:
    author = Author()
    author.trusted()
    return author


def text_of(answer: HttpResponse, status: int = HTTPStatus.OK) -> str:
    assert answer.status_code == status, answer.content.decode()
    return unescape(answer.content.decode())


def upload(client: Client, content: bytes) -> HttpResponse:
    file = SimpleUploadedFile("hello.plexica", content)
    return client.post(url("plugin_register"), {"package": file})


class TestList:
    def test_an_empty_registry_says_how_to_register_one(self, admin: Client) -> None:
        page = text_of(admin.get(url("plugin_list")))
        commands = re.search(r'<code id="register-commands">(.*?)</code>', page, re.DOTALL)
        assert commands
        lines = commands[1].splitlines()
        assert len(lines) == 3
        # tests/integration/plugins/test_command.py runs those of the documentation word for word.
        documented = PACKAGE_PAGE.read_text(encoding="utf-8").splitlines()
        assert all(line in documented for line in lines)

    def test_plugins_are_found_filtered_and_sorted(self, admin: Client, ada: Author) -> None:
        publish_release(release=ada.registered("alpha", name="Zebra", author="Bo"), actor=SYSTEM)
        ada.registered("beta", name="Ape")

        def shown(**query: str) -> list[str]:
            page = text_of(admin.get(url("plugin_list"), query))
            return re.findall(r'class="row-link" href="/plugins/([a-z]+)/"', page)

        assert shown() == ["beta", "alpha"]
        assert shown(sort="-name") == shown(sort="slug") == ["alpha", "beta"]
        assert shown(q="BO") == shown(state="PUBLISHED") == ["alpha"]
        assert shown(state="REGISTERED") == ["beta"]
        assert "No plugin matches" in text_of(admin.get(url("plugin_list"), {"q": "nothing"}))

    def test_pages_and_queries_do_not_grow_with_the_list(self, admin: Client, ada: Author) -> None:
        def queries() -> int:
            with CaptureQueriesContext(connection) as found:
                text_of(admin.get(url("plugin_list")))
            return len(found)

        ada.registered("plugin-0")
        # Whose permissions are compiled once, is not counted.
        queries()
        few = queries()
        for number in range(1, 27):
            ada.registered(f"plugin-{number}")
        assert queries() == few
        assert "1–25 of 27" in text_of(admin.get(url("plugin_list")))
        assert "26–27 of 27" in text_of(admin.get(url("plugin_list"), {"page": "2"}))

    def test_htmx_gets_the_table_alone(self, admin: Client) -> None:
        answer = admin.get(url("plugin_list"), headers={"HX-Request": "true"})
        assert text_of(answer).lstrip().startswith('<div id="plugin-table">')

    @pytest.mark.parametrize(
        "query", [{"q": "x" * 101}, {"state": "ASLEEP"}, {"sort": "id"}, {"page": "0"}, {"x": "1"}]
    )
    def test_refuses_what_it_does_not_know(self, admin: Client, query: dict[str, str]) -> None:
        answer = admin.get(url("plugin_list"), query)
        assert "cannot be filtered" in text_of(answer, HTTPStatus.BAD_REQUEST)

    def test_a_newer_release_that_waits_is_shown(self, admin: Client, ada: Author) -> None:
        publish_release(release=ada.registered(), actor=SYSTEM)
        assert "A newer one waits" not in text_of(admin.get(url("plugin_list")))
        ada.registered(version="0.2.0")
        assert "A newer one waits" in text_of(admin.get(url("plugin_list")))


class TestRegister:
    def test_leads_to_the_release(self, admin: Client, ada: Author) -> None:
        answer = upload(admin, ada.package())
        assert answer.headers["Location"] == url("plugin_release", "hello", "0.1.0")
        assert Release.objects.get().registered_by == "Stella"
        page = text_of(admin.get(answer.headers["Location"]))
        assert "The release is registered" in page
        assert "registered before" in text_of(
            admin.get(upload(admin, ada.package()).headers["Location"])
        )

    def test_says_what_is_wrong(self, admin: Client, ada: Author) -> None:
        for content, words, status in (
            (b"", "no package", 400),
            (b"PK", "no package", 400),
            (Author().package(), "does not trust", 400),
        ):
            assert words in text_of(upload(admin, content), status)
        assert "required" in text_of(admin.post(url("plugin_register")), 400)
        ada.registered()
        other = upload(admin, ada.package(code="x"))
        assert "give it a new version" in text_of(other, HTTPStatus.CONFLICT)
        assert Release.objects.count() == 1

    def test_what_is_too_large_is_not_read(
        self, admin: Client, ada: Author, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(plugin_forms, "MAX_PACKAGE_BYTES", 10)
        assert "at most" in text_of(upload(admin, ada.package()), 400)


class TestRelease:
    def test_shows_all_that_it_asks_for(self, admin: Client, ada: Author) -> None:
        release = ada.registered(name="<b>Hello</b>")
        page = admin.get(url("plugin_detail", "hello")).content.decode()
        assert "<b>Hello</b>" not in page
        text = unescape(page)
        for words in (
            "<code>users:read</code>, <code>mail</code>",
            "64 MiB",
            "python -m hello",
            "hello:greetings:read",
            "GET /",
            release.digest,
            release.key.fingerprint,
            "Ada's key",
            "0.1.0 and later",
        ):
            assert words in text, words
        assert text_of(admin.get(url("plugin_release", "hello", "0.1.0"))) != ""

    def test_what_is_not_there(self, admin: Client, ada: Author) -> None:
        ada.registered()
        for address in (
            url("plugin_detail", "nothing"),
            url("plugin_release", "hello", "9.9.9"),
            url("plugin_release_publish", "hello", "x"),
            url("plugin_release", "hello", "1\0"),
        ):
            assert admin.get(address).status_code == HTTPStatus.NOT_FOUND

    def test_is_published_deprecated_and_withdrawn_after_a_question(
        self, admin: Client, ada: Author
    ) -> None:
        release = ada.registered()
        for action, reason, state in (
            ("publish", {}, "PUBLISHED"),
            ("deprecate", {"reason": "Old."}, "DEPRECATED"),
            ("publish", {}, "PUBLISHED"),
            ("withdraw", {"reason": "Broken."}, "WITHDRAWN"),
        ):
            address = url(f"plugin_release_{action}", "hello", "0.1.0")
            before = Release.objects.get().state
            assert "Hello 0.1.0?" in text_of(admin.get(address))
            assert Release.objects.get().state == before
            answer = admin.post(address, reason)
            assert answer.headers["Location"] == url("plugin_release", "hello", "0.1.0")
            assert Release.objects.get().state == state
        page = text_of(admin.get(url("plugin_detail", "hello")))
        assert "Broken." in page
        assert "/publish/" not in page
        # Somebody else was quicker.
        answer = admin.post(url("plugin_release_publish", "hello", "0.1.0"))
        assert "withdrawn" in text_of(answer, HTTPStatus.CONFLICT)
        entry = AuditEntry.objects.filter(target="plugin:hello").latest("at")
        assert (entry.actor_name, entry.action) == ("Stella", "plugin.release_withdrawn")
        assert release.pk == Release.objects.get().pk

    def test_of_a_revoked_key_is_marked_and_not_published(self, admin: Client, ada: Author) -> None:
        ada.registered()
        revoke_trusted_key(key=TrustedKey.objects.get(), actor=SYSTEM)
        page = text_of(admin.get(url("plugin_detail", "hello")))
        assert "has been revoked" in page
        assert "/publish/" not in page
        answer = admin.post(url("plugin_release_publish", "hello", "0.1.0"))
        assert answer.status_code == HTTPStatus.CONFLICT

    def test_the_releases_are_in_the_order_of_versions(self, admin: Client, ada: Author) -> None:
        for version in ("0.9.0", "0.10.0", "0.10.0-rc.1"):
            ada.registered(version=version)
        withdraw_release(release=Release.objects.get(version="0.9.0"), actor=SYSTEM)
        page = text_of(admin.get(url("plugin_detail", "hello")))
        shown = re.findall(r'href="/plugins/hello/([0-9a-z.-]+)/"', page)
        assert shown == ["0.10.0", "0.10.0-rc.1", "0.9.0"]


class TestKeys:
    def test_are_trusted_and_revoked_after_a_question(self, admin: Client) -> None:
        assert "trusts nobody yet" in text_of(admin.get(url("plugin_keys")))
        values: dict[str, Any] = {"name": "Ada's key", "public_key": Author().public_key}
        assert "beside your customers' data" in text_of(admin.get(url("plugin_key_trust")))
        answer = admin.post(url("plugin_key_trust"), values)
        assert answer.headers["Location"] == url("plugin_keys")
        key = TrustedKey.objects.get()
        assert key.added_by == "Stella"
        assert key.fingerprint[:16] in text_of(admin.get(url("plugin_keys")))
        again = admin.post(url("plugin_key_trust"), values)
        assert "already" in text_of(again, HTTPStatus.CONFLICT)
        wrong = admin.post(url("plugin_key_trust"), {"name": "x", "public_key": "ssh-rsa"})
        assert "ed25519" in text_of(wrong, HTTPStatus.BAD_REQUEST)
        address = url("plugin_key_revoke", key.pk)
        assert "for good" in text_of(admin.get(address))
        assert admin.post(address).headers["Location"] == url("plugin_keys")
        assert not TrustedKey.objects.get().is_trusted
        assert admin.post(address).status_code == HTTPStatus.CONFLICT
        assert "Revoked" in text_of(admin.get(url("plugin_keys")))


def test_the_pages_speak_italian(admin: Client, ada: Author) -> None:
    ada.registered()
    italian = {"Accept-Language": "it"}
    assert "Registra una release" in text_of(admin.get(url("plugin_list"), headers=italian))
    page = text_of(admin.get(url("plugin_detail", "hello"), headers=italian))
    assert "Che cosa chiede" in page
    assert Plugin.objects.count() == 1
