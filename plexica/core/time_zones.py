"""The time zones that people and tenants choose between."""

from functools import cache
from zoneinfo import available_timezones

# Others are old names of these, or no places.
_REGIONS = frozenset(
    {
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
    }
)
UTC = "UTC"
Group = tuple[str, list[tuple[str, str]]]


@cache
def time_zone_choices() -> list[tuple[str, str] | Group]:
    """Return the time zones by region, as the choices of a field."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(available_timezones()):
        region, _slash, place = name.partition("/")
        if place and region in _REGIONS:
            groups.setdefault(region, []).append((name, place.replace("_", " ")))
    return [(UTC, UTC), *groups.items()]
