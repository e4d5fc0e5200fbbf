"""What is done to somebody from their page: invite, shut out, let in, remove."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from plexica.core.client_address import client_address
from plexica.core.errors import Conflict, InvalidInput, NotFound, PlexicaError
from plexica.core.htmx import render_page
from plexica.core.rate_limits import count_try
from plexica.identity.actors import actor_of, viewer_of
from plexica.identity.models import User
from plexica.identity.people_states import PersonState, state_of
from plexica.identity.realm_changes import Outcome
from plexica.rbac.authority import BeyondAuthority
from plexica.rbac.engine import has_permission
from plexica.rbac.guards import require
from plexica.rbac.models import Role
from plexica.rbac.people import (
    Invitation,
    Invitee,
    disable_person,
    enable_person,
    invite_people,
    remove_person,
    resend_invitation,
    try_again,
    withdraw_invitation,
)
from plexica.rbac.people_selectors import get_any_person
from plexica.rbac.permissions import ROLES_ASSIGN
from plexica.rbac.selectors import list_groups_of
from plexica.rbac.service_accounts import list_assignable_roles
from plexica.rbac.system_roles import MEMBER
from plexica.workspace.people_forms import InviteForm
from plexica.workspace.people_words import tell_outcome
from plexica.workspace.role_forms import EmptyForm
from tenants.requests import tenant_of

ASKING = ["GET", "HEAD", "POST"]
Service = Callable[..., Outcome]


@require_http_methods(ASKING)
@require("core:users:invite")
def person_invite(request: HttpRequest) -> HttpResponse:
    """Ask whom to invite, with which roles, and tell what became of each."""
    offered = _offered(request)
    form = InviteForm(
        request.POST if request.method == "POST" else None,
        offered=offered,
        initial={"roles": [role.key for role in offered if role.key == MEMBER]},
    )
    done: list[Invitation] = []
    status = 400 if form.is_bound else 200
    if form.is_valid():
        invitees: list[Invitee] = form.cleaned_data["people"]
        count_invitations(request, len(invitees))
        try:
            done = invite_people(
                tenant=tenant_of(request),
                invitees=invitees,
                roles=form.cleaned_data["roles"],
                actor=actor_of(request),
            )
        except (InvalidInput, BeyondAuthority) as error:
            form.add_refusal(error)
            status = error.status
        else:
            status = 200
    if done and all(each.outcome == Outcome.DONE for each in done):
        messages.success(request, _sent(done))
        return redirect("workspace:person_list")
    begun = [each for each in done if each.user is not None]
    refused = [each for each in done if each.user is None]
    if refused and not begun:
        status = Conflict.status
        for each in refused:
            form.add_error("people", f"{each.email}: {each.reason}")
    return render_page(
        request,
        "workspace/person_invite.html",
        {
            "form": form,
            "offered": offered,
            "ticked": set(form["roles"].value() or ()),
            "begun": begun,
            "is_waiting": any(each.outcome != Outcome.DONE for each in begun),
            "refused": refused,
        },
        status=status,
    )


@require_POST
@require("core:users:invite")
def person_resend(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Send an invitation again, with a new link."""
    count_invitations(request, 1)
    return _do(request, user_id, resend_invitation, done=_("The invitation has been sent."))


@require_POST
@require("core:users:disable")
def person_enable(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Let somebody in again."""
    return _do(request, user_id, enable_person, done=_("They may come in again."))


@require_POST
@require("core:users:update")
def person_retry(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Try at once what waits for the login service."""
    return _do(request, user_id, try_again, done=_("The login service has done its part."))


@require_http_methods(ASKING)
@require("core:users:invite")
def person_withdraw(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Ask whether to withdraw an invitation, and do it."""
    return _ask(
        request,
        user_id,
        "withdraw",
        withdraw_invitation,
        done=_("The invitation has been withdrawn."),
    )


@require_http_methods(ASKING)
@require("core:users:disable")
def person_disable(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Ask whether to shut somebody out, and do it."""
    return _ask(request, user_id, "disable", disable_person, done=_("They are shut out."))


@require_http_methods(ASKING)
@require("core:users:remove")
def person_remove(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Ask whether to remove somebody, and do it."""
    return _ask(request, user_id, "remove", remove_person, done=_("They have been removed."))


def count_invitations(request: HttpRequest, number: int) -> None:
    """Count mails that somebody has sent.

    Raises:
        TooManyTries: They, or their address, have had too many sent within a minute.
    """
    for _each in range(number):
        count_try("invitation", address=client_address(request), account=str(request.user.pk))


def _do(request: HttpRequest, user_id: UUID, service: Service, *, done: str) -> HttpResponse:
    person = get_any_person(user_id, viewer=viewer_of(request))
    try:
        outcome = service(tenant=tenant_of(request), user=person, actor=actor_of(request))
    except (Conflict, BeyondAuthority) as error:
        messages.error(request, error.detail)
    else:
        tell_outcome(request, outcome, done=done)
    return redirect("workspace:person_detail", user_id=user_id)


def _ask(
    request: HttpRequest, user_id: UUID, action: str, service: Service, *, done: str
) -> HttpResponse:
    person = get_any_person(user_id, viewer=viewer_of(request))
    if state_of(person) == PersonState.REMOVED:
        raise NotFound(_("This person was removed."))
    form = EmptyForm(request.POST if request.method == "POST" else None)
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            outcome = service(tenant=tenant_of(request), user=person, actor=actor_of(request))
        except PlexicaError as error:
            form.add_refusal(error)
            status = error.status
        else:
            tell_outcome(request, outcome, done=done)
            return redirect("workspace:person_detail", user_id=user_id)
    return render_page(
        request,
        "workspace/person_confirm.html",
        {
            "form": form,
            "person": person,
            "action": action,
            "groups": list_groups_of(user=person),
        },
        status=status,
    )


def _offered(request: HttpRequest) -> list[Role]:
    user = request.user
    if not isinstance(user, User) or not has_permission(user, ROLES_ASSIGN):
        return []
    return list_assignable_roles(actor_of(request))


def _sent(done: list[Invitation]) -> str:
    if len(done) == 1:
        return _("%(email)s is invited.") % {"email": done[0].email}
    return _("%(count)d people are invited.") % {"count": len(done)}
