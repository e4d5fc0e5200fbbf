"""What the pages of service accounts accept and offer."""

from dataclasses import dataclass

from django import forms
from django.utils.translation import gettext_lazy as _

from plexica.core.actor import Actor
from plexica.core.forms import StrictForm
from plexica.rbac.models import Role
from plexica.rbac.selectors import list_roles
from plexica.rbac.service_accounts import list_assignable_roles
from plexica.workspace.role_forms import MAX_PAGE, GroupForm, PatternsField


class PageForm(StrictForm):
    """Which page of a list is shown."""

    page = forms.IntegerField(min_value=1, max_value=MAX_PAGE, required=False)


class ServiceAccountForm(GroupForm):
    """What a service account is called, and its roles, of which the service knows which exist."""

    roles = PatternsField(label=_("Roles"), required=False)


@dataclass(frozen=True, slots=True)
class RoleChoice:
    """A role as the form offers it.

    Attributes:
        role: Which.
        is_ticked: Whether it is chosen.
        is_locked: Whether it cannot be given or taken by who asks, and so stays as it is.
    """

    role: Role
    is_ticked: bool
    is_locked: bool


def role_choices(*, actor: Actor, ticked: frozenset[str], held: frozenset[str]) -> list[RoleChoice]:
    """Return the roles that somebody may give to a program, and those that it has already.

    Args:
        actor: Who asks.
        ticked: The keys of the roles that are chosen.
        held: The keys of those that the program has.
    """
    assignable = {role.key for role in list_assignable_roles(actor)}
    return [
        RoleChoice(
            role=role,
            is_ticked=role.key in (ticked if role.key in assignable else held),
            is_locked=role.key not in assignable,
        )
        for role in list_roles()
        if role.key in assignable or role.key in held
    ]
