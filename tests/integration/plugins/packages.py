"""Packages for tests, signed with keys that are made for them."""

import io
import zipfile

from plexica.core.actor import SYSTEM
from plexica.rbac.services import ensure_system_roles
from plexica_sdk.package import make_package, write_package
from plexica_sdk.signing import make_private_key, public_key_of, sign_package
from plugins.models import Backend, Installation, Plugin, Release, StoredPackage, TrustedKey
from plugins.services import register_release
from plugins.trust import add_trusted_key
from tenants.epochs import raise_epoch
from tenants.models import ProvisioningRun, Tenant
from tenants.scopes import tenant_scope

MANIFEST = """\
manifest = 1

[plugin]
slug = "{slug}"
name = "{name}"
version = "{version}"
description = "Greets people."
author = "{author}"
licence = "Apache-2.0"

[host]
min_version = "0.1.0"
uses = ["users:read", "mail"]

[runtime]
command = ["python", "-m", "hello"]
memory_mb = 64

[[permissions]]
key = "{slug}:greetings:read"
label = "Read greetings"
description = "See who was greeted."
roles = ["member"]

[[routes]]
method = "GET"
path = "/"
permission = "{slug}:greetings:read"

[settings.properties.token]
type = "string"
title = "Token of the mail service"
secret = true
"""


def wheel(content: str = "") -> bytes:
    """Return a wheel; other contents make another release."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("hello/__init__.py"), content)
        archive.writestr(zipfile.ZipInfo("hello-0.1.0.dist-info/WHEEL"), "Wheel-Version: 1.0\n")
    return out.getvalue()


class Author:
    """Somebody who makes plugins, with a key that the platform may trust."""

    def __init__(self, name: str = "Ada's key") -> None:
        self.name = name
        self.private_key = make_private_key()
        self.public_key = str(public_key_of(self.private_key))

    def trusted(self) -> TrustedKey:
        """Have the platform trust the key."""
        return add_trusted_key(name=self.name, public_key=self.public_key, actor=SYSTEM)

    def package(
        self,
        slug: str = "hello",
        version: str = "0.1.0",
        *,
        code: str = "",
        name: str = "Hello",
        author: str = "Ada",
        more: str = "",
    ) -> bytes:
        """Return the bytes of a signed package, with more at the end of its manifest."""
        manifest = MANIFEST.format(slug=slug, version=version, name=name, author=author) + more
        package = make_package(
            {
                "plexica-plugin.toml": manifest.encode(),
                "wheels/hello-0.1.0-py3-none-any.whl": wheel(code),
            }
        )
        return write_package(sign_package(package, self.private_key))

    def registered(self, slug: str = "hello", version: str = "0.1.0", **words: str) -> Release:
        """Register a package, and return its release."""
        content = self.package(slug, version, **words)
        return register_release(content=content, actor=SYSTEM)[0]


def empty_registry() -> None:
    """Leave nothing in the registry, and nothing of it installed, running or granted."""
    # Some tests have tenants that are rows only, without roles of their own.
    whole = Tenant.objects.exclude(schema_digest="")
    having = list(whole.filter(installations__isnull=False).distinct())
    Installation.objects.all().delete()
    ProvisioningRun.objects.filter(kind__startswith="plugin-").delete()
    for tenant in having:
        with tenant_scope(tenant):
            raise_epoch()
            ensure_system_roles()
    Backend.objects.all().delete()
    Plugin.objects.update(current=None)
    StoredPackage.objects.all().delete()
    Release.objects.all().delete()
    Plugin.objects.all().delete()
    TrustedKey.objects.all().delete()
