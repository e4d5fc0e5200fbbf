"""A plugin in the process of its tests: no server, no gateway, all else as it runs."""

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from django.test import Client

from plexica_sdk.building import read_manifest
from plexica_sdk.errors import PluginError
from plexica_sdk.hosting.configuration import apps_of, configure
from plexica_sdk.hosting.context import Context, Tenant, enter, leave
from plexica_sdk.hosting.services import forget_settings
from plexica_sdk.hosting.verification import context_of
from plexica_sdk.testing.backends import variables_of
from plexica_sdk.testing.cast import ACME, Member
from plexica_sdk.testing.contexts import claims_of, sign_claims
from plexica_sdk.testing.host import FakeHost, FakeInstallation
from plexica_sdk.testing.routes import route_for

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

_BY_THE_HOST = {"event", "lifecycle"}


class NoRoute(PluginError):
    """The gateway would not let a request through: no route of the manifest leads there."""


class PluginClient(Client):
    """Django's test client, as the gateway asks in somebody's name.

    A request that no route lets through raises NoRoute; one that a route refuses to this person
    is answered by the plugin, which has to refuse it too.
    """

    def __init__(
        self,
        plugin: "TestPlugin",
        tenant: Tenant,
        member: Member | None,
        permissions: Collection[str],
        via: str,
    ) -> None:
        super().__init__(raise_request_exception=True)
        self._plugin = plugin
        self._tenant = tenant
        self._member = member
        self._permissions = permissions
        self._via = via

    def request(self, **request: Any) -> "Response":
        """Sign a request, and have it answered."""
        method, path = request.get("REQUEST_METHOD", "GET"), request["PATH_INFO"]
        is_hosts = self._via in _BY_THE_HOST
        if not is_hosts and route_for(self._plugin.manifest, method, path) is None:
            raise NoRoute(f"No route of the manifest lets {method} {path} through.")
        query = request.get("QUERY_STRING", "")
        target = quote(path.encode("latin-1")) + (f"?{query}" if query else "")
        is_fragment = self._via == "page" and "HTTP_HX_REQUEST" in request
        host = self._plugin.host
        claims = claims_of(
            host.backend,
            host.installations[self._tenant.slug],
            method=method,
            target=target,
            user=self._member.user if self._member else None,
            permissions=self._permissions,
            via="fragment" if is_fragment else self._via,
        )
        slug = self._plugin.manifest.slug
        request |= {
            "REQUEST_URI": target,
            "HTTP_PLEXICA_CONTEXT": sign_claims(claims, host.backend.secret),
            "HTTP_PLEXICA_PREFIX": f"/api/x/{slug}" if self._via == "api" else f"/x/{slug}",
        }
        return super().request(**request)


class TestPlugin:
    """A plugin, and the host that it has in its tests.

    Attributes:
        manifest: The plugin's.
        host: The fake host, with the tenants acme and globex.
    """

    __test__ = False

    def __init__(self, host: FakeHost) -> None:
        self.manifest = host.manifest
        self.host = host

    @property
    def acme(self) -> FakeInstallation:
        """The plugin in acme, Ada's and Bo's tenant."""
        return self.host.installations["acme"]

    @property
    def globex(self) -> FakeInstallation:
        """The plugin in globex, Cy's tenant."""
        return self.host.installations["globex"]

    def client(
        self, member: Member, *, permissions: Collection[str] | None = None, via: str = "page"
    ) -> PluginClient:
        """Return a client that asks as somebody.

        Args:
            member: Such as ADA.
            permissions: What they hold; what the manifest gives to their role if left out.
            via: `page`, `widget` or `api`. A page with the header HX-Request is a fragment.
        """
        held = member.holds(self.manifest) if permissions is None else permissions
        return PluginClient(self, member.tenant, member, held, via)

    def post(
        self, path: str, document: Mapping[str, Any], *, tenant: Tenant = ACME, via: str = "event"
    ) -> "Response":
        """Post what the host itself posts, such as an event.

        Args:
            path: The path of the manifest's subscription.
            document: What it posts, as JSON has it.
            tenant: For whom.
            via: `event` or `lifecycle`.
        """
        client = PluginClient(self, tenant, None, (), via)
        return client.post(path, dict(document), content_type="application/json")

    @contextmanager
    def within(self, member: Member) -> Iterator[Context]:
        """Be in somebody's request, to call services and look at rows."""
        claims = claims_of(
            self.host.backend,
            self.host.installations[member.tenant.slug],
            method="GET",
            target="/",
            user=member.user,
            permissions=member.holds(self.manifest),
        )
        context = context_of(claims)
        enter(context)
        try:
            yield context
        finally:
            leave()

    @contextmanager
    def running(self, database_url: str = "") -> Iterator[None]:
        """Have the fake host answer, and the schemas migrated.

        Args:
            database_url: The address of somebody who may make schemas and roles in a
                PostgreSQL; without it the plugin has no database.
        """
        with self.host.running(database_url):
            for installation in self.host.installations.values():
                if installation.database:
                    self._migrate(installation.tenant)
            yield

    def _migrate(self, tenant: Tenant) -> None:
        answer = self.post("/_plexica/migrate", {}, tenant=tenant, via="lifecycle")
        if answer.status_code != HTTPStatus.OK:
            raise PluginError(str(answer.json()["error"]))

    def forget(self) -> None:
        """Make all as it was before the first test: no rows, files, events, mails, and defaults."""
        for installation in self.host.installations.values():
            installation.forget()
        forget_settings()


def prepare_plugin(directory: Path) -> TestPlugin:
    """Set this process up for a plugin, whose modules can be imported from then on.

    A process can be set up for one plugin.

    Args:
        directory: Its project's, with the manifest.

    Raises:
        ManifestInvalid: The manifest is not acceptable.
        PluginError: A module is missing, or the plugin is not one that the SDK hosts.
    """
    manifest = read_manifest(directory)
    host = FakeHost(manifest)
    os.environ |= {
        name: value
        for name, value in variables_of(host.backend).items()
        if name.startswith("PLEXICA_")
    }
    configure(apps_of(manifest))
    return TestPlugin(host)
