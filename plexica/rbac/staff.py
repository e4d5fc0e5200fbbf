"""The platform's staff: who may use the console, with which roles, and where those come from.

A role comes from the realm of the platform, which says it anew at each login, or it was given
here. What the realm gives is taken away there: taken here, it would be back at the next login.
"""

from django.db import transaction
from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from plexica.core.actor import Actor
from plexica.core.errors import Conflict, InvalidInput
from plexica.identity.models import User
from plexica.identity.selectors import list_people
from plexica.rbac.authority import check_authority
from plexica.rbac.models import AssignmentSource, Role, RoleAssignment
from plexica.rbac.selectors import get_role
from plexica.rbac.services import assign_role, withdraw_role
from tenants.epochs import raise_epoch


class RoleFromRealm(Conflict):
    """The realm of the platform gives the role."""

    code = "role-from-realm"
    title = gettext_noop("The role comes from the realm")


def list_staff(*, search: str = "") -> QuerySet[User]:
    """Return the people who have logged in to the console: with a role first, then by address.

    Each has `staff_assignments`, the assignments of roles to them, with the roles.

    Args:
        search: Only those of whom each word is in the name or the address.
    """
    given = RoleAssignment.objects.select_related("role").order_by("role__name")
    has_role = Exists(RoleAssignment.objects.filter(user_id=OuterRef("pk")))
    return (
        list_people(search=search)
        .annotate(has_role=has_role)
        .prefetch_related(Prefetch("role_assignments", given, to_attr="staff_assignments"))
        .order_by("-has_role", "email", "id")
    )


def list_assignments(*, user: User) -> QuerySet[RoleAssignment]:
    """Return the roles that somebody of the staff holds, and how each came about."""
    return (
        user.role_assignments.select_related("role")
        .prefetch_related("role__grants")
        .order_by("role__name")
    )


def give_role(*, user: User, role: str, actor: Actor) -> None:
    """Give a role of the console to somebody who has logged in to it; one they have stays as it is.

    Raises:
        NotFound: There is no such role.
        InvalidInput: The person is disabled.
        BeyondAuthority: The actor does not hold what the role grants.
    """
    if not user.is_active:
        raise InvalidInput(_("Somebody who is disabled gets no role."))
    assign_role(holder=user, role=role, actor=actor)


def take_role(*, user: User, role: str, actor: Actor) -> None:
    """Take a role of the console away that was given here; one they do not hold changes nothing.

    Raises:
        NotFound: There is no such role.
        RoleFromRealm: The realm gives it, and would again at the next login.
        BeyondAuthority: The actor does not hold what the role grants.
        LastSuperAdmin: Nobody would be left who may do everything.
    """
    with transaction.atomic():
        found = get_role(key=role)
        check_authority(actor, _grants_of(found))
        # Changes of the staff's roles come one after the other, so that one super admin is left.
        raise_epoch()
        if _comes_from_realm(user, found):
            raise RoleFromRealm(
                _("Take the role from them in the realm; it is gone here at their next login.")
            )
        withdraw_role(holder=user, role=role, actor=actor)


def _comes_from_realm(user: User, role: Role) -> bool:
    return role.assignments.filter(user=user, source=AssignmentSource.TOKEN).exists()


def _grants_of(role: Role) -> list[str]:
    return [grant.permission for grant in role.grants.all()]
