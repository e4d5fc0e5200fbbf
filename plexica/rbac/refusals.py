"""What somebody is told who may not do something: which permission they lack, or whom to ask."""

from typing import ClassVar

from django.db.models import Q
from django.utils.translation import gettext as _

from plexica.core.errors import PermissionRefused
from plexica.identity.models import User, UserKind
from plexica.rbac.permissions import ROLES_VIEW, STAFF_VIEW
from plexica.rbac.registry import Audience, get_definition
from plexica.rbac.selectors import current_audience
from plexica.rbac.snapshot import Snapshot
from plexica.rbac.system_roles import ADMIN, OWNER, SUPER_ADMIN

PEOPLE_NAMED = 3
# Who holds this may see who may do what, and so learns what is missing.
_WHO_MAY_KNOW = {
    Audience.TENANT: ROLES_VIEW,
    Audience.PLATFORM: STAFF_VIEW,
}
_WHO_HELPS = {
    Audience.TENANT: (OWNER, ADMIN),
    Audience.PLATFORM: (SUPER_ADMIN,),
}


class PermissionMissing(PermissionRefused):
    """Somebody who is known lacks a permission.

    Attributes:
        permission: Its key, where they may know it; otherwise empty.
    """

    code: ClassVar[str] = "permission-missing"

    def __init__(self, detail: str, *, permission: str = "") -> None:
        super().__init__(detail)
        self.permission = permission
        if permission:
            self.members["permission"] = permission


def refusal(*, held: Snapshot, permission: str) -> PermissionMissing:
    """Return what to tell somebody who lacks a permission in the current scope.

    Who may see who may do what learns what is missing; others learn whom to ask.

    Args:
        held: What they hold.
        permission: The key of what they lack.
    """
    if held.allows(_WHO_MAY_KNOW[current_audience()]):
        definition = get_definition(permission)
        label = _(definition.label) if definition else permission
        return PermissionMissing(
            _("It needs the permission “%(label)s” (%(key)s), which none of your roles gives.")
            % {"label": label, "key": permission},
            permission=permission,
        )
    people = ", ".join(_who_helps())
    if not people:
        return PermissionMissing(_("Your roles do not allow it."))
    return PermissionMissing(_("Your roles do not allow it. Ask %(people)s.") % {"people": people})


def _who_helps() -> list[str]:
    keys = _WHO_HELPS[current_audience()]
    holds_it = Q(role_assignments__role__key__in=keys) | Q(
        group_memberships__group__role_assignments__role__key__in=keys
    )
    people = User.objects.filter(holds_it, is_active=True, kind=UserKind.PERSON).distinct()
    return [str(person) for person in people.order_by("email", "id")[:PEOPLE_NAMED]]
