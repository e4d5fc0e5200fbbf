"""What a tenant's values may be, each by itself and the limits of its sessions together."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from plexica.core.colours import is_colour, nearest_readable, unreadable_pairs
from plexica.core.errors import InvalidInput
from plexica.core.languages import time_zone_names
from plexica.core.themes import ThemeMode
from tenants import login_rules, session_limits, slugs
from tenants.models import Tenant
from tenants.theme import PICTURES_PREFIX

MAX_NAME_LENGTH = 100
MAX_EMAIL_LENGTH = 254
MAX_LOCAL_PART_LENGTH = 64  # RFC 5321, section 4.5.3.1.1; Keycloak insists on it


def validate_values(**values: Any) -> None:
    """Check values by their names.

    Args:
        values: What a tenant is to have, by the names of its columns.

    Raises:
        InvalidInput: Some are not acceptable; all of them are named.
    """
    problems: dict[str, list[str]] = {}
    for name, value in values.items():
        try:
            _VALIDATORS[name](value)
        except ValidationError as error:
            problems[name] = error.messages
    if problems:
        raise InvalidInput(_("See errors for what is wrong with which field."), fields=problems)


def validate_limits(tenant: Tenant, changes: dict[str, Any]) -> None:
    """Check the two limits of sessions together, if one of them changes.

    Args:
        tenant: Whose limits.
        changes: What is about to change of it, by the names of its columns.

    Raises:
        InvalidInput: They contradict each other.
    """
    if not changes.keys() & set(session_limits.COLUMNS):
        return
    limits = {name: changes.get(name, getattr(tenant, name)) for name in session_limits.COLUMNS}
    if problems := session_limits.explain_order(limits):
        raise InvalidInput(_("See errors for what is wrong with which field."), fields=problems)


def _validate_name(value: str) -> None:
    if not value:
        raise ValidationError(_("Give a name."))
    if len(value) > MAX_NAME_LENGTH:
        raise ValidationError(_("Use %(max)d characters at most."), params={"max": MAX_NAME_LENGTH})
    if not value.isprintable():
        raise ValidationError(_("Use printable characters only."))


def _validate_required_email(value: str) -> None:
    if len(value) > MAX_EMAIL_LENGTH:
        raise ValidationError(
            _("Use %(max)d characters at most."), params={"max": MAX_EMAIL_LENGTH}
        )
    validate_email(value)
    if len(value.rpartition("@")[0]) > MAX_LOCAL_PART_LENGTH:
        raise ValidationError(
            _("Use %(max)d characters at most before the @."),
            params={"max": MAX_LOCAL_PART_LENGTH},
        )


def _validate_optional_email(value: str) -> None:
    if value:
        _validate_required_email(value)


def _validate_locale(value: str) -> None:
    if value and value not in dict(settings.LANGUAGES):
        raise ValidationError(_("Choose one of the languages that there are."))


def _validate_time_zone(value: str) -> None:
    if value not in time_zone_names():
        raise ValidationError(_("There is no such time zone."))


def _validate_colour(value: str) -> None:
    if not value:
        return
    if not is_colour(value):
        raise ValidationError(_("Write the colour as # and six digits, such as #0f766e."))
    failing = unreadable_pairs(value)
    if failing:
        raise ValidationError(
            _(
                "It cannot be read well enough: %(pairs)s. The nearest colour that can is"
                " %(colour)s."
            ),
            params={
                "pairs": ", ".join(f"{pair.label} ({pair.ratio}:1)" for pair in failing),
                "colour": nearest_readable(value),
            },
        )


def _validate_mode(value: str) -> None:
    if value not in ThemeMode.values:
        raise ValidationError(_("Choose light, dark, or like the system."))


def _validate_picture(value: str) -> None:
    if value and not value.startswith(PICTURES_PREFIX):
        raise ValidationError(_("This is no picture of the theme."))


def _validate_flag(value: object) -> None:
    if not isinstance(value, bool):
        raise ValidationError(_("Say yes or no."))


_VALIDATORS: dict[str, Callable[[Any], None]] = {
    "slug": slugs.validate_slug,
    "name": _validate_name,
    "owner_email": _validate_required_email,
    "contact_email": _validate_optional_email,
    "session_idle_minutes": session_limits.validate_idle_minutes,
    "session_max_minutes": session_limits.validate_max_minutes,
    "locale": _validate_locale,
    "time_zone": _validate_time_zone,
    "password_min_length": login_rules.validate_password_length,
    "password_history": login_rules.validate_password_history,
    "password_mixed_case": _validate_flag,
    "password_digit": _validate_flag,
    "password_symbol": _validate_flag,
    "second_factor_required": _validate_flag,
    "theme_colour": _validate_colour,
    "theme_mode": _validate_mode,
    "logo": _validate_picture,
    "icon": _validate_picture,
}
