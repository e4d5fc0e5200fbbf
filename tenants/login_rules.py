"""What a tenant may ask of those who log in: of their passwords, and a second factor.

The rules are columns of its row; its realm follows them (`plexica.identity.realm_security`).
"""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

DEFAULT_PASSWORD_LENGTH = 10
# Less than this is guessed; more than that is what a person can type who needs to.
MIN_PASSWORD_LENGTH = 8
MAX_PASSWORD_LENGTH = 64
MAX_PASSWORD_HISTORY = 24

COLUMNS = (
    "password_min_length",
    "password_history",
    "password_mixed_case",
    "password_digit",
    "password_symbol",
    "second_factor_required",
)


def validate_password_length(value: int) -> None:
    """Check how long passwords must be.

    Raises:
        ValidationError: It is out of bounds.
    """
    _validate(value, MIN_PASSWORD_LENGTH, MAX_PASSWORD_LENGTH)


def validate_password_history(value: int) -> None:
    """Check how many of their last passwords people may not take again.

    Raises:
        ValidationError: It is out of bounds.
    """
    _validate(value, 0, MAX_PASSWORD_HISTORY)


def _validate(value: int, lowest: int, highest: int) -> None:
    if not lowest <= value <= highest:
        raise ValidationError(
            _("Use a whole number from %(lowest)d to %(highest)d."),
            params={"lowest": lowest, "highest": highest},
        )
