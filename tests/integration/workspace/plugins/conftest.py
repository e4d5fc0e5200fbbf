"""The workspace's pages of plugins. Their backends are rows that say that they run."""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

import pytest
from pytest_django import Settings

from plexica.core.actor import SYSTEM
from plexica.core.scope import platform_scope
from plexica.rbac.models import Grant, Role
from plexica.rbac.services import assign_role
from plexica_sdk.package import make_package, write_package
from plexica_sdk.signing import sign_package
from plugins.installing import install_plugin
from plugins.lifecycle.database import drop_database
from plugins.models import Backend, Installation, Release
from plugins.services import publish_release, register_release
from plugins.states import BackendState, InstallationState
from tenants.models import ProvisioningRun, Tenant
from tenants.provisioning.engine import run_provisioning
from tenants.scopes import tenant_scope
from tests.integration.plugins.packages import Author, empty_registry, wheel
from tests.integration.workspace.conftest import Member, come

SLUG = "notes"
MANIFEST = """\
manifest = 1

[plugin]
slug = "{slug}"
name = "{name}"
version = "{version}"
description = "Keeps what people want to remember."
author = "Eve"
licence = "Apache-2.0"
categories = ["office"]

[host]
min_version = "0.1.0"
uses = [{uses}]

[runtime]
command = ["python", "-m", "hello"]

[[permissions]]
key = "{slug}:notes:read"
label = "Read notes"
description = "See what was noted."
roles = ["member"]

[settings]
required = [{required}]

[settings.properties.mailbox]
type = "string"
title = "Mailbox"
format = "email"

[settings.properties.greeting]
type = "string"
title = "Greeting"
description = "The first line of each note."
default = "Hello"
maxLength = 20

[settings.properties.pages]
type = "integer"
title = "Pages"
minimum = 1
maximum = 9
default = 3

[settings.properties.share]
type = "number"
title = "Share"

[settings.properties.loud]
type = "boolean"
title = "Loud"
default = true

[settings.properties.colour]
type = "string"
title = "Colour"
enum = ["red", "blue"]
default = "red"

[settings.properties.token]
type = "string"
title = "Token"
secret = true
"""
SECRET = "s3cret-of-acme"
FILLED = {
    "set_mailbox": "notes@acme.example",
    "set_greeting": "Ciao",
    "set_pages": "3",
    "set_share": "",
    "set_colour": '"blue"',
    "set_token": SECRET,
}
CONSENT = {"version": "1.0.0", "agree": "on"}

Publish = Callable[..., Release]


@pytest.fixture(autouse=True)
def _registry(_platform_scope: None, settings: Settings) -> Iterator[None]:
    settings.PLEXICA_PLUGIN_READY_SECONDS = 0.2
    settings.PLEXICA_STEP_BACKOFF_SECONDS = 0.01
    settings.PLEXICA_STEP_ATTEMPTS = 2
    empty_registry()
    yield
    with platform_scope():
        for installation in Installation.objects.select_related("tenant", "plugin"):
            drop_database(installation)
        empty_registry()


@pytest.fixture
def publish() -> Publish:
    """Have a release that is offered, and whose backend is said to run."""
    author = Author()
    author.trusted()

    def make(
        version: str = "1.0.0",
        *,
        slug: str = SLUG,
        name: str = "Notes",
        uses: tuple[str, ...] = ("users:read",),
        required: tuple[str, ...] = ("mailbox",),
        is_published: bool = True,
        is_ready: bool = True,
    ) -> Release:
        manifest = MANIFEST.format(
            slug=slug, name=name, version=version, uses=_list(uses), required=_list(required)
        )
        package = make_package(
            {
                "plexica-plugin.toml": manifest.encode(),
                "wheels/hello-0.1.0-py3-none-any.whl": wheel(slug + version),
            }
        )
        content = write_package(sign_package(package, author.private_key))
        release, _is_new = register_release(content=content, actor=SYSTEM)
        if is_published:
            release = publish_release(release=release, actor=SYSTEM)
        if is_ready:
            Backend.objects.create(release=release, state=BackendState.READY, is_wanted=False)
        return release

    return make


@pytest.fixture
def installed(publish: Publish, acme: Tenant) -> Installation:
    """A plugin that acme has, with a secret."""
    publish()
    install_plugin(
        tenant=acme,
        slug=SLUG,
        uses=["users:read"],
        settings={"mailbox": "notes@acme.example", "token": SECRET},
        actor=SYSTEM,
    )
    work(acme)
    installation = of(acme)
    assert installation is not None
    assert installation.state == InstallationState.ENABLED
    return installation


def _list(words: tuple[str, ...]) -> str:
    return ", ".join(f'"{word}"' for word in words)


def of(tenant: Tenant) -> Installation | None:
    """Return what a tenant has of the plugin."""
    with platform_scope():
        return (
            Installation.objects.select_related("tenant", "plugin", "release", "run")
            .filter(tenant=tenant, plugin__slug=SLUG)
            .first()
        )


def work(tenant: Tenant) -> ProvisioningRun:
    """Work on a tenant's last run, as the provisioner does."""
    with platform_scope():
        run: ProvisioningRun = tenant.runs.latest("created_at")
        run_provisioning(run.pk)
        run.refresh_from_db()
    return run


def page(answer: Any, status: HTTPStatus = HTTPStatus.OK) -> str:
    """Return a page's text."""
    assert answer.status_code == status, answer.content.decode()[-3000:]
    text: str = answer.content.decode()
    return text


def viewing(tenant: Tenant) -> Member:
    """Have somebody come who may see plugins, and no more."""
    with tenant_scope(tenant):
        role = Role.objects.create(key="custom-looker", name="Looker")
        Grant.objects.create(role=role, permission="core:installations:view")
        somebody = come(tenant, "Lia")
        assign_role(holder=somebody.user, role=role.key, actor=SYSTEM)
    return somebody
