"""All addresses of a workspace, read from its URLconf, with examples in place of parameters."""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.pages.routes import routes

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
    for route in routes(urlconf):
        yield Address(route.filled(lambda each: _EXAMPLES[each.converter]), route.name)
