"""Opening a workspace as support, on the console's side (ADR 15)."""

from typing import TYPE_CHECKING, cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from plexica.console.forms import SupportForm
from plexica.core.errors import NotFound, PlexicaError
from plexica.core.htmx import render_page
from plexica.identity.actors import actor_of
from plexica.identity.browser_sessions import browser_session_of
from plexica.rbac.guards import require
from plexica.rbac.permissions import TENANTS_SUPPORT_WRITE
from plexica.rbac.visits import ask_visit, end_visit, is_challenge
from tenants.models import Tenant
from tenants.selectors import get_tenant

if TYPE_CHECKING:
    from plexica.identity.models import User


@require_http_methods(["GET", "HEAD", "POST"])
@require("core:tenants:support")
def tenant_support(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask why and for how long, and hand the browser over to the workspace.

    The browser begins there, and comes with the digest of a secret that it was given.
    """
    tenant = get_tenant(slug=slug)
    challenge = request.GET.get("challenge", "")
    if request.method != "POST" and tenant.is_active and not is_challenge(challenge):
        return redirect(f"{tenant.workspace_url}/support/begin/")
    staff = cast("User", request.user)
    may_write = staff.has_perm(TENANTS_SUPPORT_WRITE)
    form = SupportForm(
        request.POST if request.method == "POST" else None,
        may_write=may_write,
        initial={"challenge": challenge},
    )
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            ready = ask_visit(
                tenant=tenant,
                staff=staff,
                browser=browser_session_of(request),
                **form.cleaned_data,
            )
        except PlexicaError as error:
            form.add_refusal(error)
            status = error.status
        else:
            return _hand_over(request, tenant, ready.token)
    return render_page(
        request, "console/tenant_support.html", {"tenant": tenant, "form": form}, status=status
    )


@require_POST
@require("core:tenants:support")
def support_end(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """End a visit, one's own or a colleague's."""
    try:
        is_ended = end_visit(
            visit_id=visit_id,
            tenant=get_tenant(slug=slug),
            actor=actor_of(request),
            why="ended_in_console",
        )
    except NotFound as error:
        messages.error(request, error.detail)
    else:
        if is_ended:
            messages.success(request, _("The visit has ended."))
    return redirect("console:tenant_detail", slug=slug)


def _hand_over(request: HttpRequest, tenant: Tenant, token: str) -> HttpResponse:
    """Show the form that leads to the workspace; the token is in nobody's address or log."""
    response = render_page(
        request, "console/tenant_support_ready.html", {"tenant": tenant, "token": token}
    )
    # The workspace sees that the form is the console's, and no more.
    response["Referrer-Policy"] = "strict-origin"
    response._csp_update = {"form-action": [tenant.workspace_url]}  # type: ignore[attr-defined]  # noqa: SLF001 (django-csp's way)
    return response
