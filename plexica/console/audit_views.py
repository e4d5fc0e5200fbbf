"""The console's audit: who did what to the platform, and in each tenant."""

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from plexica.audit.exports import export_entries, note_export
from plexica.audit.pages import Row, entry_context, list_context
from plexica.audit.selectors import get_entry, list_actions, search_entries
from plexica.audit.targets import split_target
from plexica.console.audit_forms import ConsoleAuditExportForm, ConsoleAuditForm, Records
from plexica.core.errors import InvalidInput, NotFound
from plexica.core.htmx import render_page
from plexica.core.scope import current_scope, iterate_in
from plexica.identity.actors import actor_of, viewer_of
from plexica.rbac.engine import snapshot_of
from plexica.rbac.guards import require
from plexica.rbac.permissions import (
    PLUGINS_VIEW,
    STAFF_VIEW,
    TENANT_AUDIT_VIEW,
    TENANTS_VIEW,
)
from plexica.rbac.refusals import refusal
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tenants.selectors import is_slug_taken

if TYPE_CHECKING:
    from collections.abc import Iterator

# Where the things that the platform's entries tell of have a page, and who may see that.
_PAGES = {
    "tenant": ("console:tenant_detail", TENANTS_VIEW),
    "user": ("console:staff_detail", STAFF_VIEW),
    "plugin": ("console:plugin_detail", PLUGINS_VIEW),
}


@require_GET
@require("core:audit:view")
def audit(request: HttpRequest) -> HttpResponse:
    """Show the entries: searched, newest first, in pages, all of it in the address."""
    form = ConsoleAuditForm(request.GET)
    tenant = _tenant_asked_for(request, form)
    with _scope_of(tenant):
        context = list_context(form)
    return render_page(
        request,
        "console/audit.html",
        context
        | {
            "site": "console",
            "place": _place_of(tenant),
            "may_see_tenants": viewer_of(request).has_perm(TENANT_AUDIT_VIEW),
        },
        fragment="components/audit_table.html",
        status=200 if form.is_valid() else 400,
    )


@require_GET
@require("core:audit:view")
def audit_entry(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """Show all that one entry tells."""
    form = ConsoleAuditForm(request.GET)
    tenant = _tenant_asked_for(request, form)
    if not form.is_valid():
        raise NotFound(_("There is no such entry in this audit."))
    with _scope_of(tenant):
        context = entry_context(get_entry(entry_id=entry_id))
    return render_page(
        request,
        "console/audit_entry.html",
        context
        | {
            "site": "console",
            "tenant": tenant,
            "place": _place_of(tenant),
            "target_url": "" if tenant else _page_of(request, context["row"]),
        },
    )


@require_POST
@require("core:audit:view")
def audit_export(request: HttpRequest) -> HttpResponseBase:
    """Give the entries that were looked for as a file, and write that down.

    A tenant whose own audit is taken away finds that in its audit, too.
    """
    form = ConsoleAuditExportForm(request.POST)
    tenant = _tenant_asked_for(request, form)
    if not form.is_valid():
        raise InvalidInput(_("The audit cannot be exported like this."))
    facts: dict[str, Any] = {
        "of": tenant.slug if tenant else "platform",
        "file_format": form.cleaned_data["format"],
    }
    note_export(actor=actor_of(request), search=form.query(), **facts)
    if tenant is None:
        form.offer(list_actions())
        return export_entries(search_entries(form.search()), **facts)
    with _scope_of(tenant):
        note_export(actor=actor_of(request), search=form.query(), **facts)
        form.offer(list_actions())
        response = export_entries(search_entries(form.search()), **facts)
        lines = cast("Iterator[bytes]", response.streaming_content)
        response.streaming_content = iterate_in(lines, current_scope())
    return response


def _tenant_asked_for(request: HttpRequest, form: ConsoleAuditForm) -> Tenant | None:
    """Return the tenant whose own audit is asked for; None for the platform's.

    Raises:
        PermissionMissing: Who asks may not see what a tenant's people did.
    """
    tenant = form.workspace() if form.is_valid() else None
    if tenant is not None:
        held = snapshot_of(viewer_of(request))
        if not held.allows(TENANT_AUDIT_VIEW):
            raise refusal(held=held, permission=TENANT_AUDIT_VIEW)
    return tenant


def _scope_of(tenant: Tenant | None) -> AbstractContextManager[object]:
    return tenant_scope(tenant) if tenant else nullcontext()


def _place_of(tenant: Tenant | None) -> str:
    """Return what the address of an entry says of whose audit it is in."""
    if tenant is None:
        return ""
    return "?" + urlencode({"tenant": tenant.slug, "records": Records.WORKSPACE.value})


def _page_of(request: HttpRequest, row: Row) -> str:
    """Return the address of what an entry tells of; empty where there is none for who asks."""
    kind, identity = split_target(row.entry.target)
    view, permission = _PAGES.get(kind, ("", ""))
    if not view or not viewer_of(request).has_perm(permission):
        return ""
    # The audit stays when a tenant's slug was freed; a page of it does not.
    is_there = is_slug_taken(slug=identity) if kind == "tenant" else row.is_named
    if not is_there:
        return ""
    return reverse(view, args=[identity])
