"""Small plugins with SQL migrations, whose backends are said to run, and a tenant to have them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from plexica.core.actor import SYSTEM
from plexica.core.scope import enter_scope, platform_scope
from plexica_sdk.package import make_package, write_package
from plexica_sdk.signing import sign_package
from plugins.installing import install_plugin
from plugins.lifecycle.companion import PluginSchemas
from plugins.lifecycle.database import drop_database
from plugins.models import Backend, Installation, Release
from plugins.services import publish_release, register_release
from plugins.states import BackendState
from tenants.models import Tenant
from tenants.provisioning.engine import run_provisioning
from tenants.schema.roles import provisioner_scope
from tests.integration.plugins.packages import Author, wheel

MANIFEST = """\
manifest = 1

[plugin]
slug = "{slug}"
name = "Notes"
version = "{version}"
description = "Keeps notes."
author = "Ada"
licence = "Apache-2.0"

[host]
min_version = "{min_version}"
uses = [{uses}]

[runtime]
command = ["python", "-m", "hello"]
{permissions}
[settings]
required = [{required}]

[settings.properties.greeting]
type = "string"
title = "Greeting"
default = "Hello"
maxLength = {longest}

[settings.properties.colour]
type = "string"
title = "Colour"

[settings.properties.token]
type = "string"
title = "Token"
secret = true
{migrations}
"""
PERMISSION = """
[[permissions]]
key = "{slug}:notes:{action}"
label = "{action} notes"
description = "What is there of notes: {action}."
roles = [{roles}]
"""
FIRST = "CREATE TABLE notes (id bigint PRIMARY KEY, words text NOT NULL);"
SECOND = "ALTER TABLE notes ADD COLUMN colour text NOT NULL DEFAULT 'red';"

_SQL = '[migrations]\nkind = "sql"\ndirectory = "migrations"'
_DJANGO = '[migrations]\nkind = "django"\napps = ["notes"]'

Publish = Callable[..., Release]
Install = Callable[..., Installation]


@pytest.fixture(autouse=True)
def _no_leftovers(_registry: None, settings: Settings) -> Iterator[None]:
    """Leave no schema and no role of an installation behind, and wait for nothing."""
    settings.PLEXICA_PLUGIN_READY_SECONDS = 0.2
    settings.PLEXICA_STEP_BACKOFF_SECONDS = 0.01
    settings.PLEXICA_STEP_ATTEMPTS = 2
    # A run of the tests that was cut off, on servers that were kept, may have left some.
    with platform_scope():
        for orphan in PluginSchemas().find_orphans():
            PluginSchemas().remove_orphan(orphan.what)
    yield
    with platform_scope():
        for installation in Installation.objects.select_related("tenant", "plugin"):
            drop_database(installation)


@pytest.fixture
def publish(ada: Author) -> Publish:
    """Have a release that tenants may install, and whose backend answers."""

    def make(
        version: str = "1.0.0",
        *,
        slug: str = "notes",
        migrations: Mapping[str, str] | None = None,
        uses: tuple[str, ...] = (),
        permissions: Mapping[str, tuple[str, ...]] | None = None,
        min_version: str = "0.1.0",
        is_ready: bool = True,
        is_django: bool = False,
        required: tuple[str, ...] = (),
        longest: int = 20,
    ) -> Release:
        files = {"0001_notes.sql": FIRST} if migrations is None else migrations
        granted = {"read": ("member", "viewer")} if permissions is None else permissions
        manifest = MANIFEST.format(
            slug=slug,
            version=version,
            min_version=min_version,
            uses=", ".join(f'"{use}"' for use in uses),
            required=", ".join(f'"{name}"' for name in required),
            longest=longest,
            permissions="".join(
                PERMISSION.format(
                    slug=slug, action=action, roles=", ".join(f'"{role}"' for role in roles)
                )
                for action, roles in granted.items()
            ),
            migrations=_DJANGO if is_django else _SQL if files else "",
        )
        package = make_package(
            {
                "plexica-plugin.toml": manifest.encode(),
                "wheels/hello-0.1.0-py3-none-any.whl": wheel(slug + version),
                **{
                    f"migrations/{name}": text.encode()
                    for name, text in files.items()
                    if not is_django
                },
            }
        )
        content = write_package(sign_package(package, ada.private_key))
        release, _is_new = register_release(content=content, actor=SYSTEM)
        release = publish_release(release=release, actor=SYSTEM)
        if is_ready:
            Backend.objects.create(release=release, state=BackendState.READY, is_wanted=False)
        return release

    return make


@pytest.fixture
def install(acme: Tenant) -> Install:
    """Install a plugin in acme, or in another tenant, and wait for the end of it."""

    def make(slug: str = "notes", *, tenant: Tenant = acme, **values: Any) -> Installation:
        given: dict[str, Any] = {"uses": (), "settings": {}, "actor": SYSTEM, **values}
        return worked(install_plugin(tenant=tenant, slug=slug, **given))

    return make


def worked(installation: Installation) -> Installation:
    """Work on an installation's run until it ends, and read what it has become."""
    assert installation.run is not None
    run_provisioning(installation.run.id)
    related = Installation.objects.select_related("tenant", "plugin", "release", "target", "run")
    return related.get(pk=installation.pk)


def catalog() -> dict[str, list[tuple[Any, ...]]]:
    """Return what the server knows of schemas, of what is in them, of roles, and of rights."""
    queries = {
        "schemas": "SELECT nspname, nspowner::regrole::text, nspacl::text FROM pg_namespace"
        " WHERE nspname !~ '^pg_(temp|toast_temp)'",
        "relations": "SELECT relnamespace::regnamespace::text, relname, relkind, relacl::text"
        " FROM pg_class WHERE relnamespace::regnamespace::text !~ '^pg_(temp|toast)'",
        "columns": "SELECT attrelid::regclass::text, attname, atttypid::regtype::text"
        " FROM pg_attribute WHERE attnum > 0 AND attrelid IN (SELECT oid FROM pg_class"
        " WHERE relnamespace::regnamespace::text !~ '^pg_')",
        "functions": "SELECT oid::regprocedure::text FROM pg_proc"
        " WHERE pronamespace::regnamespace::text !~ '^pg_'",
        "types": "SELECT oid::regtype::text FROM pg_type"
        " WHERE typnamespace::regnamespace::text !~ '^pg_(temp|toast)'",
        "roles": "SELECT rolname, rolcanlogin, rolconfig::text FROM pg_roles",
        "members": "SELECT roleid::regrole::text, member::regrole::text, admin_option,"
        " inherit_option, set_option FROM pg_auth_members",
        "database": "SELECT datname, datacl::text FROM pg_database",
        "defaults": "SELECT defaclrole::regrole::text, defaclacl::text FROM pg_default_acl",
        "settings": "SELECT setdatabase, setrole::regrole::text, setconfig::text"
        " FROM pg_db_role_setting",
        "large objects": "SELECT oid, lomowner::regrole::text FROM pg_largeobject_metadata",
        "policies": "SELECT schemaname, tablename, policyname, roles::text FROM pg_policies",
    }
    found = {}
    with enter_scope(provisioner_scope()), connection.cursor() as cursor:
        for name, query in queries.items():
            cursor.execute(query)
            found[name] = sorted(cursor.fetchall(), key=repr)
    return found
