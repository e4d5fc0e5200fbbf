"""Reading people."""

from django.db.models import QuerySet

from plexica.identity.models import User, UserKind


def list_people(*, is_active: bool | None = None) -> QuerySet[User]:
    """Return the people of the current scope, by address.

    Args:
        is_active: Only those who may log in, or only those who may not; all when None.
    """
    people = User.objects.filter(kind=UserKind.PERSON)
    return people if is_active is None else people.filter(is_active=is_active)


def count_people() -> int:
    """Return how many people of the current scope may log in."""
    return list_people(is_active=True).count()
