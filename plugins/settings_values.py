"""The settings of installations: what may be given, what is kept, and what the plugin gets."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email
from django.utils.translation import gettext as _

from plexica.core.errors import InvalidInput
from plexica_sdk.manifest import Manifest
from plexica_sdk.rules import is_of_type
from plugins.models import Installation
from plugins.secrets import names_of_secret_settings, secret_settings

MAX_LENGTH = 1000
_MAX_UNKNOWN = 20


@dataclass(frozen=True, slots=True)
class Settings:
    """Values as they are kept.

    Attributes:
        plain: Those that are not secret; what has its default is left out.
        secrets: New values of secrets.
        forgotten: The names of secrets whose value is taken away.
    """

    plain: dict[str, Any]
    secrets: dict[str, str] = field(repr=False)
    forgotten: frozenset[str]


def definitions_of(manifest: Manifest) -> Mapping[str, Mapping[str, Any]]:
    """Return the settings that a manifest has, by their names."""
    found: Mapping[str, Mapping[str, Any]] = manifest.document.get("settings", {}).get(
        "properties", {}
    )
    return found


def check_settings(
    manifest: Manifest,
    given: Mapping[str, Any],
    *,
    plain: Mapping[str, Any],
    secrets: frozenset[str],
) -> Settings:
    """Return what is to be kept when some settings are given and the others stay.

    Args:
        manifest: What the release says of its settings.
        given: Values by name; None takes a value away, so that the default counts.
        plain: Those that are kept and not secret.
        secrets: The names of the secrets that are kept.

    Raises:
        InvalidInput: A value is not acceptable, or one that is required is missing.
    """
    known = definitions_of(manifest)
    unknown = [name for name in given if name not in known][:_MAX_UNKNOWN]
    problems = {name: [_("There is no such setting.")] for name in unknown}
    kept = {name: value for name, value in plain.items() if name in known}
    new_secrets: dict[str, str] = {}
    forgotten: set[str] = set()
    for name, definition in known.items():
        if name not in given:
            continue
        value, is_secret = given[name], bool(definition.get("secret"))
        if value is None:
            kept.pop(name, None)
            if is_secret:
                forgotten.add(name)
        elif problem := _explain(value, definition):
            problems[name] = [problem]
        elif is_secret:
            new_secrets[name] = value
        else:
            kept[name] = value
    there = {*kept, *new_secrets, *(secrets - forgotten)}
    for name in manifest.document.get("settings", {}).get("required", ()):
        if name not in there and "default" not in known[name] and name not in problems:
            problems[name] = [_("This has to be given.")]
    if problems:
        raise InvalidInput(_("See errors for what is wrong with which field."), fields=problems)
    return Settings(kept, new_secrets, frozenset(forgotten))


def still_acceptable(manifest: Manifest, plain: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of some kept values that a release would accept: another one may refuse some.

    Args:
        manifest: What the release says of its settings.
        plain: The values, none of them secret.
    """
    known = definitions_of(manifest)
    return {
        name: value
        for name, value in plain.items()
        if name in known and not known[name].get("secret") and not _explain(value, known[name])
    }


def missing_settings(
    manifest: Manifest, *, plain: Mapping[str, Any], secrets: Collection[str]
) -> tuple[str, ...]:
    """Return the names of the settings that a release needs and that would have no value.

    Args:
        manifest: What the release says of its settings.
        plain: The values that are kept and not secret.
        secrets: The names of the secrets that are kept.
    """
    known = definitions_of(manifest)
    there = {*still_acceptable(manifest, plain), *secrets}
    return tuple(
        name
        for name in manifest.document.get("settings", {}).get("required", ())
        if name not in there and "default" not in known[name]
    )


def plain_settings(installation: Installation, manifest: Manifest) -> dict[str, Any]:
    """Return an installation's settings with their defaults, without the secret ones.

    One that has neither a value nor a default is None.
    """
    return {
        name: installation.settings.get(name, definition.get("default"))
        for name, definition in definitions_of(manifest).items()
        if not definition.get("secret")
    }


def secrets_given(installation: Installation, manifest: Manifest) -> dict[str, bool]:
    """Return the names of the secret settings, and whether each has a value."""
    given = names_of_secret_settings(installation=installation)
    return {
        name: name in given
        for name, definition in definitions_of(manifest).items()
        if definition.get("secret")
    }


def settings_of(installation: Installation) -> dict[str, Any]:
    """Return all settings, with defaults and secrets: for the plugin, and for nobody else.

    One that has neither a value nor a default is left out.

    Raises:
        UndecryptableError: No present key opens one of the secrets.
    """
    manifest = installation.release.contract
    known = definitions_of(manifest)
    values = plain_settings(installation, manifest) | {
        name: value
        for name, value in secret_settings(installation=installation).items()
        if name in known
    }
    return {name: value for name, value in values.items() if value is not None}


def _explain(value: Any, definition: Mapping[str, Any]) -> str:
    """Return what is wrong with a value; empty if it will do."""
    kind = definition["type"]
    if not is_of_type(value, kind):
        return {
            "string": _("This has to be a text."),
            "integer": _("This has to be a whole number."),
            "number": _("This has to be a number."),
            "boolean": _("Say yes or no."),
        }[kind]
    if "enum" in definition and value not in definition["enum"]:
        return _("Choose one of the values that there are.")
    if isinstance(value, str):
        return _explain_text(value, definition)
    return "" if isinstance(value, bool) else _explain_number(value, definition)


def _explain_number(value: float, definition: Mapping[str, Any]) -> str:
    low, high = definition.get("minimum"), definition.get("maximum")
    if low is not None and value < low:
        return _("The smallest value is %(min)s.") % {"min": low}
    if high is not None and value > high:
        return _("The largest value is %(max)s.") % {"max": high}
    return ""


def _explain_text(value: str, definition: Mapping[str, Any]) -> str:
    low, high = definition.get("minLength", 0), definition.get("maxLength", MAX_LENGTH)
    if not low <= len(value) <= high:
        return _("Use %(min)d to %(max)d characters.") % {"min": low, "max": high}
    if not value.replace("\n", "").replace("\r", "").replace("\t", "").isprintable():
        return _("Use printable characters only.")
    try:
        match definition.get("format"):
            case "email":
                validate_email(value)
            case "uri":
                URLValidator(["http", "https"])(value)
            case "date" if not _is_date(value):
                return _("Write the date as 2026-12-31.")
    except ValidationError as error:
        return str(error.messages[0])
    return ""


def _is_date(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False
