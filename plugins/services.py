"""Changing the registry: releases are registered, published, deprecated and withdrawn."""

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from plexica.audit.services import record
from plexica.core.actor import Actor
from plexica.core.errors import Conflict, InvalidInput, PlexicaError
from plexica.events.services import publish
from plexica_sdk.errors import ManifestInvalid, PackageInvalid, SignatureInvalid
from plexica_sdk.package import Package, read_package
from plexica_sdk.signing import PublicKey, check_signature, signer_of
from plugins.models import MAX_REASON_LENGTH, Plugin, Release, StoredPackage, TrustedKey
from plugins.states import CURRENT_FIRST, ReleaseState
from plugins.switching import stop_release
from plugins.trust import KeyRevoked


class PackageRefused(InvalidInput):
    """The file is no package, or its manifest is not acceptable; `fields` says why."""

    code = "package-refused"
    title = gettext_noop("This package is not acceptable")


class SignatureRefused(PlexicaError):
    """The package is not signed by a key that the platform trusts, or was changed since."""

    code = "signature-refused"
    title = gettext_noop("The platform does not trust this package")
    status = 400


class VersionTaken(Conflict):
    """The version is registered with other contents."""

    code = "version-taken"
    title = gettext_noop("This version is registered already")


class StateRefused(Conflict):
    """The release's state does not allow it."""

    code = "release-state"
    title = gettext_noop("The state of this release does not allow it")


def register_release(*, content: bytes, actor: Actor) -> tuple[Release, bool]:
    """Take a package into the registry, having checked its form, digests and signature.

    Nothing of it is stored before, and nothing of it runs. The same contents again are the same
    release.

    Args:
        content: The package's bytes.
        actor: Who registers it.

    Returns:
        The release, and whether it is new.

    Raises:
        PackageRefused: It is no package, or its manifest is not acceptable.
        SignatureRefused: It is not signed by a key that the platform trusts.
        VersionTaken: The version is registered with other contents.
    """
    package = _read(content)
    with transaction.atomic():
        key = _check_trust(package)
        manifest = package.manifest
        plugin, _is_new = Plugin.objects.get_or_create(
            slug=manifest.slug, defaults={"name": manifest.name, "author": manifest.author}
        )
        # Two at the same time take turns here.
        plugin = Plugin.objects.select_for_update().get(pk=plugin.pk)
        known = plugin.releases.filter(version=str(manifest.version)).first()
        if known is not None:
            if known.digest != package.digest:
                raise VersionTaken(
                    _(
                        "Version %(version)s of %(slug)s is registered with other contents. A"
                        " release never changes: give it a new version."
                    )
                    % {"version": known.version, "slug": plugin.slug}
                )
            return known, False
        release = Release.objects.create(
            plugin=plugin,
            version=str(manifest.version),
            version_key=manifest.version.sort_key,
            digest=package.digest,
            manifest=dict(manifest.document),
            key=key,
            size=len(content),
            registered_by=actor.name,
        )
        StoredPackage.objects.create(release=release, content=content)
        show_current(plugin)
        _tell("plugin.release_registered", release, actor, key=key.fingerprint)
    return release, True


def publish_release(*, release: Release, actor: Actor) -> Release:
    """Offer a release to tenants, for the first time or again.

    Raises:
        StateRefused: It is published, or withdrawn.
        KeyRevoked: The key that signed it is trusted no more.
    """
    with transaction.atomic():
        key = TrustedKey.objects.select_for_update().get(pk=release.key_id)
        if not key.is_trusted:
            raise KeyRevoked(
                _("The key that signed this release has been revoked, so it cannot be published.")
            )
        return _move(release, ReleaseState.PUBLISHED, actor)


def deprecate_release(*, release: Release, actor: Actor, reason: str = "") -> Release:
    """Offer a release no more, while those who have it go on with it.

    Args:
        release: The release.
        actor: Who deprecates it.
        reason: Why, for those who have it.

    Raises:
        InvalidInput: The reason is too long.
        StateRefused: It is not published.
    """
    with transaction.atomic():
        return _move(release, ReleaseState.DEPRECATED, actor, reason)


def withdraw_release(*, release: Release, actor: Actor, reason: str = "") -> Release:
    """Take a release back for good: who has it is served by it no more, from the next request on.

    Args:
        release: The release.
        actor: Who withdraws it.
        reason: Why, for those who have it.

    Raises:
        InvalidInput: The reason is too long.
        StateRefused: It has been withdrawn already.
    """
    with transaction.atomic():
        withdrawn = _move(release, ReleaseState.WITHDRAWN, actor, reason)
        stop_release(release=withdrawn, actor=actor)
        return withdrawn


def _read(content: bytes) -> Package:
    try:
        return read_package(content)
    except ManifestInvalid as error:
        raise PackageRefused(
            _("The manifest in this package is not acceptable."),
            fields={"package": [str(problem) for problem in error.problems]},
        ) from error
    except PackageInvalid as error:
        raise PackageRefused(str(error), fields={"package": [str(error)]}) from error


def _check_trust(package: Package) -> TrustedKey:
    """Return the key that signed a package, held against a revocation at the same time."""
    try:
        fingerprint = signer_of(package)
        key = TrustedKey.objects.select_for_update().filter(fingerprint=fingerprint).first()
        if key is None:
            raise SignatureRefused(
                _(
                    "The package is signed with the key %(fingerprint)s…, which the platform does"
                    " not trust."
                )
                % {"fingerprint": fingerprint[:16]}
            )
        if not key.is_trusted:
            raise SignatureRefused(
                _("The package is signed with the key “%(name)s”, which has been revoked.")
                % {"name": key.name}
            )
        check_signature(package, PublicKey.parse(key.public_key))
    except SignatureInvalid as error:
        raise SignatureRefused(str(error)) from error
    return key


def _move(release: Release, state: ReleaseState, actor: Actor, reason: str = "") -> Release:
    reason = reason.strip()
    if len(reason) > MAX_REASON_LENGTH or not reason.isprintable():
        raise InvalidInput(
            fields={
                "reason": [
                    _("Use %(max)d printable characters at most.") % {"max": MAX_REASON_LENGTH}
                ]
            }
        )
    # The plugin first, as where releases are registered.
    plugin = Plugin.objects.select_for_update().get(pk=release.plugin_id)
    release = Release.objects.select_for_update(of=("self",)).get(pk=release.pk)
    if not release.may_become(state):
        raise StateRefused(
            _("This release is %(state)s: that cannot be done to it.")
            % {"state": release.get_state_display().lower()}
        )
    before = release.state
    release.state = state
    release.reason = reason
    moment = f"{state.lower()}_at"
    setattr(release, moment, timezone.now())
    release.save(update_fields=["state", "reason", moment])
    show_current(plugin)
    _tell(f"plugin.release_{state.lower()}", release, actor, before=before, reason=reason)
    return release


def show_current(plugin: Plugin) -> None:
    """Have a plugin show its highest release of the first state that it has one of.

    To be called in a transaction that holds the plugin.
    """
    rank = {str(state): place for place, state in enumerate(CURRENT_FIRST)}
    # By version already, the highest first; sorting keeps that.
    current = min(plugin.releases.order_by("-version_key"), key=lambda found: rank[found.state])
    plugin.current = current
    plugin.name = current.manifest["plugin"]["name"]
    plugin.author = current.manifest["plugin"]["author"]
    plugin.save(update_fields=["current", "name", "author", "updated_at"])


def _tell(what: str, release: Release, actor: Actor, *, before: str = "", **facts: Any) -> None:
    after = {"version": release.version, "digest": release.digest, "state": release.state, **facts}
    record(
        actor=actor,
        action=what,
        target=f"plugin:{release.plugin.slug}",
        before={"state": before} if before else None,
        after=after,
    )
    publish(event=what, payload={"plugin": release.plugin.slug, **after})
