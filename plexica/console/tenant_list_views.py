"""The list of tenants: searched, filtered and sorted, as a file, and several of them at once."""

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from plexica.console.tenant_columns import COLUMNS, choose_columns, make_rows
from plexica.console.tenant_list_forms import (
    DEFAULT_SORT,
    PAGE_SIZES,
    BulkForm,
    TenantFilterForm,
)
from plexica.console.words import BULK_WORDS
from plexica.core.exports import CSV, csv_lines, file_response
from plexica.core.htmx import render_page, wants_fragment
from plexica.identity.actors import actor_of
from plexica.rbac.guards import require
from tenants.bulk import BulkAction, act_on_tenants, examine
from tenants.deletion_requests import list_open_requests
from tenants.models import Tenant
from tenants.selectors import list_schema_versions, list_tenants, walk_tenants
from tenants.services import note_tenants_exported

EXPORTED = (
    "slug",
    "name",
    "state",
    "owner_email",
    "contact_email",
    "workspace_url",
    "realm",
    "bucket",
    "schema_digest",
    "created_at",
    "activated_at",
    "updated_at",
    "purge_after",
    "id",
)


@require_GET
@require("core:tenants:view")
def tenant_list(request: HttpRequest) -> HttpResponse:
    """Show the tenants: searched, filtered, sorted, in pages, all of it in the address."""
    form = TenantFilterForm(request.GET)
    is_valid = form.is_valid()
    wanted = form.cleaned_data
    tenants = list_tenants(**form.filters()) if is_valid else Tenant.objects.none()
    paginator = Paginator(tenants, wanted.get("size") or PAGE_SIZES[0])
    page = paginator.get_page(wanted.get("page") or 1)
    if not wants_fragment(request):
        form.offer_versions(list_schema_versions())
    shown = choose_columns(request, wanted.get("columns") or ())
    return render_page(
        request,
        "console/tenant_list.html",
        {
            "form": form,
            "page": page,
            "sort": wanted.get("sort") or DEFAULT_SORT,
            "columns": shown,
            "all_columns": COLUMNS,
            "rows": make_rows(list(page.object_list), shown),
            "is_filtered": not is_valid or form.is_narrowed,
            "bulk_words": BULK_WORDS,
            # Read only where the whole page is rendered.
            "wishes": list_open_requests(),
        },
        fragment="console/_tenant_table.html",
        status=200 if is_valid else 400,
    )


@require_GET
@require("core:tenants:view")
def tenant_export(request: HttpRequest) -> HttpResponseBase:
    """Send the tenants that the list shows, on all its pages, as a file of CSV."""
    form = TenantFilterForm(request.GET)
    if not form.is_valid():
        return redirect(f"{reverse('console:tenant_list')}?{request.GET.urlencode()}")
    filters = form.filters()
    asked = {name: value for name, value in form.data.items() if value}
    note_tenants_exported(actor=actor_of(request), search=asked)
    rows = _rows(walk_tenants(list_tenants(**filters), ordering=filters["ordering"]))
    name = f"tenants-{timezone.localdate().isoformat()}.csv"
    return file_response(csv_lines(EXPORTED, rows), content_type=CSV, filename=name)


@require_POST
@require("core:tenants:suspend")
def tenant_bulk(request: HttpRequest, action: str) -> HttpResponse:
    """Say which of the chosen tenants it can be done to, do it, and tell what became of each."""
    wanted, words = BulkAction(action), BULK_WORDS[action]
    form = BulkForm(request.POST)
    if not form.is_valid():
        for problems in form.errors.values():
            for problem in problems:
                messages.error(request, str(problem))
        return redirect("console:tenant_list")
    chosen: dict[str, int] = form.cleaned_data["tenant"]
    if form.cleaned_data["confirmed"]:
        outcomes = act_on_tenants(versions=chosen, action=wanted, actor=actor_of(request))
        context: dict[str, Any] = {
            "outcomes": outcomes,
            "begun": sum(outcome.run is not None for outcome in outcomes),
        }
        return render_page(request, "console/tenant_bulk_done.html", context | {"words": words})
    candidates = examine(slugs=list(chosen), action=wanted)
    possible = [candidate.tenant for candidate in candidates if not candidate.refusal]
    return render_page(
        request,
        "console/tenant_bulk.html",
        {
            "words": words,
            "possible": possible,
            "impossible": [candidate for candidate in candidates if candidate.refusal],
            "gone": sorted(chosen.keys() - {candidate.tenant.slug for candidate in candidates}),
            "form": BulkForm(
                initial={
                    "tenant": [f"{tenant.slug}:{tenant.version}" for tenant in possible],
                    "confirmed": True,
                }
            ),
        },
    )


def _rows(tenants: Iterator[Tenant]) -> Iterator[list[object]]:
    for tenant in tenants:
        values = (getattr(tenant, name) for name in EXPORTED)
        yield [value.isoformat() if hasattr(value, "isoformat") else value for value in values]
