"""All that a tenant may know of one plugin: what is offered, what it has, how that came about."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from plexica.core.scope import platform_scope
from plugins.installations import CatalogueEntry, Consent, consent_to, get_catalogue_entry
from plugins.models import Installation
from plugins.secrets import names_of_secret_settings
from plugins.settings_values import (
    definitions_of,
    missing_settings,
    plain_settings,
    secrets_given,
)
from tenants.models import ProvisioningStep, Tenant


@dataclass(frozen=True, slots=True)
class OfferDetails:
    """What there is to know of the release that is offered.

    Attributes:
        consent: What it asks for, and what of that is new.
        settings: Its settings, each as the manifest has it, by their names.
        required: The names of those that have to be given.
        missing: The names of those of them that would have no value if nobody gave one.
    """

    consent: Consent
    settings: Mapping[str, Mapping[str, Any]]
    required: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InstallationDetails:
    """What there is to know of an installation.

    Attributes:
        definitions: The settings of its release, each as the manifest has it, by their names.
        settings: Their values with defaults, without the secret ones.
        secrets: The names of the secret ones, and whether each has a value.
        steps: Those of its last run.
    """

    definitions: Mapping[str, Mapping[str, Any]]
    settings: Mapping[str, Any]
    secrets: Mapping[str, bool]
    steps: tuple[ProvisioningStep, ...]


@dataclass(frozen=True, slots=True)
class PluginDetails:
    """A plugin as a tenant sees it, with everything.

    Attributes:
        entry: As the catalogue has it.
        offer: Of the offered release; None if there is none.
        installation: Of the installation; None if there is none.
    """

    entry: CatalogueEntry
    offer: OfferDetails | None
    installation: InstallationDetails | None


def get_plugin_details(*, tenant: Tenant, slug: str) -> PluginDetails:
    """Return all that a tenant may know of a plugin.

    Raises:
        NotFound: It neither may have it nor has it.
    """
    entry = get_catalogue_entry(tenant=tenant, slug=slug)
    with platform_scope():
        return PluginDetails(
            entry=entry,
            offer=_offer(entry),
            installation=_installation(entry.installation) if entry.installation else None,
        )


def _offer(entry: CatalogueEntry) -> OfferDetails | None:
    # What this Plexica does not understand cannot be described.
    if entry.offered is None or entry.refusal:
        return None
    manifest, installation = entry.offered.contract, entry.installation
    return OfferDetails(
        consent=consent_to(release=entry.offered, installation=installation),
        settings=definitions_of(manifest),
        required=tuple(manifest.document.get("settings", {}).get("required", ())),
        missing=missing_settings(
            manifest,
            plain=installation.settings if installation else {},
            secrets=names_of_secret_settings(installation=installation) if installation else (),
        ),
    )


def _installation(installation: Installation) -> InstallationDetails:
    manifest = installation.release.contract
    return InstallationDetails(
        definitions=definitions_of(manifest),
        settings=plain_settings(installation, manifest),
        secrets=secrets_given(installation, manifest),
        steps=tuple(installation.run.steps.all()) if installation.run else (),
    )
