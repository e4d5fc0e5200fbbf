"""The plugins' places in a workspace's menu."""

from dataclasses import dataclass

from django import template

from plexica.identity.models import User
from plexica.rbac.engine import snapshot_of
from plugins.gateway.ui import list_places

register = template.Library()


@dataclass(frozen=True, slots=True)
class Shown:
    """A place as the menu shows it."""

    url: str
    label: str
    is_current: bool


@register.simple_tag(takes_context=True)
def plugin_places(context: template.Context) -> list[Shown]:
    """Return the places of enabled plugins that the person of the page may go to.

    Args:
        context: The page's context.
    """
    request = context["request"]
    if not isinstance(request.user, User):
        return []
    places = list_places(snapshot_of(request.user))
    here = [place.url for place in places if _is_below(request.path, place.url)]
    current = max(here, key=len, default="")
    return [Shown(place.url, place.label, place.url == current) for place in places]


def _is_below(path: str, url: str) -> bool:
    return path == url or path.startswith(f"{url.rstrip('/')}/")
