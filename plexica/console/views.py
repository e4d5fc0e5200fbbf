"""The console's pages. Each view parses, makes one call, and renders."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plexica.console.forms import TenantCreateForm, TenantEditForm
from plexica.console.words import RUN_WORDS
from plexica.core.errors import Conflict, InvalidInput
from plexica.core.htmx import render_page
from plexica.core.rate_limits import count_try
from plexica.identity.actors import actor_of
from plexica.rbac.guards import require
from tenants.models import ProvisioningRun
from tenants.progress import get_progress
from tenants.selectors import get_run, get_tenant, is_slug_taken, list_runs
from tenants.services import create_tenant, retry_rollback, retry_run, update_tenant
from tenants.slugs import validate_slug


@require_http_methods(["GET", "HEAD", "POST"])
@require("core:tenants:create")
def tenant_create(request: HttpRequest) -> HttpResponse:
    """Ask for a new tenant, and lead to the run that makes it."""
    form = TenantCreateForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            count_try("tenant", account=actor_of(request).id)
            try:
                run = create_tenant(**form.cleaned_data, actor=actor_of(request))
            except (InvalidInput, Conflict) as error:
                form.add_refusal(error)
                status = error.status
            else:
                return _to_run(run)
    return render_page(
        request,
        "console/tenant_create.html",
        {"form": form, "domain": _workspace_domain()},
        status=status,
    )


@require_GET
@require("core:tenants:create")
def slug_check(request: HttpRequest) -> HttpResponse:
    """Say whether an address can be had, while it is typed."""
    slug = request.GET.get("slug", "").strip()
    problem = ""
    if slug:
        try:
            validate_slug(slug)
        except ValidationError as error:
            problem = error.messages[0]
        else:
            problem = _("This address is taken.") if is_slug_taken(slug=slug) else ""
    return render_page(
        request,
        "console/_slug_check.html",
        {"slug": slug, "problem": problem, "domain": _workspace_domain()},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@require("core:tenants:update")
def tenant_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Change a tenant's name, contact and sessions, unless somebody else has in the meantime."""
    tenant = get_tenant(slug=slug)
    status = 200
    if request.method == "POST":
        form = TenantEditForm(request.POST)
        status = 400
        if form.is_valid():
            # The change counts for the tenant as it was when the form was shown.
            tenant.version = form.cleaned_data.pop("version")
            try:
                update_tenant(tenant=tenant, actor=actor_of(request), **form.cleaned_data)
            except (InvalidInput, Conflict) as error:
                form.add_refusal(error)
                status = error.status
            else:
                messages.success(request, _("The tenant has been changed."))
                return redirect("console:tenant_detail", slug=slug)
    else:
        form = TenantEditForm(
            initial={
                "name": tenant.name,
                "contact_email": tenant.contact_email,
                "session_idle_minutes": tenant.session_idle_minutes,
                "session_max_minutes": tenant.session_max_minutes,
                "version": tenant.version,
            }
        )
    return render_page(
        request, "console/tenant_edit.html", {"form": form, "tenant": tenant}, status=status
    )


@require_GET
@require("core:runs:view")
def run_detail(request: HttpRequest, slug: str, run_id: UUID) -> HttpResponse:
    """Show how far a run is. The fragment asks for itself again until the run is finished."""
    tenant = get_tenant(slug=slug)
    run = get_run(tenant=tenant, run_id=run_id)
    words = RUN_WORDS[run.kind]
    return render_page(
        request,
        "console/run_detail.html",
        {
            "tenant": tenant,
            "run": run,
            "words": words,
            "title": words.title % {"name": tenant.name},
            "success": words.success % {"name": tenant.name},
            "progress": get_progress(run=run),
            "latest": list_runs(tenant=tenant).first(),
        },
        fragment="console/_run.html",
    )


@require_POST
@require("core:runs:retry")
def run_retry(request: HttpRequest, slug: str, run_id: UUID) -> HttpResponse:
    """Make the tenant again, in a new run."""
    run = get_run(tenant=get_tenant(slug=slug), run_id=run_id)
    try:
        run = retry_run(run=run, actor=actor_of(request))
    except Conflict as error:
        messages.error(request, error.detail)
    return _to_run(run)


@require_POST
@require("core:runs:retry")
def run_rollback(request: HttpRequest, slug: str, run_id: UUID) -> HttpResponse:
    """Try again to take back what a failed run has left."""
    run = get_run(tenant=get_tenant(slug=slug), run_id=run_id)
    try:
        run = retry_rollback(run=run, actor=actor_of(request))
    except Conflict as error:
        messages.error(request, error.detail)
    return _to_run(run)


def _to_run(run: ProvisioningRun) -> HttpResponseRedirect:
    return redirect("console:run_detail", slug=run.tenant.slug, run_id=run.id)


def _workspace_domain() -> str:
    return f".{settings.PLEXICA_BASE_DOMAIN}{settings.PLEXICA_PORT_SUFFIX}"
