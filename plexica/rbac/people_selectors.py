"""Reading people with what they hold, and who may see or do how much, in the current scope."""

from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from plexica.core.actor import Actor
from plexica.core.errors import NotFound
from plexica.identity.models import User
from plexica.identity.people_states import all_people, find_people
from plexica.rbac.authority import authority_of
from plexica.rbac.engine import compile_snapshot, snapshot_of
from plexica.rbac.permissions import (
    USERS_DISABLE,
    USERS_INVITE,
    USERS_REMOVE,
    USERS_UPDATE,
)

_MANAGING = (USERS_INVITE, USERS_UPDATE, USERS_DISABLE, USERS_REMOVE)


def list_people_with_roles(*, viewer: User, search: str = "", state: str = "") -> QuerySet[User]:
    """Return people with the roles that they hold themselves, and what waits for the realm.

    Args:
        viewer: Who looks; only those who manage people see removed ones.
        search: As `find_people` has it.
        state: The same.
    """
    found = _seen_by(viewer, find_people(search=search, state=state))
    return found.prefetch_related("role_assignments__role").order_by("email", "pk")


def get_any_person(user_id: UUID, *, viewer: User) -> User:
    """Return a person, whether removed or not, with what waits for the realm.

    Args:
        user_id: Whose.
        viewer: Who looks; only those who manage people see removed ones.

    Raises:
        NotFound: There is none with this id.
    """
    people = _seen_by(viewer, all_people()).prefetch_related("role_assignments__role")
    found = people.filter(pk=user_id).first()
    if found is None:
        raise NotFound(_("There is no such person here."))
    return found


def may_act_on(*, actor: Actor, user: User) -> bool:
    """Return whether somebody holds all that a person does."""
    return authority_of(actor).allows_all(compile_snapshot(user).grants)


def may_manage_people(user: User) -> bool:
    """Return whether somebody may do more with people than see who they are."""
    held = snapshot_of(user)
    return any(held.allows(permission) for permission in _MANAGING)


def _seen_by(viewer: User, people: QuerySet[User]) -> QuerySet[User]:
    return people if may_manage_people(viewer) else people.filter(removed_at__isnull=True)
