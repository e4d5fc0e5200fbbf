"""Whether a manifest's routes and a plugin's addresses say the same."""

import re
from collections.abc import Iterator
from uuid import UUID

from django.urls import Resolver404, resolve

from plexica_sdk.hosting.permissions import permission_of
from plexica_sdk.manifest import Manifest, Route

# What parameters of a path may stand for: a number, a UUID.
_EXAMPLES = ("1", str(UUID(int=1)))
_PARAMETER = re.compile(r"\{[a-z][a-z0-9_]*\}")


def route_for(manifest: Manifest, method: str, path: str) -> Route | None:
    """Return the route by which the gateway lets a request through, or None.

    Args:
        manifest: The plugin's.
        method: The request's method.
        path: Its path, without the query.
    """
    wanted = "GET" if method == "HEAD" else method
    for route in manifest.routes:
        form = "[^/]+".join(map(re.escape, _PARAMETER.split(route.path)))
        if route.method == wanted and re.fullmatch(form, path):
            return route
    return None


def check_routes(manifest: Manifest) -> list[str]:
    """Return what is wrong with a plugin's addresses: nothing, if all is well.

    Each route has to lead to a view, which asks for the route's permission by `require`.

    Args:
        manifest: The plugin's.
    """
    return list(_problems(manifest))


def _problems(manifest: Manifest) -> Iterator[str]:
    for route in manifest.routes:
        name = f"{route.method} {route.path}"
        view = _view(route.path)
        if view is None:
            yield f"{name}: no address of the plugin answers it."
        elif (asked := permission_of(view, route.method)) != route.permission:
            yield f"{name}: the view asks for {asked or 'nothing'}, not for {route.permission}."


def _view(path: str) -> object | None:
    for example in _EXAMPLES:
        try:
            return resolve(_PARAMETER.sub(example, path)).func
        except Resolver404:
            continue
    return None
