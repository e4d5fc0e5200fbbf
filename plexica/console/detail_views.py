"""The page of one tenant with all there is to know of it, and what it asks for apart."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from plexica.audit.selectors import list_entries
from plexica.console.detail_selectors import (
    ask_bucket,
    ask_realm,
    last_inspection,
    list_history,
    list_part_states,
    list_tenant_people,
    look_inside,
)
from plexica.console.forms import PeopleFilterForm, RunFilterForm
from plexica.core.errors import NotFound
from plexica.core.htmx import render_page
from plexica.rbac.guards import require
from plexica.rbac.permissions import TENANTS_DELETE, TENANTS_SUSPEND
from plexica.rbac.visits import list_visits
from plugins.installations import list_installations
from tenants.deletion_requests import open_request
from tenants.life import can_be_deleted, has_removal_begun
from tenants.maintenance import can_be_maintained, get_reconciliation
from tenants.scopes import tenant_scope
from tenants.selectors import get_tenant, list_runs

PAGE_SIZE = 25
RUNS_SHOWN = 5
ENTRIES_SHOWN = 10
HISTORY_SHOWN = 10
VISITS_SHOWN = 5
INSTALLATIONS_SHOWN = 50


@require_GET
@require("core:tenants:view")
def tenant_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """Show all that the database knows of a tenant; what servers know comes apart."""
    tenant = get_tenant(slug=slug)
    parts = list_part_states(tenant=tenant)
    runs = list(list_runs(tenant=tenant)[: RUNS_SHOWN + 1])
    entries = list(list_entries(target=f"tenant:{tenant.slug}")[: ENTRIES_SHOWN + 1])
    installations = list(list_installations(tenant=tenant)[: INSTALLATIONS_SHOWN + 1])
    return render_page(
        request,
        "console/tenant_detail.html",
        {
            "tenant": tenant,
            "runs": runs[:RUNS_SHOWN],
            "has_more_runs": len(runs) > RUNS_SHOWN,
            "entries": entries[:ENTRIES_SHOWN],
            "has_more_entries": len(entries) > ENTRIES_SHOWN,
            "history": list_history(tenant=tenant)[:HISTORY_SHOWN],
            "parts": parts,
            "is_behind": not all(part.is_current for part in parts),
            "inside": look_inside(tenant=tenant),
            "inspection": last_inspection(tenant=tenant),
            "installations": installations[:INSTALLATIONS_SHOWN],
            "has_more_installations": len(installations) > INSTALLATIONS_SHOWN,
            "visits": list_visits(tenant=tenant)[:VISITS_SHOWN],
            "reconciliation": get_reconciliation(tenant=tenant),
            "has_removal_begun": has_removal_begun(tenant),
            "wish": open_request(tenant=tenant),
            "may_be_maintained": can_be_maintained(tenant),
            "may_close": tenant.is_active and request.user.has_perm(TENANTS_SUSPEND),
            "may_delete": request.user.has_perm(TENANTS_DELETE) and can_be_deleted(tenant),
        },
    )


@require_GET
@require("core:tenants:view")
def tenant_realm(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what the tenant's realm is now, as Keycloak says."""
    tenant = get_tenant(slug=slug)
    facts, why = ask_realm(tenant=tenant)
    return render_page(
        request,
        "console/tenant_realm.html",
        {"tenant": tenant, "facts": facts, "why": why},
        fragment="console/_tenant_realm.html",
    )


@require_GET
@require("core:tenants:view")
def tenant_bucket(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what the tenant's bucket holds now, as the storage server says."""
    tenant = get_tenant(slug=slug)
    usage, why = ask_bucket(tenant=tenant)
    return render_page(
        request,
        "console/tenant_bucket.html",
        {"tenant": tenant, "usage": usage, "why": why},
        fragment="console/_tenant_bucket.html",
    )


@require_GET
@require("core:tenants:view")
def tenant_people(request: HttpRequest, slug: str) -> HttpResponse:
    """Show who is in a tenant and when they logged in last, in pages."""
    tenant = get_tenant(slug=slug)
    if not can_be_maintained(tenant):
        raise NotFound("This tenant has no people.")
    form = PeopleFilterForm(request.GET)
    wanted = form.cleaned_data if form.is_valid() else {}
    who = wanted.get("who", "")
    with tenant_scope(tenant):
        people = list_tenant_people(search=who)
        page = Paginator(people, PAGE_SIZE).get_page(wanted.get("page") or 1)
        # Read here: outside, the same query would see the staff.
        page.object_list = list(page.object_list)
    return render_page(
        request,
        "console/tenant_people.html",
        {"tenant": tenant, "form": form, "who": who, "page": page},
        fragment="console/_tenant_people.html",
        status=200 if form.is_valid() else 400,
    )


@require_GET
@require("core:tenants:view")
def tenant_runs(request: HttpRequest, slug: str) -> HttpResponse:
    """Show all runs of a tenant with their steps, in pages."""
    tenant = get_tenant(slug=slug)
    form = RunFilterForm(request.GET)
    wanted = form.cleaned_data if form.is_valid() else {}
    page = Paginator(list_runs(tenant=tenant), PAGE_SIZE).get_page(wanted.get("page") or 1)
    return render_page(
        request,
        "console/tenant_runs.html",
        {"tenant": tenant, "page": page, "runs": page.object_list},
        fragment="console/_tenant_runs.html",
        status=200 if form.is_valid() else 400,
    )
