"""What apps above the workspace's pages show on its dashboard: they register it at start."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.safestring import SafeString


@dataclass(frozen=True, slots=True)
class Widget:
    """A card of the dashboard.

    Attributes:
        key: Its name, such as `crm-deals`.
        title: What it shows, in words.
        permission: Whoever holds this sees it.
        render: Returns what is in it, for the current scope; empty where there is nothing to show.
            It is quick, and says itself when something that it needs is away.
    """

    key: str
    title: str | Promise
    permission: str
    render: Callable[[], SafeString]


_widgets: dict[str, Widget] = {}


def register_widget(widget: Widget) -> None:
    """Have the dashboard show a card to those who may see it.

    Raises:
        ValueError: There is one of this name.
    """
    if widget.key in _widgets:
        raise ValueError(f"There is a widget {widget.key} already.")
    _widgets[widget.key] = widget


def list_widgets() -> list[Widget]:
    """Return all cards, by their names."""
    return [_widgets[key] for key in sorted(_widgets)]
