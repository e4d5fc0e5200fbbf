"""Pages that change a tenant's life: each asks first, says what happens, and leads to the run."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from plexica.console.detail_selectors import what_would_be_lost
from plexica.console.forms import DeclineForm, TenantDeleteForm, TenantVersionForm
from plexica.console.words import ACTION_WORDS
from plexica.core.actor import Actor
from plexica.core.errors import Conflict, InvalidInput, NotFound
from plexica.core.htmx import render_page
from plexica.identity.actors import actor_of
from plexica.rbac.guards import require
from tenants import life
from tenants.deletion_requests import decline_request, open_request
from tenants.models import ProvisioningRun, Tenant
from tenants.selectors import get_tenant

ASKING = ["GET", "HEAD", "POST"]


@require_http_methods(ASKING)
@require("core:tenants:suspend")
def tenant_suspend(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask whether to suspend a tenant, and do it."""
    return _confirm(request, get_tenant(slug=slug), "suspend", life.suspend_tenant)


@require_http_methods(ASKING)
@require("core:tenants:suspend")
def tenant_resume(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask whether to resume a tenant, and do it."""
    return _confirm(request, get_tenant(slug=slug), "resume", life.resume_tenant)


@require_http_methods(ASKING)
@require("core:tenants:delete")
def tenant_restore(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask whether to call a deletion off, and do it."""
    return _confirm(request, get_tenant(slug=slug), "restore", life.restore_tenant)


@require_http_methods(ASKING)
@require("core:tenants:delete")
def tenant_free(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask whether to give a deleted tenant's slug away, and do it."""

    def free(*, tenant: Tenant, actor: Actor) -> None:
        life.free_slug(tenant=tenant, actor=actor)
        messages.success(request, _("The slug “%(slug)s” is free.") % {"slug": tenant.slug})

    return _confirm(request, get_tenant(slug=slug), "free", free)


@require_http_methods(ASKING)
@require("core:tenants:delete")
def tenant_delete(request: HttpRequest, slug: str) -> HttpResponse:
    """Say what a deletion takes, ask for the slug, and begin it."""
    tenant = get_tenant(slug=slug)
    status = 200
    form = TenantDeleteForm(request.POST or None, tenant=tenant)
    if request.method == "POST":
        status = 400
        if form.is_valid():
            tenant.version = form.cleaned_data["version"]
            try:
                run = life.delete_tenant(
                    tenant=tenant,
                    actor=actor_of(request),
                    grace_days=form.cleaned_data["grace_days"],
                )
            except (InvalidInput, Conflict) as error:
                form.add_refusal(error)
                status = error.status
            else:
                return _to_run(run)
    return render_page(
        request,
        "console/tenant_delete.html",
        {"tenant": tenant, "form": form, "lost": what_would_be_lost(tenant=tenant)},
        status=status,
    )


@require_http_methods(ASKING)
@require("core:tenants:delete")
def deletion_decline(request: HttpRequest, slug: str) -> HttpResponse:
    """Decline what an owner asked for, in words."""
    tenant = get_tenant(slug=slug)
    wish = open_request(tenant=tenant)
    if wish is None:
        raise NotFound(_("Nobody asks for the deletion of this tenant now."))
    status = 200
    form = DeclineForm(request.POST or None)
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                decline_request(
                    tenant=tenant, actor=actor_of(request), answer=form.cleaned_data["answer"]
                )
            except (InvalidInput, Conflict) as error:
                form.add_refusal(error)
                status = error.status
            else:
                messages.success(request, _("The request has been declined."))
                return redirect("console:tenant_detail", slug=slug)
    return render_page(
        request,
        "console/deletion_decline.html",
        {"tenant": tenant, "wish": wish, "form": form},
        status=status,
    )


def _confirm(
    request: HttpRequest,
    tenant: Tenant,
    action: str,
    begin: Callable[..., ProvisioningRun | None],
) -> HttpResponse:
    words = ACTION_WORDS[action]
    status = 200
    form = TenantVersionForm(request.POST or None, initial={"version": tenant.version})
    if request.method == "POST":
        status = 400
        if form.is_valid():
            # The answer counts for the tenant as it was when the question was asked.
            tenant.version = form.cleaned_data["version"]
            try:
                run = begin(tenant=tenant, actor=actor_of(request))
            except Conflict as error:
                form.add_refusal(error)
                status = error.status
            else:
                return _to_run(run) if run else redirect("console:tenant_list")
    return render_page(
        request,
        "console/tenant_action.html",
        {
            "tenant": tenant,
            "form": form,
            "words": words,
            "title": words.title % {"name": tenant.name},
        },
        status=status,
    )


def _to_run(run: ProvisioningRun) -> HttpResponse:
    return redirect("console:run_detail", slug=run.tenant.slug, run_id=run.id)
