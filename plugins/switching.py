"""Whether installations are served: switched by people, and by what becomes of their release."""

from plexica.core.actor import Actor
from plugins.backends import drop_backend
from plugins.lifecycle.following import follow_change
from plugins.models import Installation, Release
from plugins.states import InstallationState, ReleaseState
from plugins.telling import tell


def switch(installation: Installation, state: InstallationState, actor: Actor) -> Installation:
    """Serve an installation from the next request on, or no more; in the caller's transaction.

    Args:
        installation: Which, locked, with its tenant, plugin and release.
        state: ENABLED or DISABLED.
        actor: Who switches.
    """
    before = {"state": installation.state}
    installation.state = state
    installation.save(update_fields=["state", "updated_at"])
    follow_change(installation)
    tell(installation, state.lower(), actor=actor, before=before)
    return installation


def served_state(release: Release, wanted: str) -> str:
    """Return the state that an installation of a release comes to: a withdrawn one is not served.

    Args:
        release: The release, as it is now.
        wanted: The state that it would come to otherwise.
    """
    if release.state == ReleaseState.WITHDRAWN and wanted == InstallationState.ENABLED:
        return InstallationState.DISABLED
    return wanted


def stop_release(*, release: Release, actor: Actor) -> None:
    """Serve no installation of a release any more, and let it run no more, in the transaction.

    What the installations have written stays: their tenants upgrade to another release.
    """
    served = Installation.objects.select_for_update(of=("self",)).select_related(
        "tenant", "plugin", "release"
    )
    for installation in served.filter(release=release, state=InstallationState.ENABLED):
        switch(installation, InstallationState.DISABLED, actor)
    drop_backend(release=release)
