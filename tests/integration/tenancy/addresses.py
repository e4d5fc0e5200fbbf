"""All addresses of a workspace, read from its URLconf, with examples in place of parameters."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module

from django.urls import URLPattern, URLResolver
from django.urls.resolvers import RoutePattern

_PARAMETER = re.compile(r"<(?:(?P<converter>\w+):)?\w+>")
_EXAMPLES = {
    "str": "example",
    "slug": "example",
    "int": "1",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "path": "an/example",
}


@dataclass(frozen=True)
class Address:
    """One address."""

    path: str
    name: str

    def __str__(self) -> str:
        return self.path


def addresses(urlconf: str) -> Iterator[Address]:
    """Find every address, however deep it is included."""
    yield from _walk(import_module(urlconf).urlpatterns, "/")


def _walk(patterns: Sequence[URLPattern | URLResolver], before: str) -> Iterator[Address]:
    for each in patterns:
        assert isinstance(each.pattern, RoutePattern), (
            f"No example can be made of the regular expression {each.pattern}; use path()."
        )
        path = before + _PARAMETER.sub(_example, str(each.pattern))
        if isinstance(each, URLResolver):
            yield from _walk(each.url_patterns, path)
        else:
            yield Address(path, each.name or "")


def _example(parameter: re.Match[str]) -> str:
    return _EXAMPLES[parameter["converter"] or "str"]
