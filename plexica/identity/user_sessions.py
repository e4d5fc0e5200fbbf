"""The sessions that a person's browsers have with the current scope's host."""

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.utils import timezone

from plexica.identity.models import User

BATCH_SIZE = 500


def end_sessions(user: User) -> int:
    """End a person's sessions here; those that they have with their realm are the realm's.

    Returns:
        How many they were.
    """
    wanted = str(user.pk)
    keys = [
        session.session_key
        for session in Session.objects.filter(expire_date__gt=timezone.now()).iterator(
            chunk_size=BATCH_SIZE
        )
        if session.get_decoded().get(SESSION_KEY) == wanted
    ]
    Session.objects.filter(pk__in=keys).delete()
    return len(keys)
