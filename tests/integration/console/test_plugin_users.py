"""Who uses which plugin, on the plugin's page and on the tenant's. The installations are rows."""

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse

from plexica.core.actor import SYSTEM
from plugins.models import Installation
from plugins.services import publish_release
from plugins.states import InstallationState
from tenants.models import Tenant
from tests.integration.plugins.packages import Author, empty_registry

MANY = 30
CONSOLE = "plexica.urls_console"
_SLUGS = "users-of-"


@pytest.fixture
def users(_platform_scope: None, acme: Tenant) -> Iterator[list[Installation]]:
    """Acme and many more tenants that have one release of a plugin; a newer one is offered."""
    empty_registry()
    author = Author()
    author.trusted()
    old = publish_release(release=author.registered("hello", "0.1.0"), actor=SYSTEM)
    publish_release(release=author.registered("hello", "0.2.0"), actor=SYSTEM)
    tenants = [acme]
    for number in range(MANY):
        slug = f"{_SLUGS}{number:02}"
        names = dict.fromkeys(("slug", "name", "realm", "bucket", "schema_name"), slug)
        tenants.append(Tenant.objects.create(owner_email="ada@example.com", **names))
    yield [
        Installation.objects.create(
            tenant=tenant,
            plugin=old.plugin,
            release=old,
            state=InstallationState.DISABLED,
            installed_by="Ada",
        )
        for tenant in tenants
    ]
    empty_registry()
    Tenant.objects.filter(slug__startswith=_SLUGS).delete()


@pytest.mark.usefixtures("users")
def test_plugins_page_says_who_has_it_in_pages(admin: Client) -> None:
    url = reverse("console:plugin_detail", CONSOLE, args=["hello"])
    text = admin.get(url).content.decode()
    assert 'href="/tenants/acme/"' in text
    assert "1–25 of 31" in text
    assert f'href="/tenants/{_SLUGS}29/"' not in text
    part = admin.get(f"{url}?page=2", headers={"HX-Request": "true"}).content.decode()
    assert part.startswith('<div id="plugin-users"')
    assert f'href="/tenants/{_SLUGS}29/"' in part
    assert "Disabled" in part
    assert 'href="/plugins/hello/0.1.0/"' in part


@pytest.mark.usefixtures("users")
def test_tenants_page_lists_its_plugins(admin: Client) -> None:
    text = admin.get("/tenants/acme/").content.decode()
    assert 'href="/plugins/hello/0.1.0/"' in text
    assert "Disabled" in text


@pytest.mark.usefixtures("users")
def test_who_may_not_see_plugins_learns_nothing(nobody: Client) -> None:
    url = reverse("console:plugin_detail", CONSOLE, args=["hello"])
    assert "acme" not in nobody.get(url).content.decode()
