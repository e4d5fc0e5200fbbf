"""What plugins have the host do in their tenant's scope."""

from typing import Any
from uuid import UUID

from django.db import transaction

from plexica.core.errors import InvalidInput
from plexica.events.services import publish
from plexica.identity.models import User, UserKind
from plugins.models import Release


def list_people(*, limit: int, after: UUID | None) -> tuple[list[User], UUID | None]:
    """Return people of the current scope, by their ids, without those who were removed.

    Args:
        limit: How many at most.
        after: The id that theirs come after; None for the first ones.

    Returns:
        The people, and the id to ask for the next ones after; None where there are no more.
    """
    people = User.objects.filter(kind=UserKind.PERSON, removed_at=None).order_by("id")
    if after is not None:
        people = people.filter(id__gt=after)
    found = list(people[: limit + 1])
    return found[:limit], found[limit - 1].pk if len(found) > limit else None


def publish_event(*, release: Release, event: str, payload: dict[str, Any]) -> None:
    """Publish an event of a plugin in the current scope.

    Args:
        release: The release that publishes it.
        event: Which of those that its manifest names.
        payload: What it carries.

    Raises:
        InvalidInput: The manifest names no such event.
    """
    published = release.manifest.get("events", {}).get("publishes", [])
    if event not in {each["type"] for each in published}:
        raise InvalidInput(fields={"event": ["The manifest does not say that it is published."]})
    with transaction.atomic():
        publish(event=event, payload=payload)
