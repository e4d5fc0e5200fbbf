"""Which release a tenant may install, and whether what it asks for was agreed to."""

from collections.abc import Collection

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from plexica.core.errors import Conflict, InvalidInput, NotFound
from plugins.compatibility import explain_incompatibility, explain_unavailable
from plugins.models import Release
from plugins.selectors import get_plugin, get_release
from plugins.states import ReleaseState


class ReleaseRefused(Conflict):
    """The release is not offered, or does not work with this version of Plexica."""

    code = "release-refused"
    title = gettext_noop("This release cannot be installed")


class ConsentMissing(InvalidInput):
    """What the release asks for was not agreed to as it is; `fields` says what."""

    code = "consent-missing"
    title = gettext_noop("What the plugin asks for has to be agreed to")


def release_to_install(*, slug: str, version: str, kept: Release | None) -> Release:
    """Return a release that may be installed; nothing is told of those that never were offered.

    Args:
        slug: The plugin's.
        version: Which; the current one when empty.
        kept: The one whose data is there, which the tenant may have again.

    Raises:
        NotFound: There is no such release, or it was never offered.
        ReleaseRefused: It is not offered, or does not work with this version of Plexica.
    """
    if version:
        release: Release | None = get_release(slug=slug, version=version)
    else:
        release = get_plugin(slug=slug).current or kept
    if release is None or release.state == ReleaseState.REGISTERED:
        raise NotFound(_("There is no such release of this plugin."))
    has_it = kept is not None and kept.pk == release.pk
    problem = explain_unavailable(release, has_it=has_it) or explain_incompatibility(release)
    if problem:
        raise ReleaseRefused(problem)
    if kept is not None and release.version_key < kept.version_key:
        raise ReleaseRefused(
            _("The data that is kept is that of version %(version)s, which is newer.")
            % {"version": kept.version}
        )
    return release


def check_consent(*, asked: Collection[str], given: Collection[str]) -> None:
    """Make sure that a tenant has agreed to all that a release asks for, and to nothing else.

    Raises:
        ConsentMissing: Something was not agreed to.
        InvalidInput: Something was agreed to that the release does not ask for.
    """
    if unknown := sorted(set(given) - set(asked)):
        raise InvalidInput(
            fields={"uses": [_("The plugin does not ask for %(use)s.") % {"use": unknown[0]}]}
        )
    if missing := sorted(set(asked) - set(given)):
        raise ConsentMissing(
            fields={
                "uses": [
                    _("The plugin asks for %(uses)s. It can be had with that only.")
                    % {"uses": ", ".join(missing)}
                ]
            }
        )
