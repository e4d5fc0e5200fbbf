"""What the staff does to keep a tenant well: upgrade, compare and mend, and see to its owner."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plexica.console.detail_selectors import last_inspection, list_part_states
from plexica.console.forms import AppointForm, OwnerInviteForm, ReconcileForm
from plexica.core.client_address import client_address
from plexica.core.errors import Conflict, InvalidInput, PlexicaError
from plexica.core.forms import StrictForm
from plexica.core.htmx import render_page
from plexica.core.rate_limits import count_try
from plexica.identity.actors import actor_of
from plexica.identity.realm_changes import Outcome
from plexica.rbac.guards import require
from plexica.rbac.owners import Appointment, appoint_owner, resend_owner_invitation
from tenants.maintenance import (
    ask_reconciliation,
    begin_upgrade,
    can_be_maintained,
    get_reconciliation,
)
from tenants.selectors import get_tenant

ASKING = ["GET", "HEAD", "POST"]


@require_http_methods(ASKING)
@require("core:tenants:maintain")
def tenant_upgrade(request: HttpRequest, slug: str) -> HttpResponse:
    """Say which parts are behind, ask, and begin the run that brings them up."""
    tenant = get_tenant(slug=slug)
    form = StrictForm(request.POST if request.method == "POST" else None)
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            run = begin_upgrade(tenant=tenant, actor=actor_of(request))
        except Conflict as error:
            form.add_refusal(error)
            status = error.status
        else:
            return redirect("console:run_detail", slug=slug, run_id=run.id)
    return render_page(
        request,
        "console/tenant_upgrade.html",
        {"tenant": tenant, "parts": list_part_states(tenant=tenant), "form": form},
        status=status,
    )


@require_POST
@require("core:tenants:maintain")
def tenant_reconcile(request: HttpRequest, slug: str) -> HttpResponse:
    """Have a tenant compared with what it should be, and mended if that was ticked."""
    tenant = get_tenant(slug=slug)
    form = ReconcileForm(request.POST)
    if not form.is_valid():
        raise InvalidInput(_("Choose whether to compare, or to mend as well."))
    try:
        ask_reconciliation(
            tenant=tenant, repair=form.cleaned_data["repair"], actor=actor_of(request)
        )
    except Conflict as error:
        messages.error(request, error.detail)
    return redirect("console:tenant_detail", slug=slug)


@require_GET
@require("core:tenants:view")
def tenant_reconciliation(request: HttpRequest, slug: str) -> HttpResponse:
    """Show how far a comparison is; the fragment asks for itself again until it has ended."""
    tenant = get_tenant(slug=slug)
    return render_page(
        request,
        "console/tenant_reconciliation.html",
        {
            "tenant": tenant,
            "inspection": last_inspection(tenant=tenant),
            "reconciliation": get_reconciliation(tenant=tenant),
            "may_be_maintained": can_be_maintained(tenant),
        },
        fragment="console/_tenant_reconciliation.html",
    )


@require_http_methods(ASKING)
@require("core:tenants:appoint")
def tenant_owner(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask who is to own a tenant, and appoint them."""
    tenant = get_tenant(slug=slug)
    form = AppointForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            _count_invitation(request)
            try:
                done = appoint_owner(tenant=tenant, actor=actor_of(request), **form.cleaned_data)
            except PlexicaError as error:
                form.add_refusal(error)
                status = error.status
            else:
                _tell_appointment(request, done)
                return redirect("console:tenant_detail", slug=slug)
    return render_page(
        request, "console/tenant_owner.html", {"tenant": tenant, "form": form}, status=status
    )


@require_POST
@require("core:tenants:maintain")
def owner_invite(request: HttpRequest, slug: str) -> HttpResponse:
    """Send an owner's invitation again."""
    tenant = get_tenant(slug=slug)
    form = OwnerInviteForm(request.POST)
    if not form.is_valid():
        raise InvalidInput(_("Choose an owner."))
    _count_invitation(request)
    try:
        outcome = resend_owner_invitation(
            tenant=tenant, user_id=form.cleaned_data["user"], actor=actor_of(request)
        )
    except PlexicaError as error:
        messages.error(request, error.detail)
    else:
        _tell_mail(request, outcome)
    return redirect("console:tenant_detail", slug=slug)


def _count_invitation(request: HttpRequest) -> None:
    count_try("invitation", address=client_address(request), account=str(request.user.pk))


def _tell_appointment(request: HttpRequest, done: Appointment) -> None:
    messages.success(request, _("%(email)s owns the tenant now.") % {"email": done.email})
    if done.is_invited:
        _tell_mail(request, done.outcome)
    if done.are_others_left:
        messages.warning(
            request,
            _(
                "The owners before them stay owners, since nobody could come in otherwise. Appoint"
                " the new owner once more when their invitation has been sent."
            ),
        )


def _tell_mail(request: HttpRequest, outcome: Outcome) -> None:
    match outcome:
        case Outcome.DONE:
            messages.success(request, _("The invitation has been sent."))
        case Outcome.FAILED:
            messages.error(request, _("The login service refused that."))
        case Outcome.MAIL_WAITING:
            messages.warning(
                request, _("The mail could not be sent yet. It is tried again by itself.")
            )
        case _:
            messages.warning(
                request,
                _("The login service has yet to do its part. It is tried again by itself."),
            )
