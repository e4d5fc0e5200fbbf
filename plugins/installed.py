"""What plugins the tenant of the current scope has, without asking the database each time."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from uuid import UUID

import structlog
from django.db import connection

from plexica.core.scope import current_scope, platform_scope
from plexica_sdk.errors import PluginError
from plexica_sdk.manifest import Manifest, manifest_of
from plugins.gateway.routes import RouteTable, compile_routes
from plugins.models import Installation, Release
from plugins.states import InstallationState
from tenants.epochs import current_epoch

MAX_KEPT_TENANTS = 2_000
MAX_KEPT_RELEASES = 1_000

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RunningRelease:
    """What a release says that does not change as long as there is one.

    Attributes:
        id: The release's id.
        slug: The plugin's slug.
        name: The plugin's name, as this release has it.
        version: Its version.
        digest: What it is known by, and what the addresses of its static files begin with.
        manifest: All that it says of itself.
        routes: Its routes, to be asked.
    """

    id: UUID
    slug: str
    name: str
    version: str
    digest: str
    manifest: Manifest = field(repr=False, compare=False)
    routes: RouteTable = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Installed:
    """An enabled installation.

    Attributes:
        id: The installation's id.
        tenant_id: The tenant's id.
        uses: What of the host the tenant has agreed to.
        release: What runs.
    """

    id: UUID
    tenant_id: UUID
    uses: frozenset[str]
    release: RunningRelease

    @property
    def slug(self) -> str:
        """The plugin's slug."""
        return self.release.slug

    @property
    def name(self) -> str:
        """The plugin's name."""
        return self.release.name

    @property
    def release_id(self) -> UUID:
        """The release's id."""
        return self.release.id

    @property
    def digest(self) -> str:
        """The release's digest."""
        return self.release.digest

    @property
    def version(self) -> str:
        """The release's version."""
        return self.release.version

    @property
    def manifest(self) -> Manifest:
        """What the release says of itself."""
        return self.release.manifest

    @property
    def routes(self) -> RouteTable:
        """The release's routes."""
        return self.release.routes


Plugins = Mapping[str, Installed]

_NONE: Plugins = MappingProxyType({})
_lock = threading.Lock()
_kept: dict[str, tuple[int, Plugins]] = {}
_releases: dict[UUID, RunningRelease] = {}


def installed_here() -> Plugins:
    """Return the enabled installations of the current scope's tenant, by their plugins' slugs.

    They are kept in the process under the scope's permission epoch, which whatever changes an
    installation raises. The platform's own scope has none.

    Raises:
        NoScope: There is no scope.
        DatabaseError: They had to be read, and the database does not answer.
    """
    scope = current_scope()
    if scope.tenant_slug is None:
        return _NONE
    epoch = current_epoch()
    kept = _kept.get(scope.schema)
    if kept is not None and kept[0] == epoch:
        return kept[1]
    found = _read()
    if not connection.in_atomic_block:
        # What is read in a transaction may be rolled back, and the next change gets the same epoch.
        with _lock:
            if len(_kept) >= MAX_KEPT_TENANTS:
                _kept.clear()
            _kept[scope.schema] = (epoch, found)
    return found


def forget_installed() -> None:
    """Forget what this process keeps of tenants; of releases, nothing changes."""
    with _lock:
        _kept.clear()


def running_releases(ids: Iterable[UUID]) -> dict[UUID, RunningRelease]:
    """Return some releases by their ids; what cannot be used any more is left out, and logged."""
    found = {key: _releases[key] for key in set(ids) if key in _releases}
    missing = set(ids) - found.keys()
    if missing:
        with platform_scope():
            rows = list(Release.objects.filter(pk__in=missing).select_related("plugin"))
        read = {row.pk: release for row in rows if (release := _release(row)) is not None}
        with _lock:
            if len(_releases) + len(read) > MAX_KEPT_RELEASES:
                _releases.clear()
            _releases.update(read)
        found |= read
    return found


def _read() -> Plugins:
    rows = list(
        Installation.objects.filter(state=InstallationState.ENABLED).values(
            "id", "tenant_id", "release_id", "uses"
        )
    )
    releases = running_releases({row["release_id"] for row in rows})
    installed = (
        Installed(row["id"], row["tenant_id"], frozenset(row["uses"]), releases[row["release_id"]])
        for row in rows
        if row["release_id"] in releases
    )
    by_name = sorted(installed, key=lambda each: (each.name, each.slug))
    return MappingProxyType({each.slug: each for each in by_name})


def _release(row: Release) -> RunningRelease | None:
    try:
        manifest = manifest_of(row.manifest)
    except PluginError:
        # It was acceptable once; a platform that asks for more must not lose its other plugins.
        logger.exception("plugin_manifest_refused", release=str(row.pk), plugin=row.plugin.slug)
        return None
    return RunningRelease(
        id=row.pk,
        slug=row.plugin.slug,
        name=manifest.name,
        version=row.version,
        digest=row.digest,
        manifest=manifest,
        routes=compile_routes(manifest.routes),
    )
