"""Fields that take JSON as it is, and tell in the schema what the services accept."""

import re
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from tenants import slugs
from tenants.life import MAX_GRACE_DAYS
from tenants.selectors import ORDERINGS
from tenants.session_limits import (
    MAX_IDLE_MINUTES,
    MAX_MAX_MINUTES,
    MIN_IDLE_MINUTES,
    MIN_MAX_MINUTES,
)
from tenants.states import TenantState
from tenants.validation import MAX_EMAIL_LENGTH, MAX_NAME_LENGTH

MAX_PAGE_SIZE = 100


class TextField(serializers.CharField):
    """A JSON string, as it is: no number becomes one, nothing is cut off."""

    def __init__(self, **options: Any) -> None:
        super().__init__(trim_whitespace=False, **options)

    def to_internal_value(self, data: Any) -> str:
        """Return the string.

        Raises:
            ValidationError: It is something else.
        """
        if not isinstance(data, str):
            self.fail("invalid")
        return data


class WholeNumberField(serializers.IntegerField):
    """A JSON number without a fraction, as it is: neither text nor true or false becomes one."""

    def to_internal_value(self, data: Any) -> int:
        """Return the number.

        Raises:
            ValidationError: It is something else.
        """
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return data


# The schema tells the services' rules; they themselves are checked by the services.
@extend_schema_field(
    {
        "type": "string",
        "minLength": slugs.MIN_LENGTH,
        "maxLength": slugs.MAX_LENGTH,
        "pattern": f"^{slugs.PATTERN.pattern}$",
        "description": "The short name, part of the workspace's address. It never changes.",
    }
)
class SlugField(TextField):
    """A slug."""


@extend_schema_field({"type": "string", "minLength": 1, "maxLength": MAX_NAME_LENGTH})
class NameField(TextField):
    """A tenant's name."""


@extend_schema_field({"type": "string", "format": "email", "maxLength": MAX_EMAIL_LENGTH})
class EmailField(TextField):
    """An e-mail address."""


@extend_schema_field(
    {
        "type": "string",
        "maxLength": MAX_EMAIL_LENGTH,
        "description": "An e-mail address, or empty for none.",
    }
)
class OptionalEmailField(TextField):
    """An e-mail address, or nothing."""


@extend_schema_field({"type": "string", "enum": TenantState.values})
class StateField(TextField):
    """A tenant's state."""


@extend_schema_field({"type": "string", "enum": list(ORDERINGS)})
class OrderingField(TextField):
    """What a list is ordered by."""


@extend_schema_field(
    {
        "type": "integer",
        "minimum": MIN_IDLE_MINUTES,
        "maximum": MAX_IDLE_MINUTES,
        "description": "For how many minutes a browser's session may be idle; not more than"
        " `session_max_minutes`.",
    }
)
class IdleMinutesField(WholeNumberField):
    """How long sessions may be idle."""


@extend_schema_field(
    {
        "type": "integer",
        "minimum": MIN_MAX_MINUTES,
        "maximum": MAX_MAX_MINUTES,
        "description": "How many minutes after the login a browser's session ends in any case.",
    }
)
class MaxMinutesField(WholeNumberField):
    """How long sessions last at most."""


class _NumberField(serializers.Field[int, str, int, Any]):
    """A whole number in plain decimal digits, between two bounds."""

    at_least: ClassVar[int]
    at_most: ClassVar[int]
    default_error_messages = {"invalid": "Use a whole number from {at_least} to {at_most}."}

    def to_internal_value(self, data: str) -> int:
        """Return the number.

        Raises:
            ValidationError: It is none, or out of bounds.
        """
        is_number = re.fullmatch(r"[0-9]{1,3}", data)
        if not is_number or not self.at_least <= int(data) <= self.at_most:
            self.fail("invalid", at_least=self.at_least, at_most=self.at_most)
        return int(data)

    def to_representation(self, value: int) -> int:
        """Return the number."""
        return value


@extend_schema_field({"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE})
class PageSizeField(_NumberField):
    """How many items a page has."""

    at_least = 1
    at_most = MAX_PAGE_SIZE


@extend_schema_field({"type": "integer", "minimum": 0, "maximum": MAX_GRACE_DAYS})
class GraceDaysField(_NumberField):
    """For how many days a deletion can be called off."""

    at_least = 0
    at_most = MAX_GRACE_DAYS
