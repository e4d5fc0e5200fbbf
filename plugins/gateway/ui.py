"""What a manifest says of pages, places in the menu and widgets, for one person."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from plexica.rbac.snapshot import Snapshot
from plugins.installed import Installed, RunningRelease, installed_here

PREFIX = "/x/"
STATIC_PREFIX = "/x-static/"
API_PREFIX = "/api/x/"


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a plugin.

    Attributes:
        title: Its title.
        module: The ES module that it loads, a static file; or empty.
        style: The style sheet, in the same way.
    """

    title: str
    module: str = ""
    style: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the workspace's menu."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class PluginWidget:
    """A piece of the dashboard, which the browser asks for itself.

    Attributes:
        id: The id of the element that it is put into.
        prefix: What the plugin's addresses begin with.
        title: Its title.
        url: Where it is.
        is_wide: Whether it takes the whole row.
    """

    id: str
    prefix: str
    title: str
    url: str
    is_wide: bool


def prefix_of(slug: str) -> str:
    """Return what a plugin's addresses in the workspace begin with, without a slash at the end."""
    return f"{PREFIX}{slug}"


def page_at(release: RunningRelease, path: str) -> Page:
    """Return the page that a path is of; what is none of the manifest's is called as the plugin."""
    route = release.routes.match("GET", path)
    for page in _listed(release, "pages"):
        if route is not None and page["path"] == route.path:
            return Page(page["title"], page.get("module", ""), page.get("style", ""))
    return Page(release.name)


def is_widget(release: RunningRelease, path: str, element: str) -> bool:
    """Return whether a path is that of the widget which an element of the dashboard is for."""
    return any(
        widget["path"] == path and element == _element(release.slug, widget["key"])
        for widget in _listed(release, "widgets")
    )


def list_places(held: Snapshot) -> list[Place]:
    """Return the places in the menu that somebody may go to in the current scope's tenant."""
    return [
        Place(each["label"], f"{prefix_of(installed.slug)}{each['path']}")
        for installed, each in _allowed("navigation", held)
    ]


def list_plugin_widgets(held: Snapshot) -> list[PluginWidget]:
    """Return the widgets that somebody may see on the dashboard of the current scope's tenant."""
    return [
        PluginWidget(
            id=_element(installed.slug, each["key"]),
            prefix=prefix_of(installed.slug),
            title=each["title"],
            url=f"{prefix_of(installed.slug)}{each['path']}",
            is_wide=each.get("width") == "full",
        )
        for installed, each in _allowed("widgets", held)
    ]


def _allowed(kind: str, held: Snapshot) -> Iterator[tuple[Installed, Mapping[str, Any]]]:
    for installed in installed_here().values():
        for each in _listed(installed.release, kind):
            route = installed.routes.match("GET", each["path"])
            if route is not None and held.allows(route.permission):
                yield installed, each


def _listed(release: RunningRelease, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = release.manifest.document.get("ui", {}).get(kind, [])
    return found


def _element(slug: str, key: str) -> str:
    return f"widget-{slug}-{key}"
