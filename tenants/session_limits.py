"""How long the sessions of browsers last: within which bounds, and what holds where nothing is set.

A tenant's own limits are columns of its row; the console goes by the defaults.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from tenants.models import Tenant

DEFAULT_IDLE_MINUTES = 30
DEFAULT_MAX_MINUTES = 10 * 60
# An access token lives five minutes; an idle time below that would end sessions in use.
MIN_IDLE_MINUTES = 5
MAX_IDLE_MINUTES = 12 * 60
MIN_MAX_MINUTES = 30
MAX_MAX_MINUTES = 24 * 60

COLUMNS = ("session_idle_minutes", "session_max_minutes")


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How long sessions last.

    Attributes:
        idle: For how long nothing may be asked for in a session.
        longest: How long after the login it ends in any case.
    """

    idle: timedelta
    longest: timedelta

    def are_over(self, *, created_at: datetime, last_seen_at: datetime, now: datetime) -> bool:
        """Return whether a session is to end now."""
        return now - last_seen_at >= self.idle or now - created_at >= self.longest


def limits_of(tenant: "Tenant | None") -> SessionLimits:
    """Return the limits of a tenant's workspace, or of the console for None."""
    idle, longest = (
        (DEFAULT_IDLE_MINUTES, DEFAULT_MAX_MINUTES)
        if tenant is None
        else (tenant.session_idle_minutes, tenant.session_max_minutes)
    )
    return SessionLimits(idle=timedelta(minutes=idle), longest=timedelta(minutes=longest))


def validate_idle_minutes(value: int) -> None:
    """Check how long a session may be idle.

    Raises:
        ValidationError: It is out of bounds.
    """
    _validate(value, MIN_IDLE_MINUTES, MAX_IDLE_MINUTES)


def validate_max_minutes(value: int) -> None:
    """Check how long a session may last.

    Raises:
        ValidationError: It is out of bounds.
    """
    _validate(value, MIN_MAX_MINUTES, MAX_MAX_MINUTES)


def explain_order(values: Mapping[str, int]) -> dict[str, list[str]]:
    """Return what is wrong with the two limits together, by their columns; nothing if all is well.

    Args:
        values: Both limits, under the names of their columns.
    """
    if values["session_idle_minutes"] <= values["session_max_minutes"]:
        return {}
    return {
        "session_idle_minutes": [_("A session cannot be idle for longer than it lasts at most.")]
    }


def _validate(value: int, lowest: int, highest: int) -> None:
    if not lowest <= value <= highest:
        raise ValidationError(
            _("Use a whole number of minutes from %(lowest)d to %(highest)d."),
            params={"lowest": lowest, "highest": highest},
        )
