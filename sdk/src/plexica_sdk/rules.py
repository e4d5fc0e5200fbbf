"""What a manifest must keep to beyond its schema: how its parts fit together."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from plexica_sdk.toml_lines import Path
from plexica_sdk.versions import Version

Breach = tuple[Path, str]
Document = Mapping[str, Any]

# Namespaces and addresses that are the host's own.
RESERVED_SLUGS = frozenset(
    {
        "admin", "api", "app", "auth", "backends", "console", "core", "development", "gateway",
        "host", "identity", "keys", "new", "oidc", "ownership", "platform", "plexica", "plugin",
        "plugins", "rbac", "register", "releases", "static", "storage", "system", "tenant",
        "tenants", "user", "users", "workspace",
    }
)  # fmt: skip
_ICON_ENDINGS = (".svg", ".png")
# What a page may load of the static files: what it is in words, and how its name ends.
_LOADED = {"module": ("A module", (".js", ".mjs")), "style": ("A style sheet", (".css",))}
_ONLY_NUMBERS = ("minimum", "maximum")
_ONLY_STRINGS = ("minLength", "maxLength", "format", "secret")
_DEFAULT_MAX_LENGTH = 1000
_NO_ROUTE = "There is no GET route with this path."
_TWICE = "This is there already."
_HOSTS_OWN = "/_plexica/"
_ONLY_THE_HOST = "What begins with /_plexica/ is asked by the host only."


def breaches(document: Document) -> Iterator[Breach]:
    """Yield what is wrong with a manifest that its schema accepts: where, and what."""
    for rule in _RULES:
        yield from rule(document)


def route_shape(path: str) -> str:
    """Return a path in which all parameters are called the same."""
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


def _plugin(document: Document) -> Iterator[Breach]:
    plugin = document["plugin"]
    if plugin["slug"] in RESERVED_SLUGS:
        yield ("plugin", "slug"), "This slug is the platform's own; choose another."
    icon = plugin.get("icon", "")
    if icon and not icon.endswith(_ICON_ENDINGS):
        yield ("plugin", "icon"), "Use an SVG or a PNG."
    if icon and "static" not in document.get("ui", {}):
        yield ("plugin", "icon"), "The icon is a static file: name their directory in ui.static."


def _host(document: Document) -> Iterator[Breach]:
    host = document["host"]
    below = host.get("below_version")
    if below and Version.parse(below) <= Version.parse(host["min_version"]):
        yield ("host", "below_version"), "It is not above min_version: no version would do."


def _runtime(document: Document) -> Iterator[Breach]:
    runtime = document["runtime"]
    if ("command" in runtime) == ("image" in runtime):
        yield ("runtime",), "Give either command or image."
    if "programs" in runtime and "command" not in runtime:
        yield ("runtime", "programs"), "Programs are what a command is found in: give it."


def _permissions(document: Document) -> Iterator[Breach]:
    keys = [permission["key"] for permission in document.get("permissions", [])]
    slug = document["plugin"]["slug"]
    for position, key in enumerate(keys):
        path: Path = ("permissions", position, "key")
        if not key.startswith(f"{slug}:"):
            yield path, f"A permission of this plugin begins with {slug}:."
        if key in keys[:position]:
            yield path, _TWICE


def _routes(document: Document) -> Iterator[Breach]:
    known = {permission["key"] for permission in document.get("permissions", [])}
    seen: set[tuple[str, str]] = set()
    for position, route in enumerate(document.get("routes", [])):
        if route["permission"] not in known:
            yield ("routes", position, "permission"), "The manifest adds no such permission."
        if route["path"].startswith(_HOSTS_OWN):
            yield ("routes", position, "path"), _ONLY_THE_HOST
        names = [part for part in route["path"].split("/") if part.startswith("{")]
        if any(count > 1 for count in Counter(names).values()):
            yield ("routes", position, "path"), "Each parameter needs a name of its own."
        shape = (route["method"], route_shape(route["path"]))
        if shape in seen:
            yield ("routes", position), "Another route answers the same requests."
        seen.add(shape)


def _ui(document: Document) -> Iterator[Breach]:
    ui = document.get("ui", {})
    pages = {route["path"] for route in document.get("routes", []) if route["method"] == "GET"}
    for kind in ("navigation", "pages", "widgets"):
        for position, item in enumerate(ui.get(kind, [])):
            if item["path"] not in pages:
                yield ("ui", kind, position, "path"), _NO_ROUTE
    if "settings_page" in ui and ui["settings_page"] not in pages:
        yield ("ui", "settings_page"), _NO_ROUTE
    yield from _repeated(ui.get("pages", []), ("ui", "pages"), "path")
    yield from _repeated(ui.get("widgets", []), ("ui", "widgets"), "key")
    for position, page in enumerate(ui.get("pages", [])):
        for field, (what, endings) in _LOADED.items():
            place: Path = ("ui", "pages", position, field)
            if field in page and not page[field].endswith(endings):
                yield place, f"{what}'s name ends with {' or '.join(endings)}."
            if field in page and "static" not in ui:
                yield place, f"{what} is a static file: name their directory in ui.static."


def _events(document: Document) -> Iterator[Breach]:
    events = document.get("events", {})
    slug = document["plugin"]["slug"]
    for position, event in enumerate(events.get("publishes", [])):
        if not event["type"].startswith(f"{slug}."):
            path: Path = ("events", "publishes", position, "type")
            yield path, f"An event of this plugin begins with {slug} and a dot."
    for kind in ("publishes", "subscribes"):
        yield from _repeated(events.get(kind, []), ("events", kind), "type")
    routes = [route_shape(route["path"]).split("/") for route in document.get("routes", [])]
    for position, event in enumerate(events.get("subscribes", [])):
        if event["path"].startswith(_HOSTS_OWN):
            yield ("events", "subscribes", position, "path"), _ONLY_THE_HOST
        if any(_leads_to(route, event["path"]) for route in routes):
            yield (
                ("events", "subscribes", position, "path"),
                "A route leads there, by which people could send events themselves.",
            )
    if any(events.values()) and "events" not in document["host"].get("uses", []):
        yield ("events",), 'Events need host.uses to name "events".'


def _leads_to(route: list[str], path: str) -> bool:
    parts = path.split("/")
    return len(route) == len(parts) and all(
        wanted in {part, "{}"} and (part or not wanted)
        for wanted, part in zip(route, parts, strict=True)
    )


def _settings(document: Document) -> Iterator[Breach]:
    settings = document.get("settings", {})
    for position, name in enumerate(settings.get("required", [])):
        if name not in settings["properties"]:
            yield ("settings", "required", position), "There is no such setting."
    for name, setting in settings.get("properties", {}).items():
        for problems in (_bounds_of(setting), _values_of(setting)):
            for field, message in problems:
                yield ("settings", "properties", name, field), message


def _bounds_of(setting: Document) -> Iterator[tuple[str, str]]:
    kind = setting["type"]
    foreign: tuple[str, ...] = ()
    if kind != "string":
        foreign += _ONLY_STRINGS
    if kind in {"string", "boolean"}:
        foreign += _ONLY_NUMBERS
    for field in foreign:
        if field in setting:
            yield field, f"This has no meaning for the type {kind}."
    for low, high in (("minimum", "maximum"), ("minLength", "maxLength")):
        if low in setting and high in setting and setting[low] > setting[high]:
            yield high, f"It is below {low}: no value would do."


def _values_of(setting: Document) -> Iterator[tuple[str, str]]:
    if setting.get("secret"):
        for field in ("default", "enum"):
            if field in setting:
                yield field, "Everybody could read this secret in the package."
    kind, values = setting["type"], setting.get("enum", [])
    if any(not is_of_type(value, kind) for value in values):
        yield "enum", f"Each value has to be of the type {kind}."
    if "default" not in setting:
        return
    default = setting["default"]
    if not is_of_type(default, kind):
        yield "default", f"It has to be of the type {kind}."
    elif (values and default not in values) or not _is_in_bounds(default, setting):
        yield "default", "The setting does not allow this value."


def is_of_type(value: object, kind: str) -> bool:
    """Return whether a value is of a setting's type."""
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "string":
        return isinstance(value, str)
    if kind == "integer":
        return isinstance(value, int)
    return kind == "number" and isinstance(value, int | float)


def _is_in_bounds(value: Any, setting: Document) -> bool:
    if isinstance(value, bool):
        return True
    if isinstance(value, str):
        low, high = setting.get("minLength", 0), setting.get("maxLength", _DEFAULT_MAX_LENGTH)
        return bool(low <= len(value) <= high)
    return bool(setting.get("minimum", value) <= value <= setting.get("maximum", value))


def _migrations(document: Document) -> Iterator[Breach]:
    migrations = document.get("migrations")
    if migrations is None:
        return
    is_django = migrations["kind"] == "django"
    wanted, other = ("apps", "directory") if is_django else ("directory", "apps")
    if wanted not in migrations or other in migrations:
        yield ("migrations",), f"This kind needs {wanted}, and no {other}."
    if is_django and "image" in document["runtime"]:
        yield ("migrations", "kind"), "The host cannot look into an image: give SQL files."


def _repeated(items: list[dict[str, Any]], where: Path, field: str) -> Iterator[Breach]:
    values = [item[field] for item in items]
    for position, value in enumerate(values):
        if value in values[:position]:
            yield (*where, position, field), _TWICE


_RULES: tuple[Callable[[Document], Iterator[Breach]], ...] = (
    _plugin,
    _host,
    _runtime,
    _permissions,
    _routes,
    _ui,
    _events,
    _settings,
    _migrations,
)
