"""Plugins that somebody develops on this machine, whose backends are processes of their own.

There is such a thing in the local environment only (ADR 21). A release that is being developed has
a version of its own, is signed here with a key that is forgotten at once, and all of it is gone
when the development ends.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings as django_settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from plexica.audit.services import record
from plexica.core.actor import Actor
from plexica.core.crypto import encrypt
from plexica.core.errors import Conflict, NotFound
from plexica.settings.environment import Environment
from plexica_sdk.errors import PluginError
from plexica_sdk.package import Package, read_package, write_package
from plexica_sdk.signing import make_private_key, public_key_of, sign_package
from plugins.backends import forget_endpoint
from plugins.installing import (
    dismiss_failed,
    install_plugin,
    uninstall_installation,
    upgrade_installation,
)
from plugins.models import Backend, Installation, Plugin, Release, StoredPackage, TrustedKey
from plugins.services import (
    PackageRefused,
    publish_release,
    register_release,
    show_current,
)
from plugins.states import BackendState, InstallationState
from plugins.trust import add_trusted_key, revoke_trusted_key
from tenants.models import Tenant
from tenants.runs import TenantBusy

# A process that is not heard of for so long is taken for gone.
ATTACHED = timedelta(seconds=30)
VERSION_MARK = "-dev."
_SECRET_BYTES = 32
_BEGUN_ANEW = (InstallationState.FAILED, InstallationState.UNINSTALLING)
_SETTLED = (InstallationState.ENABLED, InstallationState.DISABLED, InstallationState.UNINSTALLING)


class DevelopmentRefused(Conflict):
    """What is there of the plugin is not one that is being developed."""

    code = "development-refused"
    title = gettext_noop("This plugin cannot be developed here")


@dataclass(frozen=True, slots=True)
class Attached:
    """A release that is being developed, and what its process has to be told.

    Attributes:
        release: The release.
        variables: As the contract has them, but for where to listen.
    """

    release: Release
    variables: Mapping[str, str] = field(repr=False)


def check_allowed() -> None:
    """Make sure that plugins may be developed here: on somebody's own machine only.

    Raises:
        NotFound: They may not.
    """
    if django_settings.PLEXICA_ENVIRONMENT != Environment.LOCAL:
        raise NotFound(_("There is nothing at this address."))


def begin_development(*, content: bytes, port: int, actor: Actor) -> Attached:
    """Take a package as a release whose backend is somebody's own process on this machine.

    Args:
        content: The package, unsigned; its version ends with `-dev.` and a number.
        port: Where on loopback the process is going to listen.
        actor: Who develops it.

    Raises:
        NotFound: Nothing is developed here.
        PackageRefused: It is no such package.
    """
    check_allowed()
    try:
        package = read_package(content)
    except PluginError as error:
        raise PackageRefused(str(error), fields={"package": [str(error)]}) from error
    if VERSION_MARK not in str(package.manifest.version):
        raise PackageRefused(_("The version of what is developed ends with -dev. and a number."))
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    with transaction.atomic():
        release = _registered(package, actor)
        backend = Backend.objects.create(
            release=release,
            is_wanted=False,
            state=BackendState.READY,
            address=f"127.0.0.1:{port}",
            ciphertext=encrypt(secret),
            ready_at=timezone.now(),
            attached_until=timezone.now() + ATTACHED,
        )
        _tell("plugin.development_begun", release, actor)
    return Attached(
        release,
        {
            "PLEXICA_HOST_URL": f"{django_settings.PLEXICA_INTERNAL_URL}/api/host/v1",
            "PLEXICA_BACKEND": str(backend.pk),
            "PLEXICA_SECRET": secret,
            "PLEXICA_PLUGIN": package.manifest.slug,
            "PLEXICA_VERSION": str(package.manifest.version),
            "PLEXICA_DIGEST": release.digest,
        },
    )


def keep_development(*, release: Release) -> None:
    """Take note that a release's process is still there.

    Raises:
        NotFound: The release is not being developed.
    """
    check_allowed()
    found = Backend.objects.filter(release=release, attached_until__isnull=False)
    if not found.update(attached_until=timezone.now() + ATTACHED):
        raise NotFound(_("This release is not being developed."))
    forget_endpoint(release.pk)


def install_developed(
    *, release: Release, tenant: Tenant, settings: Mapping[str, Any], actor: Actor
) -> Installation:
    """Begin to install a release that is being developed, or to upgrade to it from another one.

    What it asks for of the host is agreed to.

    Args:
        release: The release.
        tenant: In which tenant.
        settings: Values by name, for an installation that is new.
        actor: Who develops it.

    Raises:
        NotFound: The release is not being developed.
        DevelopmentRefused: The tenant has a release of it that is not.
        PlexicaError: As `install_plugin` and `upgrade_installation`.
    """
    keep_development(release=release)
    slug, uses = release.plugin.slug, release.contract.uses
    found = Installation.objects.select_related("tenant", "plugin", "release")
    before = found.filter(tenant=tenant, plugin=release.plugin).first()
    if before is not None and not _developed().filter(pk=before.release_id).exists():
        raise DevelopmentRefused(
            _("%(tenant)s has version %(version)s of it. Uninstall that, or take another tenant.")
            % {"tenant": tenant.slug, "version": before.release.version}
        )
    if before is None or before.state in _BEGUN_ANEW:
        return install_plugin(
            tenant=tenant,
            slug=slug,
            version=release.version,
            uses=uses,
            settings=settings,
            actor=actor,
        )
    return upgrade_installation(
        installation=before,
        version=release.version,
        uses=uses,
        settings=settings,
        actor=actor,
    )


def end_development(*, plugin: Plugin, actor: Actor) -> bool:
    """Take back all that was developed of a plugin, with its data. To be called until it is done.

    Args:
        plugin: The plugin.
        actor: Who ends it.

    Returns:
        Whether nothing is left; until then, tenants are still busy with it.

    Raises:
        NotFound: Nothing is developed here.
    """
    check_allowed()
    left = list(
        Installation.objects.filter(release__in=_developed().filter(plugin=plugin)).select_related(
            "tenant", "plugin", "release", "run"
        )
    )
    for installation in left:
        _take_away(installation, actor)
    if left:
        return False
    with transaction.atomic():
        plugin = Plugin.objects.select_for_update().get(pk=plugin.pk)
        releases = list(_developed().filter(plugin=plugin))
        for release in releases:
            _tell("plugin.development_ended", release, actor)
        _forget(plugin, releases)
    return True


def _registered(package: Package, actor: Actor) -> Release:
    """Register and publish a package with a key that signs nothing else."""
    private_key = make_private_key()
    key = add_trusted_key(
        name=f"{package.manifest.slug} {package.manifest.version}",
        public_key=str(public_key_of(private_key)),
        actor=actor,
    )
    content = write_package(sign_package(package, private_key))
    release, is_new = register_release(content=content, actor=actor)
    if not is_new:
        raise DevelopmentRefused(_("This version is there already."))
    release = publish_release(release=release, actor=actor)
    revoke_trusted_key(key=key, actor=actor)
    return release


def _take_away(installation: Installation, actor: Actor) -> None:
    """Have an installation go, as soon as nothing else is done to its tenant."""
    run = installation.run
    if run is not None and not run.is_finished:
        return
    try:
        if installation.state in _SETTLED:
            uninstall_installation(installation=installation, purge=True, actor=actor)
        elif installation.state == InstallationState.FAILED:
            dismiss_failed(installation=installation, actor=actor)
    except TenantBusy:
        return


def _forget(plugin: Plugin, releases: list[Release]) -> None:
    keys = [release.key_id for release in releases]
    Plugin.objects.filter(pk=plugin.pk).update(current=None)
    Backend.objects.filter(release__in=releases).delete()
    StoredPackage.objects.filter(release__in=releases).delete()
    Release.objects.filter(pk__in=[release.pk for release in releases]).delete()
    TrustedKey.objects.filter(pk__in=keys).delete()
    if plugin.releases.exists():
        show_current(plugin)
    else:
        plugin.delete()


def _developed() -> QuerySet[Release]:
    return Release.objects.filter(backend__attached_until__isnull=False)


def _tell(what: str, release: Release, actor: Actor) -> None:
    record(
        actor=actor,
        action=what,
        target=f"plugin:{release.plugin.slug}",
        after={"version": release.version},
    )
