"""Which of a manifest's routes a request takes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from plexica_sdk.manifest import Route

_DOTS = frozenset({".", ".."})


@dataclass(frozen=True, slots=True)
class _Pattern:
    parts: tuple[str | None, ...]
    route: Route

    def matches(self, parts: Sequence[str]) -> bool:
        return all(
            _is_value(given) if wanted is None else wanted == given
            for wanted, given in zip(self.parts, parts, strict=True)
        )


@dataclass(frozen=True, slots=True)
class RouteTable:
    """The routes of one release, in the form that each request asks.

    Attributes:
        routes: As the manifest lists them.
    """

    routes: tuple[Route, ...]
    _plain: dict[tuple[str, str], Route] = field(repr=False, compare=False)
    _patterns: dict[tuple[str, int], tuple[_Pattern, ...]] = field(repr=False, compare=False)

    def match(self, method: str, path: str) -> Route | None:
        """Return the route that a request takes, or None: then it is refused.

        A route without parameters goes before those with some, and of these the one whose
        parameters begin later.

        Args:
            method: The request's method; HEAD takes the routes of GET.
            path: Its path behind the plugin's own address, decoded.
        """
        if method == "HEAD":
            method = "GET"
        route = self._plain.get((method, path))
        if route is not None:
            return route
        parts = path.split("/")
        found = self._patterns.get((method, len(parts)), ())
        return next((pattern.route for pattern in found if pattern.matches(parts)), None)


def compile_routes(routes: Iterable[Route]) -> RouteTable:
    """Return the table of some routes."""
    listed = tuple(routes)
    plain: dict[tuple[str, str], Route] = {}
    patterns: dict[tuple[str, int], list[_Pattern]] = {}
    for route in listed:
        parts = tuple(None if part.startswith("{") else part for part in route.path.split("/"))
        if None in parts:
            patterns.setdefault((route.method, len(parts)), []).append(_Pattern(parts, route))
        else:
            plain[route.method, route.path] = route
    return RouteTable(
        listed,
        plain,
        {
            key: tuple(sorted(found, key=lambda pattern: [part is None for part in pattern.parts]))
            for key, found in patterns.items()
        },
    )


def _is_value(part: str) -> bool:
    """Return whether a segment may stand for a parameter: nothing that another server rewrites."""
    return bool(part) and part not in _DOTS and "\\" not in part and part.isprintable()
