"""Who tries: people and programs of globex with every role, its plugin, strangers, the stolen."""

import io
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import requests
from django.conf import settings
from django.core import signing
from django.test import Client
from django.utils import timezone

from bench._isolation.backend import RecordingBackend
from bench._isolation.past import signed_before
from bench._isolation.planting import Planted, plant_plugin_data
from bench._isolation.watch import Watch
from plexica.core.actor import SYSTEM
from plexica.core.crypto import encrypt
from plexica.core.scope import platform_scope
from plexica.identity.models import User
from plexica.rbac.models import Group, Role
from plexica.rbac.service_accounts import create_service_account, revoke_service_account
from plexica.rbac.services import assign_role
from plexica_sdk.package import make_package, write_package
from plexica_sdk.signing import make_private_key, public_key_of, sign_package
from plugins.gateway.tokens import LIFETIME_SECONDS, HostToken, make_host_token
from plugins.installing import install_plugin
from plugins.lifecycle.database import database_url, drop_database
from plugins.models import Backend, Installation, Plugin, Release, StoredPackage, TrustedKey
from plugins.services import publish_release, register_release
from plugins.states import BackendState, InstallationState
from plugins.trust import add_trusted_key
from tenants.models import ProvisioningRun, Tenant
from tenants.provisioning.engine import run_provisioning
from tenants.scopes import tenant_scope

ISSUER = "http://isolation"
ROLES = ("owner", "admin", "member", "viewer")
PLUGIN, OTHERS_PLUGIN = "isolated", "acmes-own"
_TIMEOUT = 30
_MANIFEST = """\
manifest = 1

[plugin]
slug = "{slug}"
name = "Isolated"
version = "1.0.0"
description = "Keeps notes."
author = "Ada"
licence = "Apache-2.0"

[host]
min_version = "0.1.0"
uses = ["users:read", "mail", "storage", "events"]

[runtime]
command = ["python", "-m", "isolated"]

[[permissions]]
key = "{slug}:notes:read"
label = "Read notes"
description = "See the notes."
roles = ["member"]

[[routes]]
method = "GET"
path = "/"
permission = "{slug}:notes:read"

[[routes]]
method = "GET"
path = "/api/notes"
permission = "{slug}:notes:read"
api = true

[migrations]
kind = "sql"
directory = "migrations"

[[events.publishes]]
type = "{slug}.noted"
description = "Something was noted."

[[events.subscribes]]
type = "office.opened"
path = "/events/office"
"""
_TABLE = "CREATE TABLE notes (id bigint GENERATED ALWAYS AS IDENTITY, words text NOT NULL);"


@dataclass
class Person:
    """Somebody at a browser.

    Attributes:
        name: What the report calls them.
        cookies: What their browser has.
        user: Who they are; None: nobody.
        tenant: Whose they are.
    """

    name: str
    cookies: dict[str, str]
    user: User | None = None
    tenant: Tenant | None = None

    def browser(self, host: str) -> Client:
        """Return their browser, at some host."""
        client = Client(headers={"host": host}, raise_request_exception=False)
        for name, value in self.cookies.items():
            client.cookies[name] = value
        return client

    def come_again(self) -> None:
        """Log in anew, where a page has ended the session."""
        if self.user is None or self.tenant is None:
            return
        with tenant_scope(self.tenant):
            client = Client(headers={"host": host_of(self.tenant)})
            client.force_login(self.user)
        self.cookies = {settings.SESSION_COOKIE_NAME: client.session.session_key or ""}


@dataclass
class Cast:
    """All who try.

    Attributes:
        people: Of globex, one for each role.
        strangers: Nobody, and those with what is acme's and over, or is good elsewhere.
        tokens: Tokens of programs, by what the report calls them.
        plugin_token: What globex's plugin calls its host with.
        bad_plugin_tokens: What it might try instead.
        plugin_database: What it has from its host to reach its schema.
        backend: What runs of the plugin, for both tenants.
        globex: Whose they are.
    """

    people: list[Person]
    strangers: list[Person]
    tokens: dict[str, str]
    plugin_token: str
    bad_plugin_tokens: dict[str, str]
    plugin_database: str
    backend: RecordingBackend
    globex: Tenant


def host_of(tenant: Tenant) -> str:
    """Return the host of a tenant's workspace."""
    return f"{tenant.slug}.{settings.PLEXICA_BASE_DOMAIN}"


@contextmanager
def plugins_of(acme: Tenant, globex: Tenant) -> Iterator[tuple[Installation, Installation]]:
    """Have one plugin installed in both tenants, and another that acme alone has."""
    with platform_scope():
        _forget_plugins()
        key = make_private_key()
        add_trusted_key(name="Isolation", public_key=str(public_key_of(key)), actor=SYSTEM)
        for slug in (PLUGIN, OTHERS_PLUGIN):
            package = make_package(
                {
                    "plexica-plugin.toml": _MANIFEST.format(slug=slug).encode(),
                    "wheels/isolated-1.0.0-py3-none-any.whl": _wheel(slug),
                    "migrations/0001_notes.sql": _TABLE.encode(),
                }
            )
            release = register_release(
                content=write_package(sign_package(package, key)), actor=SYSTEM
            )[0]
            if slug == PLUGIN:
                release = publish_release(release=release, actor=SYSTEM)
                Backend.objects.create(release=release, state=BackendState.READY, is_wanted=False)
    try:
        mine, theirs = (_install(tenant) for tenant in (acme, globex))
        with platform_scope():
            others = Plugin.objects.get(slug=OTHERS_PLUGIN)
            Installation.objects.create(
                tenant=acme, plugin=others, release=others.releases.get(),
                state=InstallationState.DISABLED, uses=["mail"], installed_by="Ada", run=mine.run,
            )  # fmt: skip
        yield mine, theirs
    finally:
        with platform_scope():
            _forget_plugins()


def _wheel(content: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("isolated/__init__.py"), f"# {content}\n")
        archive.writestr(zipfile.ZipInfo("isolated-1.0.0.dist-info/WHEEL"), "Wheel-Version: 1.0\n")
    return out.getvalue()


def _install(tenant: Tenant) -> Installation:
    with platform_scope():
        begun = install_plugin(
            tenant=tenant, slug=PLUGIN, settings={}, actor=SYSTEM,
            uses=("users:read", "mail", "storage", "events"),
        )  # fmt: skip
        run_provisioning(Installation.objects.values_list("run", flat=True).get(pk=begun.pk))
        found = Installation.objects.select_related("tenant", "plugin", "release").get(pk=begun.pk)
        if not found.is_enabled:
            raise RuntimeError(f"The plugin could not be installed: {found.state}")
        return found


def _forget_plugins() -> None:
    mine = Plugin.objects.filter(slug__in=[PLUGIN, OTHERS_PLUGIN])
    for installation in Installation.objects.filter(plugin__in=mine).select_related(
        "tenant", "plugin"
    ):
        drop_database(installation)
        installation.delete()
        if installation.run_id:
            ProvisioningRun.objects.filter(pk=installation.run_id).delete()
    Backend.objects.filter(release__plugin__in=mine).delete()
    mine.update(current=None)
    StoredPackage.objects.filter(release__plugin__in=mine).delete()
    Release.objects.filter(plugin__in=mine).delete()
    mine.delete()
    TrustedKey.objects.filter(name="Isolation").delete()


@contextmanager
def cast_of(
    watch: Watch,
    planted: Planted,
    globex: Tenant,
    installations: tuple[Installation, Installation],
) -> Iterator[Cast]:
    """Have all who try, for as long as a block runs."""
    mine, theirs = installations
    acme = planted.acme
    backend = RecordingBackend(globex_id=str(globex.pk))
    with platform_scope():
        plant_plugin_data(watch, database_url(mine))
        Backend.objects.filter(release=theirs.release).update(
            address=backend.address, ciphertext=encrypt("s" * 43), ready_at=timezone.now()
        )
        plugin_database = database_url(theirs)
    people = [_person(globex, role) for role in ROLES]
    stolen = settings.SESSION_COOKIE_NAME
    accounts, tokens = [], {}
    try:
        with tenant_scope(globex):
            for role in ("admin", "viewer"):
                issued = create_service_account(
                    tenant=globex, name=f"Isolation {role} {uuid.uuid4().hex[:6]}", roles=[role],
                    actor=SYSTEM,
                )  # fmt: skip
                accounts.append(issued.account)
                tokens[f"a program of globex ({role})"] = _token(
                    globex, issued.account.client_id, issued.secret
                )
        yield Cast(
            people=people,
            strangers=[
                Person("nobody", {}),
                Person("a session of acme's that is over", {stolen: planted.expired_key}),
                Person("a session of globex's", people[0].cookies),
            ],
            tokens=tokens,
            plugin_token=make_host_token(HostToken(theirs.pk, globex.pk)),
            bad_plugin_tokens=_bad_tokens(mine, theirs, acme, globex),
            plugin_database=plugin_database,
            backend=backend,
            globex=globex,
        )
    finally:
        backend.close()
        with tenant_scope(globex):
            for account in accounts:
                revoke_service_account(tenant=globex, account=account, actor=SYSTEM)
            User.objects.filter(issuer=ISSUER).delete()
            Group.objects.filter(name="x").delete()
            Role.objects.filter(name="x").delete()


def _person(tenant: Tenant, role: str) -> Person:
    with tenant_scope(tenant):
        user = User.objects.create(
            issuer=ISSUER, subject=uuid.uuid4().hex, first_name="Cy", email="cy@globex.example"
        )
        assign_role(holder=user, role=role, actor=SYSTEM)
    person = Person(f"globex's {role}", {}, user, tenant)
    person.come_again()
    return person


def _token(tenant: Tenant, client_id: str, secret: str) -> str:
    answer = requests.post(
        f"{settings.KEYCLOAK_SERVERS[tenant.keycloak].public_url}/realms/{tenant.realm}"
        "/protocol/openid-connect/token",
        data={"grant_type": "client_credentials"},
        auth=(client_id, secret),
        timeout=_TIMEOUT,
    )
    answer.raise_for_status()
    return str(answer.json()["access_token"])


def _bad_tokens(
    mine: Installation, theirs: Installation, acme: Tenant, globex: Tenant
) -> dict[str, str]:
    with signed_before(LIFETIME_SECONDS + _TIMEOUT):
        over = make_host_token(HostToken(mine.pk, acme.pk))
    return {
        "acme's host token that is over": over,
        "a host token for acme's installation in globex": make_host_token(
            HostToken(mine.pk, globex.pk)
        ),
        "a host token for globex's installation in acme": make_host_token(
            HostToken(theirs.pk, acme.pk)
        ),
        "a host token signed for something else": signing.dumps([mine.pk.hex, acme.pk.hex]),
        "acme's installation as a token": mine.pk.hex,
    }
