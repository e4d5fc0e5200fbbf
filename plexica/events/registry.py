"""Who wants to hear of which event."""

from collections.abc import Callable
from typing import Any

Handler = Callable[[dict[str, Any]], None]

_subscribers: dict[str, dict[str, Handler]] = {}


def subscribe(event: str, handler: Handler) -> None:
    """Have a handler called for an event, at least once each time it is published.

    Apps subscribe in `AppConfig.ready`. A handler runs in the scope that the event was published
    in, may be called again for the same event, and must then do no harm.
    """
    name = f"{handler.__module__}.{handler.__qualname__}"
    _subscribers.setdefault(event, {})[name] = handler


def unsubscribe(event: str, handler: Handler) -> None:
    """Take a handler out again."""
    _subscribers.get(event, {}).pop(f"{handler.__module__}.{handler.__qualname__}", None)


def subscribers(event: str) -> dict[str, Handler]:
    """Return an event's handlers by their dotted names, in the order of subscription."""
    return dict(_subscribers.get(event, {}))
