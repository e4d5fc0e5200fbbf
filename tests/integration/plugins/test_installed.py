"""What a process knows of a tenant's plugins, and when it learns of a change."""

from collections.abc import Iterator

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from plexica.core.scope import platform_scope
from plugins.installed import forget_installed, installed_here
from plugins.models import Installation, Release
from plugins.states import InstallationState
from tenants.epochs import epoch_kept, raise_epoch
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.integration.plugins.packages import Author, empty_registry


@pytest.fixture
def release() -> Iterator[Release]:
    author = Author()
    author.trusted()
    yield author.registered()
    Installation.objects.all().delete()
    empty_registry()
    forget_installed()


def install(
    release: Release, tenant: Tenant, state: InstallationState = InstallationState.ENABLED
) -> Installation:
    made = Installation.objects.create(
        tenant=tenant,
        plugin=release.plugin,
        release=release,
        state=state,
        uses=["mail"],
        installed_by="Ada",
    )
    change(tenant)
    return made


def change(tenant: Tenant) -> None:
    with tenant_scope(tenant):
        raise_epoch()


def test_only_what_is_enabled_here_is_found(release: Release, acme: Tenant, globex: Tenant) -> None:
    installation = install(release, acme)
    install(release, globex, state=InstallationState.DISABLED)

    with tenant_scope(acme):
        found = installed_here()["hello"]
    assert (found.id, found.tenant_id, found.release_id) == (
        installation.pk,
        acme.pk,
        release.pk,
    )
    assert (found.slug, found.name, found.version) == ("hello", "Hello", "0.1.0")
    assert (found.digest, found.uses) == (release.digest, {"mail"})
    assert found.routes.match("HEAD", "/") is not None
    with tenant_scope(globex):
        assert not installed_here()


def test_the_platform_has_none() -> None:
    with platform_scope():
        assert not installed_here()


def test_nothing_is_asked_until_something_changes(release: Release, acme: Tenant) -> None:
    installation = install(release, acme)
    with tenant_scope(acme):
        installed_here()
        acme.refresh_from_db(fields=["permission_epoch"])
        with (
            epoch_kept(acme.schema_name, acme.permission_epoch),
            CaptureQueriesContext(connection) as queries,
        ):
            assert installed_here()
    assert not queries.captured_queries

    with platform_scope(), transaction.atomic():
        installation.state = InstallationState.DISABLED
        installation.save()
    change(acme)
    with tenant_scope(acme):
        assert not installed_here()


def test_what_a_transaction_sees_is_not_kept(release: Release, acme: Tenant) -> None:
    installation = install(release, acme)
    with tenant_scope(acme):
        with transaction.atomic():
            with platform_scope():
                Installation.objects.filter(pk=installation.pk).update(
                    state=InstallationState.DISABLED
                )
            raise_epoch()
            assert not installed_here()
            transaction.set_rollback(True)
        assert installed_here()


def test_a_manifest_that_is_refused_now_leaves_the_others(release: Release, acme: Tenant) -> None:
    author = Author("Another")
    author.trusted()
    other = author.registered("greeter")
    Release.objects.filter(pk=other.pk).update(manifest={"manifest": 1})
    install(release, acme)
    install(other, acme)
    with tenant_scope(acme):
        assert list(installed_here()) == ["hello"]
