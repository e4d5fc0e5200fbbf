"""Events on their way to the plugins that want to hear of them."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from uuid import UUID

import structlog
from django.utils import timezone

from plexica.core.errors import TransientError
from plexica.core.scope import platform_scope
from plexica.events.registry import Delivery, Published
from plugins.backends import endpoint_of
from plugins.gateway.breaker import breaker
from plugins.gateway.calls import call_backend
from plugins.gateway.contexts import Via
from plugins.installed import Installed, installed_here
from plugins.models import Installation

EVENTS = "events"
MAX_AGE = timedelta(hours=24)
# Other events wait meanwhile.
SECONDS = 5.0

logger = structlog.get_logger(__name__)


def deliveries_to_plugins(published: Published) -> Mapping[str, Delivery]:
    """Return whom of the current scope's plugins an event is posted to.

    What a plugin has not taken within a day is given up.
    """
    is_over = timezone.now() - published.published_at > MAX_AGE
    found: dict[str, Delivery] = {}
    for installed in installed_here().values():
        path = _path_for(installed, published.event)
        if path and is_over:
            logger.warning(
                "plugin_event_given_up", plugin=installed.slug, event_name=published.event
            )
        elif path:
            found[f"plugins.{installed.id}"] = partial(_post, installed.id, path, published)
    return found


def _path_for(installed: Installed, event: str) -> str:
    if EVENTS not in installed.uses:
        return ""
    wanted = installed.manifest.document.get("events", {}).get("subscribes", [])
    return next((str(each["path"]) for each in wanted if each["type"] == event), "")


def _post(installation_id: UUID, path: str, published: Published) -> None:
    """Post an event to a plugin, unless it has failed several times in a row just now.

    Raises:
        TransientError: It has not taken it.
        PermanentError: It refuses.
    """
    with platform_scope():
        installation = Installation.objects.select_related("tenant", "release").get(
            pk=installation_id
        )
    endpoint = endpoint_of(installation.release_id)
    key = (endpoint.backend_id, endpoint.address) if endpoint else None
    if key is not None and not breaker.may_ask(key):
        raise TransientError("The plugin's backend has failed several times in a row.")
    try:
        call_backend(
            installation=installation,
            release=installation.release,
            method="POST",
            path=path,
            body={
                "id": str(published.id),
                "event": published.event,
                "payload": published.payload,
                "published_at": published.published_at.isoformat(),
            },
            via=Via.EVENT,
            seconds=SECONDS,
        )
    except TransientError:
        if key is not None:
            breaker.failed(key)
        raise
    if key is not None:
        breaker.succeeded(key)
