"""A host that is none: its API on loopback, for two tenants that have the plugin."""

import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from plexica_sdk.hosting.context import Tenant
from plexica_sdk.hosting.environment import Backend
from plexica_sdk.manifest import Manifest
from plexica_sdk.testing.answering import HostServer
from plexica_sdk.testing.cast import ACME, GLOBEX, PEOPLE, Member
from plexica_sdk.testing.ports import LOOPBACK, free_port
from plexica_sdk.testing.schemas import TestSchema


@dataclass(slots=True)
class FakeInstallation:
    """The plugin in one tenant, as the fake host has it.

    Attributes:
        id: The installation's id.
        tenant: The tenant.
        settings: What the tenant has set, secrets and defaults included.
        uses: What of the host it has agreed to.
        people: The tenant's.
        database: Its schema; None without a PostgreSQL.
        token: Its host token.
        is_served: Whether the host still takes the token.
        files: Key to type and bytes.
        events: What the plugin has published, in order: event and payload.
        mails: What it has sent, in order.
        calls: The calls of the host's API, in order, such as `POST /database`.
    """

    tenant: Tenant
    settings: dict[str, Any]
    uses: list[str]
    people: list[Member]
    database: TestSchema | None = None
    token: str = field(default_factory=secrets.token_urlsafe, repr=False)
    is_served: bool = True
    id: str = field(default_factory=lambda: str(uuid4()))
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    mails: list[dict[str, str]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    _at_first: tuple[dict[str, Any], list[str]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._at_first = (dict(self.settings), list(self.uses))

    def forget(self) -> None:
        """Be as at first: without rows, files, events, mails and calls, and with the defaults."""
        if self.database:
            self.database.empty()
        for kept in (self.files, self.events, self.mails, self.calls):
            kept.clear()
        self.settings, self.uses = dict(self._at_first[0]), list(self._at_first[1])
        self.is_served = True


class FakeHost:
    """The host's API on loopback, and what a backend is told by it.

    Attributes:
        manifest: The plugin's.
        installations: The plugin in each tenant, by the tenant's slug: `acme` and `globex`.
        backend: What a backend of this host knows of itself.
    """

    def __init__(self, manifest: Manifest, *, settings: Mapping[str, Any] | None = None) -> None:
        self.manifest = manifest
        defaults = {
            name: setting["default"]
            for name, setting in manifest.document.get("settings", {}).get("properties", {}).items()
            if "default" in setting
        }
        self.installations = {
            tenant.slug: FakeInstallation(
                tenant,
                settings={**defaults, **(settings or {})},
                uses=list(manifest.uses),
                people=[member for member in PEOPLE if member.tenant == tenant],
            )
            for tenant in (ACME, GLOBEX)
        }
        self._server = HostServer((LOOPBACK, 0), self)
        self.backend = Backend(
            address=LOOPBACK,
            port=free_port(),
            host_url=f"http://{LOOPBACK}:{self._server.server_port}/api/host/v1",
            id=str(uuid4()),
            secret=secrets.token_bytes(32),
            plugin=manifest.slug,
            version=str(manifest.version),
            digest=secrets.token_hex(32),
        )

    @contextmanager
    def running(self, database_url: str = "") -> Iterator["FakeHost"]:
        """Answer, with a schema for each installation if there is a PostgreSQL.

        Args:
            database_url: The address of somebody who may make schemas and roles; may be empty.
        """
        # The thread serves what is asked of the host; it needs no scope.
        thread = threading.Thread(target=self._server.serve_forever, daemon=True)  # noqa: TID251
        thread.start()
        try:
            for slug, installation in self.installations.items():
                if database_url:
                    name = f"{slug}__{self.manifest.slug.replace('-', '_')}"
                    installation.database = TestSchema.make(database_url, name)
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()
            for installation in self.installations.values():
                if installation.database:
                    installation.database.drop()

    def by_token(self, token: str) -> FakeInstallation | None:
        """Return the installation that a token is of, while it is served."""
        return next(
            (
                installation
                for installation in self.installations.values()
                if installation.is_served and secrets.compare_digest(installation.token, token)
            ),
            None,
        )
