"""Reading what tenants have of plugins, and could have; in whatever scope it is called from."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from plexica.core.errors import NotFound
from plexica.core.scope import platform_scope
from plexica_sdk.manifest import Permission
from plugins.compatibility import explain_incompatibility
from plugins.models import Installation, Plugin, Release
from plugins.states import InstallationState, ReleaseState
from tenants.models import ProvisioningRun, Tenant
from tenants.states import UNFINISHED_RUN_STATES, RunKind, RunState, TenantState

# A removal that failed is tried again after this.
PURGE_AGAIN_AFTER = timedelta(hours=1)
_RELATED = ("tenant", "plugin", "release", "release__plugin", "target", "run")


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A plugin as a tenant sees it.

    Attributes:
        plugin: The plugin.
        offered: The release that may be installed, or upgraded to; None if there is none.
        installation: What the tenant has of it.
        refusal: Why the offered release does not work here, in words; empty if it does.
    """

    plugin: Plugin
    offered: Release | None
    installation: Installation | None
    refusal: str = ""

    @property
    def has_newer(self) -> bool:
        """Whether a newer release than the installed one is offered."""
        return (
            self.offered is not None
            and self.installation is not None
            and self.offered.version_key > self.installation.release.version_key
        )


@dataclass(frozen=True, slots=True)
class AskedUse:
    """Something of the host that a release wants to use.

    Attributes:
        key: As the manifest has it, such as `users:read`.
        is_new: Whether the tenant has not agreed to it before.
    """

    key: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class AskedPermission:
    """A permission that a release adds.

    Attributes:
        permission: With its words and the roles that hold it by default.
        is_new: Whether the installed release does not have it, or gives it to fewer roles.
    """

    permission: Permission
    is_new: bool


@dataclass(frozen=True, slots=True)
class Consent:
    """What a release asks for."""

    uses: tuple[AskedUse, ...]
    permissions: tuple[AskedPermission, ...]

    @property
    def has_new(self) -> bool:
        """Whether something of it has not been agreed to before."""
        return any(use.is_new for use in self.uses) or any(
            permission.is_new for permission in self.permissions
        )


def list_catalogue(*, tenant: Tenant, search: str = "") -> list[CatalogueEntry]:
    """Return the plugins that a tenant may have, and those that it has, by name.

    Args:
        tenant: Whose.
        search: Part of a plugin's name, slug, author or description.
    """
    with platform_scope():
        installed = {
            found.plugin_id: found
            for found in Installation.objects.filter(tenant=tenant).select_related(*_RELATED)
        }
        plugins = Plugin.objects.select_related("current").filter(
            Q(current__state=ReleaseState.PUBLISHED) | Q(pk__in=installed.keys())
        )
        if search:
            plugins = plugins.filter(
                Q(name__icontains=search)
                | Q(slug__icontains=search)
                | Q(author__icontains=search)
                | Q(current__manifest__plugin__description__icontains=search)
            )
        return [_entry(plugin, installed.get(plugin.pk)) for plugin in plugins]


def get_catalogue_entry(*, tenant: Tenant, slug: str) -> CatalogueEntry:
    """Return a plugin that a tenant may have, or has.

    Raises:
        NotFound: There is none with this slug.
    """
    with platform_scope():
        plugin = Plugin.objects.select_related("current").filter(slug=slug).first()
        if plugin is not None:
            entry = _entry(plugin, _of_tenant(tenant).filter(plugin=plugin).first())
            if entry.offered or entry.installation:
                return entry
    raise NotFound(_("There is no plugin with this slug."))


def get_installation(*, tenant: Tenant, slug: str) -> Installation:
    """Return what a tenant has of a plugin, with plugin, releases and last run.

    Raises:
        NotFound: It has nothing of it.
    """
    with platform_scope():
        found = _of_tenant(tenant).filter(plugin__slug=slug).first()
    if found is None:
        raise NotFound(_("This plugin is not installed here."))
    return found


def list_installations(
    *, tenant: Tenant | None = None, plugin: Plugin | None = None, search: str = ""
) -> QuerySet[Installation]:
    """Return installations with tenant, plugin and release, for the platform's own scope.

    Args:
        tenant: Only this tenant's.
        plugin: Only this plugin's.
        search: Part of a tenant's slug or name.
    """
    found = Installation.objects.select_related(*_RELATED)
    if tenant is not None:
        found = found.filter(tenant=tenant)
    if plugin is not None:
        found = found.filter(plugin=plugin)
    if search:
        found = found.filter(Q(tenant__slug__icontains=search) | Q(tenant__name__icontains=search))
    return found.order_by("tenant__slug", "plugin__slug")


def consent_to(*, release: Release, installation: Installation | None = None) -> Consent:
    """Return what a release asks for, and what of it a tenant has not agreed to before.

    Args:
        release: The release.
        installation: What the tenant has; without one, all is new.
    """
    manifest = release.contract
    agreed = frozenset(installation.uses) if installation else frozenset()
    known = _by_key(installation.release.contract.permissions) if installation else {}
    return Consent(
        uses=tuple(AskedUse(use, use not in agreed) for use in manifest.uses),
        permissions=tuple(
            AskedPermission(
                permission,
                permission.key not in known
                or not set(permission.holders) <= set(known[permission.key].holders),
            )
            for permission in manifest.permissions
        ),
    )


def list_reachable() -> QuerySet[Installation]:
    """Return the installations whose backends may use their database."""
    return Installation.objects.select_related(*_RELATED).filter(
        state__in=(InstallationState.ENABLED, InstallationState.DISABLED),
        tenant__state=TenantState.ACTIVE,
    )


def list_purges_due() -> QuerySet[Installation]:
    """Return the installations whose data has been kept for long enough.

    Those of tenants that are being deleted go with the tenant.
    """
    now = timezone.now()
    runs = ProvisioningRun.objects.filter(tenant=OuterRef("tenant"))
    return Installation.objects.select_related(*_RELATED).filter(
        ~Exists(runs.filter(state__in=UNFINISHED_RUN_STATES)),
        ~Exists(
            runs.filter(
                kind=RunKind.PLUGIN_UNINSTALL,
                pk=OuterRef("run"),
                finished_at__gt=now - PURGE_AGAIN_AFTER,
            ).exclude(state=RunState.SUCCEEDED)
        ),
        Q(purge_after=None) | Q(purge_after__lte=now),
        state=InstallationState.UNINSTALLING,
        tenant__state__in=(TenantState.ACTIVE, TenantState.SUSPENDED),
    )


def _of_tenant(tenant: Tenant) -> QuerySet[Installation]:
    return Installation.objects.filter(tenant=tenant).select_related(*_RELATED)


def _entry(plugin: Plugin, installation: Installation | None) -> CatalogueEntry:
    current = plugin.current
    offered = current if current and current.state == ReleaseState.PUBLISHED else None
    refusal = explain_incompatibility(offered) if offered else ""
    return CatalogueEntry(plugin, offered, installation, refusal)


def _by_key(permissions: Iterable[Permission]) -> dict[str, Permission]:
    return {permission.key: permission for permission in permissions}
