"""Who wants to hear of which event."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

Handler = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Published:
    """An event that was published."""

    id: UUID
    event: str
    payload: dict[str, Any]
    published_at: datetime


Delivery = Callable[[], None]
Source = Callable[[Published], Mapping[str, Delivery]]

_sources: list[Source] = []
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


def add_source(source: Source) -> None:
    """Have a source asked who else wants to hear of an event, each time that one is delivered.

    It is asked in the scope that the event was published in, and answers with deliveries by names
    that stay the same: what has been delivered under a name is not delivered again. One that
    raises is tried again later, as a handler is, as long as the source names it.
    """
    if source not in _sources:
        _sources.append(source)


def sources() -> list[Source]:
    """Return the sources."""
    return list(_sources)
