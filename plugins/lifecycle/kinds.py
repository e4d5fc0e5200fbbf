"""What the end of a run means for its installation: what opens a door happens here."""

from typing import Any, ClassVar

from django.db.models import Q
from django.utils.translation import gettext as _

from plexica.core.actor import SYSTEM
from plexica.core.errors import Conflict
from plugins.backends import drop_backend
from plugins.lifecycle.current import has_kept_data, installation_of, release_of
from plugins.lifecycle.following import follow_change
from plugins.models import Installation
from plugins.secrets import adopt_target_secrets, forget_target_secrets
from plugins.states import InstallationState
from plugins.switching import served_state
from plugins.telling import tell
from tenants.models import ProvisioningRun, Tenant
from tenants.provisioning.kinds import Kind
from tenants.states import RunKind


class _OfPlugin(Kind):
    def announce(self, run: ProvisioningRun) -> None:
        """Do nothing: each of these kinds tells of its installation when it changes it."""


class Install(_OfPlugin):
    """A tenant gets a plugin."""

    name: ClassVar[RunKind] = RunKind.PLUGIN_INSTALL
    past: ClassVar[str] = "plugin_installed"
    is_taken_back: ClassVar[bool] = True

    def succeed(self, tenant: Tenant) -> None:
        """Enable it."""
        installation = installation_of(tenant)
        release, outdated = release_of(installation), installation.release
        uses = installation.target_uses if installation.target else installation.uses
        _save(
            installation,
            state=served_state(release, InstallationState.ENABLED),
            release=release,
            uses=uses,
            target=None,
            target_uses=None,
            purge_after=None,
        )
        if release.pk != outdated.pk:
            drop_backend(release=outdated)
        follow_change(installation)
        tell(installation, "installed", actor=SYSTEM)

    def fail(self, tenant: Tenant) -> None:
        """Let it be FAILED; what was kept from an earlier time is kept as before."""
        installation = installation_of(tenant)
        release = release_of(installation)
        state = (
            InstallationState.UNINSTALLING
            if has_kept_data(installation)
            else InstallationState.FAILED
        )
        _save(installation, state=state, target=None, target_uses=None)
        drop_backend(release=release)
        tell(installation, "install_failed", actor=SYSTEM, **_reason(installation))

    def begin_again(self, *, failed: ProvisioningRun, run: ProvisioningRun) -> None:
        """Let the new run make the installation that the failed one could not.

        Raises:
            Conflict: The installation is another one's business by now, or what it was brought
                to is not known any more.
        """
        installation = _of_failed(failed)
        if has_kept_data(installation):
            raise Conflict(
                _("The data is kept as it was before. Ask for the plugin again in the workspace.")
            )
        _save(installation, state=InstallationState.INSTALLING, run=run)


class Upgrade(_OfPlugin):
    """An installation is brought to a newer release."""

    name: ClassVar[RunKind] = RunKind.PLUGIN_UPGRADE
    past: ClassVar[str] = "plugin_upgraded"
    is_taken_back: ClassVar[bool] = True

    def succeed(self, tenant: Tenant) -> None:
        """Serve the new release, if the old one was served."""
        installation = installation_of(tenant)
        release, outdated = release_of(installation), installation.release
        _save(
            installation,
            state=served_state(release, installation.state_before),
            state_before="",
            release=release,
            uses=installation.target_uses,
            settings=installation.target_settings,
            target=None,
            target_uses=None,
            target_settings=None,
        )
        adopt_target_secrets(installation=installation)
        drop_backend(release=outdated)
        follow_change(installation)
        tell(installation, "upgraded", actor=SYSTEM, before={"version": outdated.version})

    def fail(self, tenant: Tenant) -> None:
        """Go back to the old release, which nothing has changed."""
        installation = installation_of(tenant)
        refused = release_of(installation)
        _save(
            installation,
            # Taking back may be tried again after this has been done.
            state=installation.state_before or installation.state,
            state_before="",
            target=None,
            target_uses=None,
            target_settings=None,
        )
        forget_target_secrets(installation=installation)
        drop_backend(release=refused)
        follow_change(installation)
        tell(
            installation,
            "upgrade_failed",
            actor=SYSTEM,
            refused=refused.version,
            **_reason(installation),
        )

    def begin_again(self, *, failed: ProvisioningRun, run: ProvisioningRun) -> None:  # noqa: ARG002
        """Refuse: the installation is as it was before, and may be upgraded anew.

        Raises:
            Conflict: Always.
        """
        raise Conflict(
            _("The plugin is back at its old release. Ask for the upgrade again in the workspace.")
        )


class Uninstall(_OfPlugin):
    """A tenant has a plugin no more; its data is kept for a while, or goes."""

    name: ClassVar[RunKind] = RunKind.PLUGIN_UNINSTALL
    past: ClassVar[str] = "plugin_uninstalled"
    goes_on: ClassVar[bool] = True

    def succeed(self, tenant: Tenant) -> None:
        """Forget the installation if its data is gone."""
        installation = installation_of(tenant)
        run = installation.run
        is_removed = run is not None and run.steps.filter(name="schema").exists()
        tell(installation, "removed" if is_removed else "uninstalled", actor=SYSTEM)
        if is_removed:
            installation.delete()
        drop_backend(release=installation.release)

    def begin_again(self, *, failed: ProvisioningRun, run: ProvisioningRun) -> None:
        """Let the new run go on with what the failed one has left.

        Raises:
            Conflict: The installation is another one's business by now.
        """
        _save(_of_failed(failed), run=run)


def _of_failed(run: ProvisioningRun) -> Installation:
    waiting = Q(state=InstallationState.FAILED) | Q(state=InstallationState.UNINSTALLING)
    found = (
        Installation.objects.select_related("tenant", "plugin", "release", "target")
        .filter(waiting, run=run)
        .first()
    )
    if found is None:
        raise Conflict(_("The installation that this run was about is gone, or has changed."))
    return found


def _reason(installation: Installation) -> dict[str, Any]:
    run = installation.run
    return {"failed_step": run.failed_step, "error": run.error_message} if run else {}


def _save(installation: Installation, **values: Any) -> None:
    for name, value in values.items():
        setattr(installation, name, value)
    installation.save(update_fields=[*values, "updated_at"])
