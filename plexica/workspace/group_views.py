"""The pages of groups: who is in them, and what that gives."""

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plexica.audit.selectors import list_entries
from plexica.core.errors import Conflict, InvalidInput, PlexicaError, ServiceUnavailable
from plexica.core.forms import StrictForm
from plexica.core.htmx import render_page
from plexica.identity.actors import actor_of
from plexica.identity.models import User
from plexica.identity.selectors import get_person
from plexica.rbac.authority import BeyondAuthority
from plexica.rbac.engine import snapshot_of
from plexica.rbac.groups import (
    add_member,
    create_group,
    delete_group,
    grants_of_group,
    remove_member,
    update_group,
)
from plexica.rbac.guards import require
from plexica.rbac.holders import list_groups, list_members
from plexica.rbac.permissions import GROUPS_MANAGE, ROLES_ASSIGN
from plexica.rbac.realm_groups import map_group
from plexica.rbac.selectors import get_group, list_roles
from plexica.workspace.people_search import search_people
from plexica.workspace.role_forms import EmptyForm, GroupForm, MemberForm, RealmGroupForm
from tenants.requests import tenant_of

ASKING = ["GET", "HEAD", "POST"]
ENTRIES_SHOWN = 5


@require_GET
@require("core:roles:view")
def group_list(request: HttpRequest) -> HttpResponse:
    """Show the groups with what they give."""
    return render_page(request, "workspace/group_list.html", {"groups": list_groups()})


@require_GET
@require("core:roles:view")
def group_detail(request: HttpRequest, group_id: UUID) -> HttpResponse:
    """Show who is in a group, and what that gives."""
    group = get_group(group_id=group_id)
    held = snapshot_of(cast("User", request.user))
    given = (
        group.role_assignments.select_related("role")
        .prefetch_related("role__grants")
        .order_by("role__name")
    )
    offered = [
        role
        for role in list_roles().exclude(pk__in=given.values("role_id"))
        if held.allows_all(grant.permission for grant in role.grants.all())
    ]
    members = list_members(group=group)
    is_held = held.allows_all(grants_of_group(group))
    return render_page(
        request,
        "workspace/group_detail.html",
        {
            "group": group,
            "given": [
                (
                    assignment.role,
                    held.allows_all(grant.permission for grant in assignment.role.grants.all()),
                )
                for assignment in given
            ],
            "offered": offered,
            "may_manage": is_held and held.allows(GROUPS_MANAGE),
            "may_assign": held.allows(ROLES_ASSIGN),
            "entries": list_entries(target=f"group:{group.pk}")[:ENTRIES_SHOWN],
            **search_people(request, shown=members, without=members.values("pk")),
        },
    )


@require_http_methods(ASKING)
@require("core:groups:manage")
def group_create(request: HttpRequest) -> HttpResponse:
    """Ask for a new group, and make it."""
    form = GroupForm(request.POST if request.method == "POST" else None)
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            group = create_group(actor=actor_of(request), **form.cleaned_data)
        except (InvalidInput, Conflict) as error:
            status = _refused(form, error)
        else:
            messages.success(request, _("The group “%(name)s” is there.") % {"name": group.name})
            return redirect("workspace:group_detail", group_id=group.pk)
    return render_page(
        request, "workspace/group_form.html", {"form": form, "group": None}, status=status
    )


@require_http_methods(ASKING)
@require("core:groups:manage")
def group_edit(request: HttpRequest, group_id: UUID) -> HttpResponse:
    """Change a group's name and description."""
    group = get_group(group_id=group_id)
    form = GroupForm(
        request.POST if request.method == "POST" else None,
        initial={"name": group.name, "description": group.description},
    )
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            update_group(group=group, actor=actor_of(request), **form.cleaned_data)
        except (InvalidInput, Conflict) as error:
            status = _refused(form, error)
        else:
            messages.success(request, _("The group has been changed."))
            return redirect("workspace:group_detail", group_id=group.pk)
    return render_page(
        request, "workspace/group_form.html", {"form": form, "group": group}, status=status
    )


@require_http_methods(ASKING)
@require("core:groups:manage")
def group_follow(request: HttpRequest, group_id: UUID) -> HttpResponse:
    """Say which group of Keycloak a group follows."""
    group = get_group(group_id=group_id)
    form = RealmGroupForm(
        request.POST if request.method == "POST" else None,
        initial={"realm_path": group.realm_path},
    )
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            map_group(
                tenant=tenant_of(request),
                group=group,
                path=form.cleaned_data["realm_path"],
                actor=actor_of(request),
            )
        except (InvalidInput, Conflict, BeyondAuthority, ServiceUnavailable) as error:
            status = _refused(form, error)
        else:
            messages.success(
                request,
                _("Its members come from Keycloak within a minute.")
                if form.cleaned_data["realm_path"]
                else _("The group follows none of Keycloak's."),
            )
            return redirect("workspace:group_detail", group_id=group.pk)
    return render_page(
        request, "workspace/group_follow.html", {"form": form, "group": group}, status=status
    )


@require_http_methods(ASKING)
@require("core:groups:manage")
def group_delete(request: HttpRequest, group_id: UUID) -> HttpResponse:
    """Ask whether to delete a group, and do it."""
    group = get_group(group_id=group_id)
    form = EmptyForm(request.POST if request.method == "POST" else None)
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            delete_group(group=group, actor=actor_of(request))
        except (Conflict, BeyondAuthority) as error:
            status = _refused(form, error)
        else:
            messages.success(request, _("The group “%(name)s” is gone.") % {"name": group.name})
            return redirect("workspace:group_list")
    return render_page(
        request,
        "workspace/group_delete.html",
        {
            "group": group,
            "form": form,
            "member_count": group.memberships.count(),
            "given": group.role_assignments.select_related("role").order_by("role__name"),
        },
        status=status,
    )


@require_POST
@require("core:groups:manage")
def member_add(request: HttpRequest, group_id: UUID) -> HttpResponse:
    """Put a person into a group."""
    group, user = get_group(group_id=group_id), _read_member(request)
    add_member(group=group, user=user, actor=actor_of(request))
    messages.success(request, _("%(person)s is in the group now.") % {"person": user})
    return redirect("workspace:group_detail", group_id=group.pk)


@require_POST
@require("core:groups:manage")
def member_remove(request: HttpRequest, group_id: UUID) -> HttpResponse:
    """Take a person out of a group."""
    group, user = get_group(group_id=group_id), _read_member(request)
    try:
        remove_member(group=group, user=user, actor=actor_of(request))
    except Conflict as error:
        messages.error(request, f"{_(error.title)}. {error.detail}")
    else:
        messages.success(request, _("%(person)s is no longer in the group.") % {"person": user})
    return redirect("workspace:group_detail", group_id=group.pk)


def _read_member(request: HttpRequest) -> User:
    form = MemberForm(request.POST)
    if not form.is_valid():
        raise InvalidInput(_("Choose a person."))
    return get_person(reference=str(form.cleaned_data["user"]))


def _refused(form: StrictForm, error: PlexicaError) -> int:
    form.add_refusal(error)
    return error.status
