"""Reading the registry."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from plexica.core.errors import InvalidInput, NotFound, PermanentError
from plexica_sdk.errors import PluginError
from plexica_sdk.package import Package, read_package
from plexica_sdk.versions import Version
from plugins.models import Plugin, Release, StoredPackage, TrustedKey
from plugins.states import ReleaseState

ORDERINGS = ("name", "-name", "slug", "-slug", "updated_at", "-updated_at")


def list_plugins(
    *, search: str = "", states: Sequence[str] = (), ordering: str = "name"
) -> QuerySet[Plugin]:
    """Return plugins with their current release, and two facts about the others.

    `release_count` says how many there are, `has_newer` whether one that is newer than the current
    one waits to be published.

    Args:
        search: Part of a name, a slug or an author's name, whatever its case.
        states: Only those whose current release is in one of these states; all when empty.
        ordering: One of `ORDERINGS`.

    Raises:
        InvalidInput: A state or the ordering is unknown.
    """
    unknown = [state for state in states if state not in ReleaseState.values]
    if unknown:
        known = ", ".join(ReleaseState.values)
        raise InvalidInput(fields={"state": [f"Unknown state {unknown[0]!r}. Use {known}."]})
    if ordering not in ORDERINGS:
        known = ", ".join(ORDERINGS)
        raise InvalidInput(fields={"ordering": [f"Unknown ordering. Use one of {known}."]})
    waiting = Release.objects.filter(
        plugin=OuterRef("pk"),
        state=ReleaseState.REGISTERED,
        version_key__gt=OuterRef("current__version_key"),
    )
    # The model names these, for those who read them.
    facts: dict[str, Any] = {"release_count": Count("releases"), "has_newer": Exists(waiting)}
    plugins = Plugin.objects.select_related("current").annotate(**facts)
    if search:
        plugins = plugins.filter(
            Q(name__icontains=search) | Q(slug__icontains=search) | Q(author__icontains=search)
        )
    if states:
        plugins = plugins.filter(current__state__in=states)
    return plugins.order_by(ordering, "-id" if ordering.startswith("-") else "id")


def get_plugin(*, slug: str) -> Plugin:
    """Return a plugin with its current release.

    Raises:
        NotFound: There is none with this slug.
    """
    plugin = Plugin.objects.select_related("current").filter(slug=slug).first()
    if plugin is None:
        raise NotFound(_("There is no plugin with this slug."))
    return plugin


def list_releases(*, plugin: Plugin) -> QuerySet[Release]:
    """Return a plugin's releases with the keys that signed them, the newest version first."""
    return Release.objects.filter(plugin=plugin).select_related("plugin", "key")


def get_release(*, slug: str, version: str) -> Release:
    """Return a release with its plugin and the key that signed it.

    Raises:
        NotFound: There is no such plugin, or it has no such release.
    """
    try:
        Version.parse(version)
    except ValueError as error:
        raise NotFound(_("There is no such release of this plugin.")) from error
    release = (
        Release.objects.select_related("plugin", "key")
        .filter(plugin__slug=slug, version=version)
        .first()
    )
    if release is None:
        raise NotFound(_("There is no such release of this plugin."))
    return release


def get_package(*, release: Release) -> Package:
    """Return the package of a release, having compared it with the release's digest.

    Raises:
        PermanentError: What is stored is not what was registered.
    """
    content = StoredPackage.objects.values_list("content", flat=True).get(release=release)
    try:
        package = read_package(bytes(content))
    except PluginError as error:
        raise PermanentError("The stored package of this release is damaged.") from error
    if package.digest != release.digest:
        raise PermanentError("The stored package of this release is another one.")
    return package


def list_trusted_keys() -> QuerySet[TrustedKey]:
    """Return the keys, those that count first, with how many releases each has signed."""
    facts: dict[str, Any] = {"release_count": Count("releases")}
    return TrustedKey.objects.annotate(**facts).order_by(
        F("revoked_at").desc(nulls_first=True), "name", "id"
    )


def get_trusted_key(*, key_id: UUID) -> TrustedKey:
    """Return a key.

    Raises:
        NotFound: There is none with this id.
    """
    key = TrustedKey.objects.filter(pk=key_id).first()
    if key is None:
        raise NotFound(_("There is no such key."))
    return key


def find_trusted_key(*, fingerprint: str) -> TrustedKey:
    """Return the one key whose fingerprint begins so, as people shorten them.

    Raises:
        NotFound: None does, or more than one.
    """
    found = list(TrustedKey.objects.filter(fingerprint__startswith=fingerprint)[:2])
    if len(found) != 1 or not fingerprint:
        raise NotFound(_("There is no key with this fingerprint, or more than one."))
    return found[0]
