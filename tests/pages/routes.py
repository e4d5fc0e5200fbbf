"""Every address of a host, read from its URLconf: nobody lists pages by hand."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module

from django.urls import URLPattern, URLResolver

_PARAMETER = re.compile(r"<(?:(?P<converter>\w+):)?(?P<name>\w+)>")
# A regular expression's named groups are its parameters; nothing else of it may vary.
_GROUP = re.compile(r"\(\?P<(\w+)>[^()]*\)")
# What programs and the login use, and what is a plugin's own; people see their pages only.
_NO_PAGES = ("/api/", "/oidc/", "/x/", "/x-static/")
# Files that pages show, and not pages themselves, have an ending or one of these names.
_FILES = {"avatar", "file_download", "picture", "style"}


@dataclass(frozen=True)
class Parameter:
    """One parameter of a route."""

    converter: str
    name: str


@dataclass(frozen=True)
class Route:
    """One route, with its parameters still in it."""

    route: str
    name: str

    def __str__(self) -> str:
        return self.route

    @property
    def is_for_people(self) -> bool:
        """Whether it is a page's, or of an action on a page."""
        is_file = "." in self.route or self.name in _FILES
        return not is_file and not self.route.startswith(_NO_PAGES)

    def filled(self, example: Callable[[Parameter], str]) -> str:
        """Return its path, with examples in place of parameters."""
        return _PARAMETER.sub(
            lambda found: example(Parameter(found["converter"] or "str", found["name"])), self.route
        )


def routes(urlconf: str) -> Iterator[Route]:
    """Find every route, however deep it is included."""
    yield from _walk(import_module(urlconf).urlpatterns, "/")


def _walk(patterns: Sequence[URLPattern | URLResolver], before: str) -> Iterator[Route]:
    for each in patterns:
        route = before + _as_path(str(each.pattern))
        if isinstance(each, URLResolver):
            yield from _walk(each.url_patterns, route)
        else:
            yield Route(route, each.name or "")


def _as_path(pattern: str) -> str:
    path = _GROUP.sub(r"<\1>", pattern).removeprefix("^").removesuffix("$").replace("\\", "")
    assert not set(path) & set("^$()*+?[]|"), f"No example can be made of {pattern}; use path()."
    return path
