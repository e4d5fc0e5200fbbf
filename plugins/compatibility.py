"""Whether a release works with this version of Plexica, and may be had."""

from django.conf import settings
from django.utils.translation import gettext as _

from plexica_sdk.errors import ManifestInvalid
from plexica_sdk.versions import Version
from plugins.models import Release
from plugins.states import ReleaseState


def explain_incompatibility(release: Release) -> str:
    """Return why a release does not work with this version of Plexica; empty if it does."""
    present = Version.parse(settings.PLEXICA_VERSION)
    try:
        manifest = release.contract
    except ManifestInvalid:
        return _("This version of Plexica does not understand the release's manifest any more.")
    if present < manifest.min_version:
        return _("It needs Plexica %(version)s or newer; this is %(present)s.") % {
            "version": manifest.min_version,
            "present": present,
        }
    if manifest.below_version is not None and present >= manifest.below_version:
        return _("It works with Plexica below %(version)s only; this is %(present)s.") % {
            "version": manifest.below_version,
            "present": present,
        }
    return ""


def explain_unavailable(release: Release, *, has_it: bool) -> str:
    """Return why a tenant may not have a release; empty if it may.

    Args:
        release: The release.
        has_it: Whether the tenant has this very release.
    """
    allowed = (
        {ReleaseState.PUBLISHED, ReleaseState.DEPRECATED} if has_it else {ReleaseState.PUBLISHED}
    )
    if release.state not in allowed:
        return _("Version %(version)s is not offered: it is %(state)s.") % {
            "version": release.version,
            "state": release.get_state_display().lower(),
        }
    return ""
