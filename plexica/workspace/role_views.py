"""The pages of roles: which there are, what they give, and who holds them."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plexica.audit.selectors import list_entries
from plexica.core.errors import Conflict, InvalidInput, PlexicaError
from plexica.core.htmx import render_page
from plexica.core.templatetags.components import translated
from plexica.identity.actors import actor_of
from plexica.identity.models import User
from plexica.identity.selectors import get_person
from plexica.rbac.authority import BeyondAuthority
from plexica.rbac.custom_roles import MAX_CUSTOM_ROLES, create_role, delete_role, update_role
from plexica.rbac.engine import snapshot_of
from plexica.rbac.explain import preview_role_change
from plexica.rbac.guards import require
from plexica.rbac.holders import (
    holders_of,
    list_groups,
    list_groups_with_role,
    list_people_with_role,
    list_roles_with_holders,
)
from plexica.rbac.models import Group, Role
from plexica.rbac.permissions import ROLES_ASSIGN
from plexica.rbac.registry import Audience, get_definition, list_definitions
from plexica.rbac.selectors import get_group, get_role
from plexica.rbac.services import assign_role, withdraw_role
from plexica.workspace.people_search import search_people
from plexica.workspace.role_forms import EmptyForm, HolderForm, RoleForm
from plexica.workspace.role_matrix import build_matrix

ASKING = ["GET", "HEAD", "POST"]
ENTRIES_SHOWN = 5
EFFECTS_SHOWN = 100


@require_GET
@require("core:roles:view")
def role_list(request: HttpRequest) -> HttpResponse:
    """Show the roles with those who hold them."""
    roles = list(list_roles_with_holders())
    return render_page(
        request,
        "workspace/role_list.html",
        {
            "roles": roles,
            "custom_count": sum(not role.is_system for role in roles),
            "max_custom": MAX_CUSTOM_ROLES,
        },
    )


@require_GET
@require("core:roles:view")
def role_detail(request: HttpRequest, key: str) -> HttpResponse:
    """Show what a role gives, and who holds it."""
    role = get_role(key=key)
    grants = _grants_of(role)
    groups = list_groups_with_role(role=role)
    people = list_people_with_role(role=role)
    held = snapshot_of(_person(request))
    is_held = held.allows_all(grants)
    return render_page(
        request,
        "workspace/role_detail.html",
        {
            "role": role,
            "grants": [(grant, get_definition(grant)) for grant in sorted(grants)],
            "groups": groups,
            "other_groups": list_groups().exclude(pk__in=groups.values("group_id")),
            "is_held": is_held,
            "may_assign": is_held and held.allows(ROLES_ASSIGN),
            "give_values": {"role": role.key, "back": "role"},
            "entries": list_entries(target=f"role:{role.key}")[:ENTRIES_SHOWN],
            **search_people(request, shown=people, without=people.values("user_id")),
        },
    )


@require_http_methods(ASKING)
@require("core:roles:manage")
def role_create(request: HttpRequest) -> HttpResponse:
    """Ask for a new role, perhaps with what another one gives (`?copy=`), and make it."""
    if request.method != "POST":
        form = RoleForm(initial=_copied(request))
        return _editor(request, form, role=None, ticked=frozenset(form.initial["grants"]))
    form = RoleForm(request.POST)
    if form.is_looking():
        return _editor(request, form.begun_again(), role=None, ticked=form.ticked())
    if not form.is_valid():
        return _editor(request, form, role=None, ticked=form.ticked(), status=400)
    values = form.cleaned_data
    try:
        role = create_role(
            name=values["name"],
            description=values["description"],
            grants=values["grants"],
            actor=actor_of(request),
        )
    except (InvalidInput, Conflict, BeyondAuthority) as error:
        return _refused(request, form, error, role=None)
    messages.success(request, _("The role “%(name)s” is there.") % {"name": role.name})
    return redirect("workspace:role_detail", key=role.key)


@require_http_methods(ASKING)
@require("core:roles:manage")
def role_edit(request: HttpRequest, key: str) -> HttpResponse:
    """Change a role: first the form, then what it would mean to people, then it is saved."""
    role = get_role(key=key)
    if role.is_system:
        messages.error(request, _("A role that comes with Plexica cannot be changed. Copy it."))
        return redirect("workspace:role_detail", key=key)
    if request.method != "POST":
        ticked = _grants_of(role)
        form = RoleForm(
            initial={
                "name": role.name,
                "description": role.description,
                "seen_at": role.updated_at.isoformat(),
            }
        )
        return _editor(request, form, role=role, ticked=ticked)
    form = RoleForm(request.POST)
    if form.is_looking():
        return _editor(request, form.begun_again(), role=role, ticked=form.ticked())
    if not form.is_valid():
        return _editor(request, form, role=role, ticked=form.ticked(), status=400)
    if form.cleaned_data["step"] == RoleForm.PREVIEW:
        return _preview(request, form, role)
    return _save(request, form, role)


@require_http_methods(ASKING)
@require("core:roles:manage")
def role_delete(request: HttpRequest, key: str) -> HttpResponse:
    """Ask whether to delete a role, and do it if nobody holds it."""
    role = get_role(key=key)
    form = EmptyForm(request.POST if request.method == "POST" else None)
    status = 200
    if form.is_valid():
        try:
            delete_role(role=role, actor=actor_of(request))
        except (Conflict, BeyondAuthority) as error:
            form.add_refusal(error)
            status = error.status
        else:
            messages.success(request, _("The role “%(name)s” is gone.") % {"name": role.name})
            return redirect("workspace:role_list")
    return render_page(
        request,
        "workspace/role_delete.html",
        {"role": role, "form": form, "holders": holders_of(role).count()},
        status=status,
    )


@require_POST
@require("core:roles:assign")
def role_give(request: HttpRequest) -> HttpResponse:
    """Give a role to a person or a group."""
    holder, values = _read_holder(request)
    assign_role(holder=holder, role=values["role"], actor=actor_of(request))
    messages.success(request, _("%(holder)s holds the role now.") % {"holder": holder})
    return _back(holder, values)


@require_POST
@require("core:roles:assign")
def role_take(request: HttpRequest) -> HttpResponse:
    """Take a role from a person or a group."""
    holder, values = _read_holder(request)
    try:
        withdraw_role(holder=holder, role=values["role"], actor=actor_of(request))
    except Conflict as error:
        messages.error(request, f"{_(error.title)}. {error.detail}")
    else:
        messages.success(request, _("%(holder)s no longer holds the role.") % {"holder": holder})
    return _back(holder, values)


def _read_holder(request: HttpRequest) -> tuple[User | Group, dict[str, Any]]:
    form = HolderForm(request.POST)
    if not form.is_valid():
        raise InvalidInput(_("Choose a person or a group, and a role."))
    values = form.cleaned_data
    if values["group"]:
        return get_group(group_id=values["group"]), values
    return get_person(reference=str(values["user"])), values


def _back(holder: User | Group, values: dict[str, Any]) -> HttpResponse:
    if values["back"] == "group" and isinstance(holder, Group):
        return redirect("workspace:group_detail", group_id=holder.pk)
    return redirect("workspace:role_detail", key=values["role"])


def _person(request: HttpRequest) -> User:
    return cast("User", request.user)


def _grants_of(role: Role) -> frozenset[str]:
    return frozenset(grant.permission for grant in role.grants.all())


def _copied(request: HttpRequest) -> dict[str, Any]:
    """Return the values that a new role begins with: those of the one that is copied."""
    key = request.GET.get("copy", "")
    if not key:
        return {"grants": []}
    role = get_role(key=key)
    held = snapshot_of(_person(request))
    return {
        "name": _("Copy of %(name)s") % {"name": role},
        "description": translated(role.description),
        "grants": [grant for grant in sorted(_grants_of(role)) if held.allows(grant)],
    }


def _save(request: HttpRequest, form: RoleForm, role: Role) -> HttpResponse:
    values = form.cleaned_data
    try:
        update_role(
            role=role,
            name=values["name"],
            description=values["description"],
            grants=values["grants"],
            seen_at=values["seen_at"],
            actor=actor_of(request),
        )
    except (InvalidInput, Conflict, BeyondAuthority) as error:
        return _refused(request, form, error, role=role)
    messages.success(request, _("The role has been changed."))
    return redirect("workspace:role_detail", key=role.key)


def _refused(
    request: HttpRequest, form: RoleForm, error: PlexicaError, *, role: Role | None
) -> HttpResponse:
    form.add_refusal(error)
    return _editor(request, form, role=role, ticked=form.ticked(), status=error.status)


def _editor(
    request: HttpRequest,
    form: RoleForm,
    *,
    role: Role | None,
    ticked: frozenset[str],
    status: int = 200,
) -> HttpResponse:
    """Show the form with all that is ticked, whatever it is looked through for."""
    search = form["q"].value() or ""
    return render_page(
        request,
        "workspace/role_form.html",
        {
            "form": form,
            "role": role,
            "seen_at": form["seen_at"].value(),
            "search": search,
            "matrix": build_matrix(
                definitions=list_definitions(Audience.TENANT),
                ticked=ticked,
                held=snapshot_of(_person(request)),
                search=search,
            ),
        },
        status=status,
    )


def _preview(request: HttpRequest, form: RoleForm, role: Role) -> HttpResponse:
    """Show who would gain and lose what."""
    values = form.cleaned_data
    wanted, present = frozenset(values["grants"]), _grants_of(role)
    effects = preview_role_change(role=role, grants=wanted)
    labels = {
        definition.key: _(definition.label) for definition in list_definitions(Audience.TENANT)
    }
    return render_page(
        request,
        "workspace/role_preview.html",
        {
            "role": role,
            "form": form,
            "values": values,
            "seen_at": form["seen_at"].value(),
            "added": sorted(wanted - present),
            "removed": sorted(present - wanted),
            "count": len(effects),
            "effects": [
                (
                    effect.user,
                    sorted(labels[key] for key in effect.gained),
                    sorted(labels[key] for key in effect.lost),
                )
                for effect in effects[:EFFECTS_SHOWN]
            ],
        },
    )
