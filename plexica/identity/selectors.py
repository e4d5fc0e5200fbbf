"""Reading people."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from plexica.audit.targets import only_ids
from plexica.core.errors import Conflict, NotFound
from plexica.identity.models import ServiceAccount, User, UserKind

MAX_REFERENCE_LENGTH = 254


def list_people(*, is_active: bool | None = None, search: str = "") -> QuerySet[User]:
    """Return the people of the current scope, by address, without those who were removed.

    Args:
        is_active: Only those who may log in, or only those who may not; all when None.
        search: Only those of whom each word is in the name or the address, whatever its case.
    """
    people = User.objects.filter(kind=UserKind.PERSON, removed_at__isnull=True)
    if is_active is not None:
        people = people.filter(is_active=is_active)
    return with_words(people, search)


def with_words(people: QuerySet[User], search: str) -> QuerySet[User]:
    """Return those of some people who have each word in their name or address."""
    for word in search.split():
        people = people.filter(
            Q(email__icontains=word) | Q(first_name__icontains=word) | Q(last_name__icontains=word)
        )
    return people


def get_person(*, reference: str) -> User:
    """Return one person, or service account, of the current scope; nobody who was removed.

    Args:
        reference: Their id, or a person's address.

    Raises:
        NotFound: There is nobody like that.
        Conflict: Several people have the address.
    """
    try:
        wanted = User.objects.filter(pk=UUID(reference))
    except ValueError:
        wanted = User.objects.filter(email__iexact=reference)
    people = list(wanted.filter(removed_at__isnull=True)[:2])
    if not people:
        raise NotFound(_("There is nobody here with this id or address."))
    if len(people) > 1:
        raise Conflict(_("Several people have this address. Use the person's id."))
    return people[0]


@dataclass(frozen=True, slots=True)
class PeopleCount:
    """How many people there are.

    Attributes:
        total: Who may log in.
        recent: Those of them who have logged in lately.
    """

    total: int
    recent: int


def count_people_lately(*, since: datetime) -> PeopleCount:
    """Return how many people of the current scope may log in, and how many did.

    Args:
        since: Whoever has logged in after that counts as recent.
    """
    counts = list_people(is_active=True).aggregate(
        total=Count("pk"), recent=Count("pk", filter=Q(last_login__gte=since))
    )
    return PeopleCount(**counts)


def count_ever_invited() -> int:
    """Return how many people of the current scope there are, invited and disabled ones included."""
    return list_people().count()


def count_people() -> int:
    """Return how many people of the current scope may log in."""
    return list_people(is_active=True).count()


def name_users(ids: Collection[str]) -> dict[str, str]:
    """Return what users are called, those who were removed included, by their id."""
    return {str(user.pk): str(user) for user in User.objects.filter(pk__in=only_ids(ids))}


def name_service_accounts(ids: Collection[str]) -> dict[str, str]:
    """Return what service accounts are called, by their id."""
    found = ServiceAccount.objects.filter(pk__in=only_ids(ids)).values_list("pk", "name")
    return {str(pk): name for pk, name in found}
