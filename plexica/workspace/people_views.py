"""The pages of people: who is in the workspace, and how far they are."""

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from plexica.audit.selectors import list_entries
from plexica.core.errors import InvalidInput, NotFound
from plexica.core.htmx import render_page
from plexica.identity.actors import actor_of, viewer_of
from plexica.identity.change_words import words_of
from plexica.identity.models import User
from plexica.identity.people_states import PersonState, change_of, state_of
from plexica.rbac.authority import BeyondAuthority
from plexica.rbac.engine import snapshot_of
from plexica.rbac.guards import require
from plexica.rbac.people import rename_person
from plexica.rbac.people_selectors import (
    get_any_person,
    list_people_with_roles,
    may_act_on,
    may_manage_people,
)
from plexica.rbac.permissions import (
    USERS_DISABLE,
    USERS_INVITE,
    USERS_REMOVE,
    USERS_UPDATE,
)
from plexica.rbac.selectors import list_groups_of
from plexica.workspace.people_forms import NamesForm, PeopleFilterForm
from plexica.workspace.people_words import tell_outcome
from tenants.requests import tenant_of

PAGE_SIZE = 25
ENTRIES_SHOWN = 10


@require_GET
@require("core:users:read")
def person_list(request: HttpRequest) -> HttpResponse:
    """Show the people: searched, filtered, in pages, all of it in the address."""
    form = PeopleFilterForm(request.GET)
    is_valid = form.is_valid()
    wanted = form.cleaned_data if is_valid else {}
    people = list_people_with_roles(
        viewer=viewer_of(request), search=wanted.get("q", ""), state=wanted.get("state", "")
    )
    paginator = Paginator(people if is_valid else people.none(), PAGE_SIZE)
    page = paginator.get_page(wanted.get("page") or 1)
    return render_page(
        request,
        "workspace/person_list.html",
        {
            "form": form,
            "page": page,
            "people": [(user, state_of(user), change_of(user)) for user in page.object_list],
            "is_filtered": bool(wanted.get("q") or wanted.get("state")) or not is_valid,
            "may_manage": may_manage_people(viewer_of(request)),
        },
        fragment="workspace/_person_table.html",
        status=200 if is_valid else 400,
    )


@require_GET
@require("core:users:read")
def person_detail(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Show how far somebody is, what they hold, and what may be done."""
    person = get_any_person(user_id, viewer=viewer_of(request))
    change = change_of(person)
    may_manage = may_manage_people(viewer_of(request))
    return render_page(
        request,
        "workspace/person_detail.html",
        {
            "person": person,
            "state": state_of(person),
            "change": change if may_manage else None,
            "waits": words_of(change) if change else [],
            "groups": list_groups_of(user=person),
            "may_manage": may_manage,
            "actions": _actions(request, person),
            "entries": list_entries(target=f"user:{person.pk}")[:ENTRIES_SHOWN],
        },
        fragment="workspace/_person.html",
    )


@require_http_methods(["GET", "HEAD", "POST"])
@require("core:users:update")
def person_edit(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Ask what somebody is called, and change it."""
    person = get_any_person(user_id, viewer=viewer_of(request))
    if state_of(person) == PersonState.REMOVED:
        raise NotFound(_("This person was removed."))
    names = {"first_name": person.first_name, "last_name": person.last_name}
    form = NamesForm(request.POST if request.method == "POST" else None, initial=names)
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            outcome = rename_person(
                tenant=tenant_of(request),
                user=person,
                actor=actor_of(request),
                **form.cleaned_data,
            )
        except (InvalidInput, BeyondAuthority) as error:
            form.add_refusal(error)
            status = error.status
        else:
            tell_outcome(request, outcome, done=_("The name has been changed."))
            return redirect("workspace:person_detail", user_id=person.pk)
    return render_page(
        request, "workspace/person_edit.html", {"form": form, "person": person}, status=status
    )


def _actions(request: HttpRequest, person: User) -> dict[str, Any]:
    """Return what the one who looks may do to a person, by the names of the views."""
    held, state = snapshot_of(viewer_of(request)), state_of(person)
    is_new = state in {PersonState.INVITED, PersonState.WITHDRAWN}
    is_other = person.pk != request.user.pk
    change = change_of(person)
    is_opening = change is not None and bool(change.is_enabled)
    possible = {
        "edit": (USERS_UPDATE, state != PersonState.REMOVED),
        "resend": (USERS_INVITE, is_new),
        "withdraw": (USERS_INVITE, is_other and state == PersonState.INVITED),
        "disable": (
            USERS_DISABLE,
            is_other and not is_new and (state == PersonState.ACTIVE or is_opening),
        ),
        "enable": (USERS_DISABLE, state == PersonState.DISABLED and not is_opening),
        "remove": (USERS_REMOVE, is_other and state != PersonState.REMOVED),
    }
    wanted = [
        name
        for name, (permission, is_possible) in possible.items()
        if is_possible and held.allows(permission)
    ]
    if not wanted:
        return {}
    is_within = may_act_on(actor=actor_of(request), user=person)
    return {
        "allowed": wanted if is_within else [],
        "is_beyond": not is_within,
        "is_shown": not is_within or wanted != ["edit"],
    }
