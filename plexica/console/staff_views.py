"""The pages of the staff: who may use the console, with which roles, and why."""

from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from plexica.audit.selectors import list_entries
from plexica.console.forms import StaffFilterForm, StaffRoleForm
from plexica.core.errors import Conflict, InvalidInput
from plexica.core.htmx import render_page
from plexica.identity.actors import actor_of
from plexica.identity.change_words import words_of
from plexica.identity.people_states import change_of
from plexica.identity.selectors import get_person
from plexica.rbac.engine import snapshot_of
from plexica.rbac.explain import explain_all
from plexica.rbac.guards import require
from plexica.rbac.models import AssignmentSource, Role
from plexica.rbac.permissions import STAFF_MANAGE
from plexica.rbac.registry import Audience, list_definitions
from plexica.rbac.selectors import list_roles
from plexica.rbac.snapshot import Snapshot
from plexica.rbac.staff import give_role, list_assignments, list_staff, take_role

if TYPE_CHECKING:
    from plexica.identity.models import User

PAGE_SIZE = 25
ENTRIES_SHOWN = 10


@require_GET
@require("core:staff:view")
def staff_list(request: HttpRequest) -> HttpResponse:
    """Show who has logged in to the console, with their roles."""
    form = StaffFilterForm(request.GET)
    wanted = form.cleaned_data if form.is_valid() else {}
    who = wanted.get("who", "")
    return render_page(
        request,
        "console/staff_list.html",
        {
            "form": form,
            "who": who,
            "page": Paginator(list_staff(search=who), PAGE_SIZE).get_page(wanted.get("page") or 1),
        },
        fragment="console/_staff_table.html",
    )


@require_GET
@require("core:staff:view")
def staff_detail(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Show which roles somebody has, where those come from, and what they may do by them."""
    person = get_person(reference=str(user_id))
    change = change_of(person)
    held = snapshot_of(cast("User", request.user))
    may_manage = held.allows(STAFF_MANAGE)
    assignments = list(list_assignments(user=person))
    has_already = {assignment.role_id for assignment in assignments}
    keys = [definition.key for definition in list_definitions(Audience.PLATFORM)]
    return render_page(
        request,
        "console/staff_detail.html",
        {
            "person": person,
            "change": change,
            "waits": words_of(change) if change else [],
            "assignments": [
                (
                    assignment,
                    assignment.source == AssignmentSource.TOKEN,
                    may_manage and _is_held(assignment.role, held),
                )
                for assignment in assignments
            ],
            "offered": [
                role
                for role in list_roles()
                if may_manage and role.pk not in has_already and _is_held(role, held)
            ],
            "explained": explain_all(user=person, permissions=keys),
            "entries": list_entries(target=f"user:{person.pk}")[:ENTRIES_SHOWN],
        },
    )


@require_POST
@require("core:staff:manage")
def role_give(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Give somebody a role."""
    person, values = get_person(reference=str(user_id)), _read_role(request)
    try:
        give_role(user=person, role=values["role"], actor=actor_of(request))
    except InvalidInput as error:
        messages.error(request, error.detail)
    else:
        messages.success(request, _("%(person)s holds the role now.") % {"person": person})
    return redirect("console:staff_detail", user_id=person.pk)


@require_POST
@require("core:staff:manage")
def role_take(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Take a role from somebody."""
    person, values = get_person(reference=str(user_id)), _read_role(request)
    try:
        take_role(user=person, role=values["role"], actor=actor_of(request))
    except Conflict as error:
        messages.error(request, f"{_(error.title)}. {error.detail}")
    else:
        messages.success(request, _("%(person)s no longer holds the role.") % {"person": person})
    return redirect("console:staff_detail", user_id=person.pk)


def _read_role(request: HttpRequest) -> dict[str, Any]:
    form = StaffRoleForm(request.POST)
    if not form.is_valid():
        raise InvalidInput(_("Choose a role."))
    return form.cleaned_data


def _is_held(role: Role, held: Snapshot) -> bool:
    return held.allows_all(grant.permission for grant in role.grants.all())
