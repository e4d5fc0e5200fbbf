"""A plugin that acme has and globex has not, its backend, and people who may use it or not."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from plexica.core.actor import SYSTEM
from plexica.core.crypto import encrypt
from plexica.core.scope import platform_scope
from plexica.rbac.models import Grant, Role
from plexica_sdk.package import make_package, write_package
from plexica_sdk.signing import sign_package
from plugins.backends import forget_endpoint
from plugins.gateway import transport
from plugins.gateway.breaker import breaker
from plugins.gateway.static_files import _files_of
from plugins.installed import forget_installed
from plugins.models import Backend, Installation, Release
from plugins.services import register_release
from plugins.states import BackendState, InstallationState
from tenants.epochs import raise_epoch
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.integration.plugins.gateway.backend import RunningBackend
from tests.integration.plugins.packages import Author, empty_registry, wheel
from tests.integration.workspace.conftest import Member, _clean, come

MODULE = b"document.body.dataset.module = 'loaded';\n"
MANIFEST = """\
manifest = 1

[plugin]
slug = "hello"
name = "Hello"
version = "0.1.0"
description = "Greets people."
author = "Ada"
licence = "Apache-2.0"

[host]
min_version = "0.1.0"
uses = ["users:read", "mail", "storage", "events"]

[runtime]
command = ["python", "-m", "hello"]

[[permissions]]
key = "hello:notes:read"
label = "Read notes"
description = "See the notes."

[[permissions]]
key = "hello:notes:write"
label = "Write notes"
description = "Change the notes."

[[routes]]
method = "GET"
path = "/"
permission = "hello:notes:read"

[[routes]]
method = "GET"
path = "/notes"
permission = "hello:notes:read"

[[routes]]
method = "POST"
path = "/notes"
permission = "hello:notes:write"

[[routes]]
method = "PUT"
path = "/notes/{id}"
permission = "hello:notes:write"

[[routes]]
method = "GET"
path = "/data"
permission = "hello:notes:read"

[[routes]]
method = "GET"
path = "/faults/{kind}"
permission = "hello:notes:read"

[[routes]]
method = "GET"
path = "/api/notes"
permission = "hello:notes:read"
api = true

[[routes]]
method = "POST"
path = "/api/notes"
permission = "hello:notes:write"
api = true

[ui]
static = "static"

[[ui.navigation]]
label = "Greetings"
path = "/"

[[ui.pages]]
path = "/"
title = "All greetings"
module = "hello.js"
style = "css/hello.css"

[[ui.pages]]
path = "/faults/{kind}"
title = "Faults"

[[ui.widgets]]
key = "latest"
title = "Latest greetings"
path = "/notes"

[[events.publishes]]
type = "hello.greeted"
description = "Somebody was greeted."

[[events.subscribes]]
type = "office.opened"
path = "/events/office"
"""


def package_of(manifest: str, author: Author) -> bytes:
    """Return the bytes of a signed package."""
    files = {
        "plexica-plugin.toml": manifest.encode(),
        "wheels/hello-0.1.0-py3-none-any.whl": wheel(),
        "static/hello.js": MODULE,
        "static/css/hello.css": b"p { margin: 0 }\n",
        "static/readme.html": b"<p>Only to be downloaded</p>",
    }
    return write_package(sign_package(make_package(files), author.private_key))


def install(
    release: Release, tenant: Tenant, state: InstallationState = InstallationState.ENABLED
) -> Installation:
    """Have a tenant have a plugin, as its installing would leave it."""
    with platform_scope():
        made = Installation.objects.create(
            tenant=tenant,
            plugin=release.plugin,
            release=release,
            state=state,
            uses=release.contract.uses,
            installed_by="Ada",
        )
    notice_change(tenant)
    return made


def set_state(installation: Installation, state: InstallationState) -> None:
    """Have an installation be in another state."""
    with platform_scope():
        Installation.objects.filter(pk=installation.pk).update(state=state)
    notice_change(installation.tenant)


def notice_change(tenant: Tenant) -> None:
    """Let all processes see what has changed in a tenant."""
    with tenant_scope(tenant):
        raise_epoch()


def runs(release: Release, running: RunningBackend) -> Backend:
    """Have a release's backend be the one that runs."""
    forget_endpoint(release.pk)
    return Backend.objects.create(
        id=running.id,
        release=release,
        state=BackendState.READY,
        address=running.address,
        ciphertext=encrypt(running.secret),
        ready_at=timezone.now(),
    )


@pytest.fixture(autouse=True)
def _afresh(_registry: None, settings: Settings, tmp_path: Path) -> Iterator[None]:
    settings.PLEXICA_PLUGIN_STATIC_DIR = str(tmp_path / "static")
    _files_of.cache_clear()
    yield
    Backend.objects.all().delete()
    Installation.objects.all().delete()
    empty_registry()
    forget_installed()
    breaker.forget()


@pytest.fixture
def release() -> Release:
    """A release of the plugin."""
    author = Author()
    author.trusted()
    return register_release(content=package_of(MANIFEST, author), actor=SYSTEM)[0]


@pytest.fixture
def backend(release: Release) -> Iterator[RunningBackend]:
    """Its backend."""
    running = RunningBackend()
    runs(release, running)
    yield running
    running.close()


@pytest.fixture
def installation(release: Release, acme: Tenant) -> Installation:
    """What acme has of it."""
    return install(release, acme)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the host wait for a second at most."""
    monkeypatch.setattr(transport, "TOTAL_SECONDS", 1.0)


@pytest.fixture
def ada(acme: Tenant) -> Iterator[Member]:
    """The owner of acme."""
    yield come(acme, "Ada", "owner", strict=True)
    _clean(acme)


@pytest.fixture
def bo(acme: Tenant, ada: Member) -> Member:
    """A member of acme who may read notes."""
    with tenant_scope(acme):
        role = Role.objects.create(key=f"custom-{uuid.uuid4().hex[:8]}", name="Readers")
        Grant.objects.create(role=role, permission="hello:notes:read")
    return come(acme, "Bo", "member", role.key, strict=True)


@pytest.fixture
def cy(globex: Tenant) -> Iterator[Member]:
    """The owner of globex."""
    yield come(globex, "Cy", "owner", strict=True)
    _clean(globex)
