"""Installations: asked for, switched on and off, brought to newer releases, and ended.

What takes time is a run (`plugins.lifecycle`), of which a tenant has one at a time. All of it
works in whatever scope it is called from.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings as django_settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from plexica.core.actor import Actor
from plexica.core.errors import Conflict, NotFound
from plexica.core.scope import platform_scope
from plugins.admission import ReleaseRefused, check_consent, release_to_install
from plugins.backends import want_backend
from plugins.compatibility import explain_incompatibility
from plugins.lifecycle.following import follow_change, follow_state
from plugins.lifecycle.removal import KEEPING
from plugins.models import Installation
from plugins.secrets import (
    forget_secret_settings,
    names_of_secret_settings,
    set_secret_settings,
    set_target_secrets,
)
from plugins.settings_values import Settings, check_settings, still_acceptable
from plugins.states import InstallationState, ReleaseState
from plugins.switching import switch
from plugins.telling import tell
from tenants.models import Tenant
from tenants.runs import begin_run
from tenants.states import RunKind, RunState, StepState


class InstallationStateRefused(Conflict):
    """The installation's state, or the tenant's, does not allow it."""

    code = "installation-state"
    title = gettext_noop("The state of this installation does not allow it")


def install_plugin(
    *,
    tenant: Tenant,
    slug: str,
    version: str = "",
    uses: Collection[str],
    settings: Mapping[str, Any],
    actor: Actor,
) -> Installation:
    """Begin to install a plugin in a tenant; the run's end enables it, or takes all back.

    One whose data is kept since it was uninstalled takes that over, with the settings that are not
    given now. One that could not be installed begins anew.

    Args:
        tenant: Which tenant.
        slug: The plugin's.
        version: Which release; the current one when empty.
        uses: What of the host it may use: all that the manifest asks for, and nothing else.
        settings: Values by name; what is left out has its default.
        actor: Who asks for it.

    Raises:
        NotFound: There is no such plugin, or it has no such release.
        ReleaseRefused: The release is not offered, or does not work with this Plexica.
        ConsentMissing: Something that it asks for was not agreed to.
        InvalidInput: A setting is not acceptable.
        InstallationStateRefused: The tenant has it already, or is not served.
        TenantBusy: Something else is being done to the tenant.
    """
    with _for_writing():
        tenant = _lock_tenant(tenant)
        before = _find(tenant, slug)
        if before is not None and before.state not in _MAY_BE_INSTALLED:
            raise InstallationStateRefused(_("This plugin is installed already."))
        if before is not None and before.is_being_purged:
            raise InstallationStateRefused(
                _("The data of this plugin is being removed. Install it once that is done.")
            )
        kept = before is not None and before.purge_after is not None
        release = release_to_install(
            slug=slug, version=version, kept=before.release if before and kept else None
        )
        manifest = release.contract
        check_consent(asked=manifest.uses, given=uses)
        values = check_settings(
            manifest,
            settings,
            plain=before.settings if before and kept else {},
            secrets=names_of_secret_settings(installation=before)
            if before and kept
            else frozenset(),
        )
        installation = before or Installation(tenant=tenant, plugin=release.plugin)
        if kept:
            installation.target, installation.target_uses = release, sorted(uses)
        else:
            installation.release, installation.uses = release, sorted(uses)
            installation.purge_after = None
        started = _left_by(installation)
        run = begin_run(tenant=tenant, kind=RunKind.PLUGIN_INSTALL, actor=actor, started=started)
        installation.state = InstallationState.INSTALLING
        installation.run = run
        installation.installed_by = actor.name
        installation.installed_at = timezone.now()
        installation.settings = values.plain
        installation.save()
        _keep_secrets(installation, values)
        tell(
            installation,
            "install_requested",
            actor=actor,
            version=release.version,
            uses=sorted(uses),
        )
    return installation


def enable_installation(*, installation: Installation, actor: Actor) -> Installation:
    """Serve an installation from the next request on.

    Raises:
        InstallationStateRefused: It is not disabled, or the tenant is not served.
        ReleaseRefused: Its release is withdrawn, or does not work with this Plexica any more.
    """
    with _for_writing():
        installation = _lock(installation)
        _check_state(installation, InstallationState.DISABLED)
        if installation.release.state == ReleaseState.WITHDRAWN:
            raise ReleaseRefused(_("This release has been withdrawn. Upgrade to another one."))
        if problem := explain_incompatibility(installation.release):
            raise ReleaseRefused(problem)
        want_backend(release=installation.release)
        return switch(installation, InstallationState.ENABLED, actor)


def disable_installation(*, installation: Installation, actor: Actor) -> Installation:
    """Serve an installation no more, from the next request on; nothing of it is lost.

    Raises:
        InstallationStateRefused: It is not enabled.
    """
    with _for_writing():
        installation = _lock(installation)
        _check_state(installation, InstallationState.ENABLED)
        return switch(installation, InstallationState.DISABLED, actor)


def upgrade_installation(
    *,
    installation: Installation,
    version: str,
    uses: Collection[str],
    settings: Mapping[str, Any],
    actor: Actor,
) -> Installation:
    """Begin to bring an installation to a newer release; if that fails, the old one is back.

    Args:
        installation: Which.
        version: The newer release; the current one when empty.
        uses: What of the host it may use: all that the new manifest asks for, and nothing else.
        settings: Values by name, which count with the new release; what is left out stays.
        actor: Who asks for it.

    Raises:
        NotFound: There is no such release.
        ReleaseRefused: It is not newer, not offered, or does not work with this Plexica.
        ConsentMissing: Something that it asks for was not agreed to.
        InvalidInput: A setting is not acceptable, or one that the new release needs is missing.
        InstallationStateRefused: The installation is neither enabled nor disabled.
        TenantBusy: Something else is being done to the tenant.
    """
    with _for_writing():
        installation = _lock(installation)
        _check_state(installation, InstallationState.ENABLED, InstallationState.DISABLED)
        release = release_to_install(slug=installation.plugin.slug, version=version, kept=None)
        if release.version_key <= installation.release.version_key:
            raise ReleaseRefused(
                _("Version %(version)s is not newer than the one that is installed.")
                % {"version": release.version}
            )
        check_consent(asked=release.contract.uses, given=uses)
        values = check_settings(
            release.contract,
            settings,
            plain=still_acceptable(release.contract, installation.settings),
            secrets=names_of_secret_settings(installation=installation),
        )
        installation.run = begin_run(
            tenant=installation.tenant, kind=RunKind.PLUGIN_UPGRADE, actor=actor
        )
        installation.state_before = installation.state
        installation.state = InstallationState.UPGRADING
        installation.target, installation.target_uses = release, sorted(uses)
        installation.target_settings = values.plain
        installation.save()
        set_target_secrets(installation=installation, values=values.secrets)
        # Its default grants stay: they are those of the release that it may come back to.
        follow_state(installation)
        tell(
            installation,
            "upgrade_requested",
            actor=actor,
            wanted=release.version,
            uses=sorted(uses),
        )
    return installation


def uninstall_installation(
    *, installation: Installation, purge: bool, actor: Actor
) -> Installation:
    """Serve an installation no more from the next request on, and have its data go.

    Args:
        installation: Which; one whose data is kept may be purged before its time.
        purge: Whether the data goes at once; else it is kept for `PLEXICA_PLUGIN_KEEP_DAYS`, and
            an installation before that takes it over.
        actor: Who asks for it.

    Raises:
        InstallationStateRefused: It is neither enabled nor disabled, nor kept and to be purged.
        TenantBusy: Something else is being done to the tenant.
    """
    with _for_writing():
        installation = _lock(installation)
        kept = {InstallationState.UNINSTALLING} if purge else set()
        _check_state(installation, InstallationState.ENABLED, InstallationState.DISABLED, *kept)
        days = timedelta(days=django_settings.PLEXICA_PLUGIN_KEEP_DAYS)
        return begin_removal(
            installation=installation,
            purge_after=None if purge else timezone.now() + days,
            actor=actor,
        )


def begin_removal(
    *, installation: Installation, purge_after: datetime | None, actor: Actor
) -> Installation:
    """Begin the run that closes an installation, or removes it, in the caller's transaction.

    Args:
        installation: Which, as it is now.
        purge_after: Until when its data is kept; None has it removed by this run.
        actor: Who asks for it.

    Raises:
        TenantBusy: Something else is being done to the tenant.
    """
    before = {"state": installation.state}
    installation.run = begin_run(
        tenant=installation.tenant,
        kind=RunKind.PLUGIN_UNINSTALL,
        actor=actor,
        only=None if purge_after is None else KEEPING,
    )
    installation.state = InstallationState.UNINSTALLING
    installation.purge_after = purge_after
    installation.save()
    follow_change(installation)
    until = {"purge_after": purge_after.isoformat()} if purge_after else {}
    tell(installation, "uninstall_requested", actor=actor, before=before, **until)
    return installation


def change_settings(
    *, installation: Installation, values: Mapping[str, Any], actor: Actor
) -> Installation:
    """Change some of an installation's settings; what is not given stays.

    Args:
        installation: Which.
        values: Values by name; None takes one away, so that the default counts.
        actor: Who changes them.

    Raises:
        InvalidInput: A value is not acceptable, or one that is required would be missing.
        InstallationStateRefused: It is neither enabled nor disabled.
    """
    with _for_writing():
        installation = _lock(installation)
        _check_state(installation, InstallationState.ENABLED, InstallationState.DISABLED)
        kept = check_settings(
            installation.release.contract,
            values,
            plain=installation.settings,
            secrets=names_of_secret_settings(installation=installation),
        )
        before = {
            name: installation.settings[name] for name in values if name in installation.settings
        }
        installation.settings = kept.plain
        installation.save(update_fields=["settings", "updated_at"])
        _keep_secrets(installation, kept)
        follow_state(installation)
        tell(
            installation,
            "settings_changed",
            actor=actor,
            before={"settings": before},
            settings={name: kept.plain[name] for name in values if name in kept.plain},
            secrets=sorted({*kept.secrets, *kept.forgotten}),
        )
    return installation


def dismiss_failed(*, installation: Installation, actor: Actor) -> None:
    """Put away an installation that could not be made.

    What could not be taken back then is removed first, by a run.

    Raises:
        InstallationStateRefused: It has not failed.
        TenantBusy: Something else is being done to the tenant.
    """
    with _for_writing():
        installation = _lock(installation)
        _check_state(installation, InstallationState.FAILED)
        if _left_by(installation):
            begin_removal(installation=installation, purge_after=None, actor=actor)
            return
        tell(installation, "dismissed", actor=actor)
        installation.delete()


_MAY_BE_INSTALLED = (InstallationState.FAILED, InstallationState.UNINSTALLING)


@contextmanager
def _for_writing() -> Iterator[None]:
    with platform_scope(), transaction.atomic():
        yield


def _lock_tenant(tenant: Tenant) -> Tenant:
    """Return a tenant that is served, held until the transaction ends."""
    found: Tenant | None = Tenant.objects.select_for_update().filter(pk=tenant.pk).first()
    if found is None or not found.is_active:
        raise InstallationStateRefused(
            _("Plugins of a tenant that is not active stay as they are.")
        )
    return found


def _lock(installation: Installation) -> Installation:
    """Return an installation as it is now, held until the transaction ends, with its tenant."""
    tenant = _lock_tenant(installation.tenant)
    found = _rows().filter(pk=installation.pk).first()
    if found is None:
        raise NotFound(_("This plugin is not installed any more."))
    found.tenant = tenant
    return found


def _find(tenant: Tenant, slug: str) -> Installation | None:
    found = _rows().filter(tenant=tenant, plugin__slug=slug).first()
    if found is not None:
        found.tenant = tenant
    return found


def _rows() -> QuerySet[Installation]:
    related = Installation.objects.select_related("plugin", "release", "target", "run")
    return related.select_for_update(of=("self",))


def _check_state(installation: Installation, *allowed: InstallationState) -> None:
    if installation.state not in allowed:
        raise InstallationStateRefused(
            _("This plugin is %(state)s: that cannot be done to it now.")
            % {"state": installation.get_state_display().lower()}
        )


def _left_by(installation: Installation) -> set[str]:
    """Return the steps of an installation's last run that could not be taken back."""
    run = installation.run
    if run is None or run.state != RunState.ROLLBACK_INCOMPLETE:
        return set()
    left = run.steps.filter(state=StepState.UNDO_FAILED)
    return set(left.values_list("name", flat=True))


def _keep_secrets(installation: Installation, values: Settings) -> None:
    set_secret_settings(installation=installation, values=values.secrets)
    forget_secret_settings(installation=installation, names=values.forgotten)
