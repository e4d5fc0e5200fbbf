"""The whole proof: plants canaries in acme, and has everybody else look for them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bench._isolation.cast import Cast, cast_of, plugins_of
from bench._isolation.elsewhere import follow_links, links_of, look_in_cache, run_tasks
from bench._isolation.logins import log_in_raw
from bench._isolation.operations import call_operations
from bench._isolation.pages import SHORT, WHOLE, walk_pages
from bench._isolation.planting import Planted, planted
from bench._isolation.watch import Sighting, Watch
from tenants.models import Tenant

AREAS = ("pages", "operations", "links", "cache", "tasks", "database")


@dataclass
class Stage:
    """Acme with its canaries, and everybody who looks for them.

    Attributes:
        watch: What has been looked at and seen so far.
        planted: The canaries.
        cast: Who looks.
        links: Links to a file of acme's.
    """

    watch: Watch
    planted: Planted
    cast: Cast
    links: dict[str, str]

    def look(self, *areas: str, thorough: bool = False, only: str | None = None) -> list[Sighting]:
        """Have everybody look, and return what was seen this time.

        Args:
            areas: Where they look; everywhere if none is named.
            thorough: Whether all of them look in each way; otherwise a sample does.
            only: A pattern that the attempts must fit.
        """
        watch, found, cast = self.watch, self.planted, self.cast
        before, watch.only = len(watch.sightings), only
        walk = WHOLE if thorough else SHORT
        looks = {
            "pages": lambda: walk_pages(watch, found, cast, self.links, walk),
            "operations": lambda: call_operations(watch, found, cast, thorough=thorough),
            "links": lambda: follow_links(watch, found, cast, self.links),
            "cache": lambda: look_in_cache(watch, found, cast),
            "tasks": lambda: run_tasks(watch, found, cast, thorough=thorough),
            "database": lambda: log_in_raw(watch, found, cast, thorough=thorough),
        }
        for area in areas or AREAS:
            looks[area]()
        return watch.sightings[before:]


@contextmanager
def staged(*, acme: Tenant, globex: Tenant) -> Iterator[Stage]:
    """Have acme's canaries planted and everybody there, for as long as a block runs."""
    watch = Watch()
    with (
        plugins_of(acme, globex) as installations,
        planted(watch, acme, installations[0]) as found,
        cast_of(watch, found, globex, installations) as cast,
    ):
        yield Stage(watch, found, cast, links_of(found, globex))
