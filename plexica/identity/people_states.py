"""How far somebody is: invited, active, disabled, removed. Read from rows, kept nowhere."""

from django.db import models
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from plexica.identity.models import RealmChange, User, UserKind
from plexica.identity.selectors import with_words

# Not a state: whoever is in any, and waits for the realm.
WAITING = "waiting"


class PersonState(models.TextChoices):
    """How far a person is."""

    ACTIVE = "active", _("Active")
    INVITED = "invited", _("Invited")
    WITHDRAWN = "withdrawn", _("Invitation withdrawn")
    DISABLED = "disabled", _("Disabled")
    REMOVED = "removed", _("Removed")


def change_of(user: User) -> RealmChange | None:
    """Return what the realm has yet to be told about a person."""
    return getattr(user, "realm_change", None)


def state_of(user: User) -> PersonState:
    """Return how far a person is; for lists, select `realm_change` with them."""
    if user.removed_at is not None:
        return PersonState.REMOVED
    if user.last_login is not None:
        return PersonState.ACTIVE if user.is_active else PersonState.DISABLED
    change = change_of(user)
    is_opening = change is not None and change.is_enabled is True
    return PersonState.INVITED if user.is_active or is_opening else PersonState.WITHDRAWN


def all_people() -> QuerySet[User]:
    """Return the people of the current scope with what waits for the realm, removed ones, too."""
    return User.objects.filter(kind=UserKind.PERSON).select_related("realm_change")


def people_in_state(people: QuerySet[User], state: PersonState) -> QuerySet[User]:
    """Return those of some people who are in a state, as `state_of` has it."""
    if state == PersonState.REMOVED:
        return people.filter(removed_at__isnull=False)
    people = people.filter(removed_at__isnull=True)
    is_new = Q(last_login__isnull=True)
    is_open = Q(is_active=True) | Q(realm_change__is_enabled=True)
    conditions = {
        PersonState.ACTIVE: ~is_new & Q(is_active=True),
        PersonState.DISABLED: ~is_new & Q(is_active=False),
        PersonState.INVITED: is_new & is_open,
    }
    if state == PersonState.WITHDRAWN:
        return people.filter(is_new, is_active=False).exclude(realm_change__is_enabled=True)
    return people.filter(conditions[state])


def find_people(*, search: str = "", state: str = "") -> QuerySet[User]:
    """Return people of the current scope with what waits for the realm.

    Args:
        search: Only those of whom each word is in the name or the address.
        state: Only those in a state, or those who wait (`WAITING`), who may be removed already;
            without it all but the removed ones.
    """
    people = with_words(all_people(), search)
    if state == WAITING:
        return people.filter(realm_change__isnull=False)
    if state:
        return people_in_state(people, PersonState(state))
    return people.filter(removed_at__isnull=True)
