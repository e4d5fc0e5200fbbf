"""Registering and what becomes of a release; nothing is stored of what is refused."""

from dataclasses import replace
from threading import Barrier
from typing import TYPE_CHECKING

import pytest
from django.db import ProgrammingError, transaction

from plexica.audit.models import AuditEntry
from plexica.core.actor import SYSTEM, Actor
from plexica.core.errors import InvalidInput, PermanentError, PlexicaError
from plexica.events.models import OutboxMessage
from plexica_sdk.package import Package, read_package, write_package
from plugins.models import Plugin, Release, StoredPackage, TrustedKey
from plugins.selectors import get_package, list_plugins
from plugins.services import (
    PackageRefused,
    SignatureRefused,
    StateRefused,
    VersionTaken,
    deprecate_release,
    publish_release,
    register_release,
    withdraw_release,
)
from plugins.states import ReleaseState
from plugins.trust import KeyKnown, KeyRevoked, add_trusted_key, revoke_trusted_key
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.integration.plugins.packages import Author
from tests.threads import threads

if TYPE_CHECKING:
    from django.db.models import Model

OPERATOR = Actor(kind="user", id="7", name="Stella")


def refused(content: bytes, error: type[PlexicaError]) -> PlexicaError:
    with pytest.raises(error) as caught:
        register_release(content=content, actor=OPERATOR)
    assert not Plugin.objects.exists()
    assert not Release.objects.exists()
    assert not StoredPackage.objects.exists()
    return caught.value


def test_a_package_of_a_trusted_author_is_registered_whole(ada: Author) -> None:
    content = ada.package()
    release, is_new = register_release(content=content, actor=OPERATOR)
    assert is_new
    assert release.state == ReleaseState.REGISTERED
    assert release.digest == read_package(content).digest
    assert (release.size, release.registered_by) == (len(content), "Stella")
    assert release.contract.permissions[0].key == "hello:greetings:read"
    plugin = Plugin.objects.get()
    assert (plugin.slug, plugin.name, plugin.author) == ("hello", "Hello", "Ada")
    assert plugin.current == release
    assert bytes(StoredPackage.objects.get().content) == content
    assert get_package(release=release).digest == release.digest
    entry = AuditEntry.objects.filter(target="plugin:hello").latest("at")
    assert (entry.action, entry.actor_name) == ("plugin.release_registered", "Stella")
    assert entry.after["digest"] == release.digest
    event = OutboxMessage.objects.filter(event="plugin.release_registered").latest("published_at")
    assert event.payload["version"] == "0.1.0"


def test_the_same_again_is_the_same(ada: Author) -> None:
    first, _new = register_release(content=ada.package(), actor=OPERATOR)
    entries = AuditEntry.objects.count()
    again, is_new = register_release(content=ada.package(), actor=OPERATOR)
    assert (again, is_new) == (first, False)
    assert AuditEntry.objects.count() == entries


def test_the_same_version_with_other_contents_is_refused(ada: Author) -> None:
    release = ada.registered()
    with pytest.raises(VersionTaken, match="give it a new version"):
        register_release(content=ada.package(code="evil"), actor=OPERATOR)
    assert Release.objects.get() == release


def test_nobody_is_trusted_who_is_not_in_the_list(ada: Author) -> None:
    error = refused(Author("Mallory's key").package(), SignatureRefused)
    assert "does not trust" in error.detail


def test_what_was_changed_after_it_was_signed_is_refused(ada: Author) -> None:
    content = bytearray(ada.package())
    content[content.index(b"Greets")] ^= 1
    refused(bytes(content), PackageRefused)


def test_somebody_elses_signature_under_a_trusted_name_is_refused(ada: Author) -> None:
    package = read_package(Author().package())
    _kind, _name, signature = package.signature.split(" ")
    forged = replace(
        package, signature=f"ed25519 {TrustedKey.objects.get().fingerprint} {signature}"
    )
    error = refused(write_package(forged), SignatureRefused)
    assert "not one of this key" in error.detail


def test_a_revoked_key_signs_nothing_more(ada: Author) -> None:
    release = ada.registered()
    published = publish_release(release=ada.registered(version="0.2.0"), actor=OPERATOR)
    revoke_trusted_key(key=TrustedKey.objects.get(), actor=OPERATOR)
    with pytest.raises(SignatureRefused, match="has been revoked"):
        register_release(content=ada.package(version="0.3.0"), actor=OPERATOR)
    with pytest.raises(KeyRevoked, match="cannot be published"):
        publish_release(release=release, actor=OPERATOR)
    # What is published stays so, and can be taken back.
    published.refresh_from_db()
    assert published.state == ReleaseState.PUBLISHED
    withdraw_release(release=published, actor=OPERATOR, reason="The key was stolen.")
    with pytest.raises(KeyRevoked):
        revoke_trusted_key(key=TrustedKey.objects.get(), actor=OPERATOR)
    with pytest.raises(KeyKnown):
        ada.trusted()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"x" * 1000])
def test_what_is_no_package(ada: Author, content: bytes) -> None:
    assert refused(content, PackageRefused).fields["package"]


def test_a_wrong_manifest_is_named_with_line_and_field(ada: Author) -> None:
    right = read_package(ada.package())
    manifest = right.files["plexica-plugin.toml"].replace(b'"GET"', b'"get"')
    # As a tool could write it that checks nothing.
    files = {**right.files, "plexica-plugin.toml": manifest}
    error = refused(write_package(Package(right.manifest, files)), PackageRefused)
    assert error.fields["package"][0].startswith("line 26: routes[0].method: This has to be")


def test_keys_are_checked() -> None:
    for name, key, field in (
        ("", str(Author().public_key), "name"),
        ("x" * 101, str(Author().public_key), "name"),
        ("Ada", "ssh-ed25519 AAAA", "public_key"),
    ):
        with pytest.raises(InvalidInput) as caught:
            add_trusted_key(name=name, public_key=key, actor=SYSTEM)
        assert field in caught.value.fields


def test_the_life_of_a_release(ada: Author) -> None:
    release = ada.registered()
    with pytest.raises(StateRefused):
        deprecate_release(release=release, actor=OPERATOR)
    release = publish_release(release=release, actor=OPERATOR)
    assert release.published_at
    release = deprecate_release(release=release, actor=OPERATOR, reason="Take 0.2.0.")
    assert (release.state, release.reason) == ("DEPRECATED", "Take 0.2.0.")
    release = publish_release(release=release, actor=OPERATOR)
    assert release.reason == ""
    release = withdraw_release(release=release, actor=OPERATOR)
    for act in (publish_release, deprecate_release, withdraw_release):
        with pytest.raises(StateRefused, match="withdrawn"):
            act(release=release, actor=OPERATOR)
    with pytest.raises(InvalidInput):
        withdraw_release(release=ada.registered(version="1.0.0"), actor=SYSTEM, reason="x" * 501)
    actions = AuditEntry.objects.filter(target="plugin:hello").order_by("at")
    assert [entry.action for entry in actions if entry.actor_name == "Stella"][-4:] == [
        "plugin.release_published",
        "plugin.release_deprecated",
        "plugin.release_published",
        "plugin.release_withdrawn",
    ]


def test_a_plugin_is_shown_by_what_tenants_can_have(ada: Author) -> None:
    def shown() -> tuple[str, bool]:
        plugin = list_plugins().get()
        assert plugin.current
        return plugin.current.version, plugin.has_newer

    releases = {
        version: ada.registered(version=version, name=f"Hello {version}")
        for version in ("1.10.0", "1.9.0", "1.10.0-rc.1", "2.0.0")
    }
    assert shown() == ("2.0.0", False)
    publish_release(release=releases["1.9.0"], actor=SYSTEM)
    assert shown() == ("1.9.0", True)
    assert Plugin.objects.get().name == "Hello 1.9.0"
    publish_release(release=releases["1.10.0-rc.1"], actor=SYSTEM)
    assert shown() == ("1.10.0-rc.1", True)
    publish_release(release=releases["1.10.0"], actor=SYSTEM)
    assert shown() == ("1.10.0", True)
    withdraw_release(release=releases["2.0.0"], actor=SYSTEM)
    assert shown() == ("1.10.0", False)
    deprecate_release(release=releases["1.10.0"], actor=SYSTEM)
    assert shown() == ("1.10.0-rc.1", False)


def test_two_who_register_other_contents_at_once_take_turns(ada: Author) -> None:
    barrier = Barrier(2)

    def register(code: str) -> str:
        barrier.wait(timeout=10)
        try:
            register_release(content=ada.package(code=code), actor=SYSTEM)
        except VersionTaken:
            return "taken"
        return "registered"

    with threads(2) as submit:
        found = [submit(register, code) for code in ("one", "two")]
        assert sorted(future.result(timeout=30) for future in found) == ["registered", "taken"]
    assert Release.objects.count() == 1


def test_a_stored_package_that_was_changed_is_noticed(ada: Author) -> None:
    release, other = ada.registered(), ada.package(version="9.0.0")
    StoredPackage.objects.update(content=other)
    with pytest.raises(PermanentError, match="another one"):
        get_package(release=release)
    StoredPackage.objects.update(content=other[:-1])
    with pytest.raises(PermanentError, match="damaged"):
        get_package(release=release)


def test_a_tenant_sees_nothing_of_the_registry(ada: Author, acme: Tenant) -> None:
    publish_release(release=ada.registered(), actor=SYSTEM)
    models: tuple[type[Model], ...] = (Plugin, Release, StoredPackage, TrustedKey)
    for model in models:
        with (
            tenant_scope(acme),
            pytest.raises(ProgrammingError, match="permission denied"),
            transaction.atomic(),
        ):
            model._default_manager.exists()  # noqa: SLF001 (Django's documented managers)
