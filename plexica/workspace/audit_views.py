"""The workspace's audit: who did what here."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from plexica.audit.exports import export_entries, note_export
from plexica.audit.forms import AuditExportForm, AuditFilterForm
from plexica.audit.pages import Row, entry_context, list_context
from plexica.audit.selectors import get_entry, list_actions, search_entries
from plexica.audit.targets import split_target
from plexica.core.errors import InvalidInput
from plexica.core.htmx import render_page
from plexica.identity.actors import actor_of, viewer_of
from plexica.rbac.guards import require
from plexica.rbac.permissions import ROLES_VIEW, SERVICE_ACCOUNTS_READ, USERS_READ
from tenants.requests import tenant_of

# Where the things that entries tell of have a page, and who may see that.
_PAGES = {
    "user": ("workspace:person_detail", USERS_READ),
    "role": ("workspace:role_detail", ROLES_VIEW),
    "group": ("workspace:group_detail", ROLES_VIEW),
    "service_account": ("workspace:service_account_detail", SERVICE_ACCOUNTS_READ),
}


@require_GET
@require("core:audit:read")
def audit(request: HttpRequest) -> HttpResponse:
    """Show the entries: searched, newest first, in pages, all of it in the address."""
    form = AuditFilterForm(request.GET)
    context = list_context(form)
    return render_page(
        request,
        "workspace/audit.html",
        context | {"site": "workspace"},
        fragment="components/audit_table.html",
        status=200 if form.is_valid() else 400,
    )


@require_GET
@require("core:audit:read")
def audit_entry(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """Show all that one entry tells."""
    entry = get_entry(entry_id=entry_id)
    context = entry_context(entry)
    return render_page(
        request,
        "workspace/audit_entry.html",
        context | {"site": "workspace", "target_url": _page_of(request, context["row"])},
    )


@require_POST
@require("core:audit:read")
def audit_export(request: HttpRequest) -> HttpResponseBase:
    """Give the entries that were looked for as a file, and write that down."""
    form = AuditExportForm(request.POST, actions=list_actions())
    if not form.is_valid():
        raise InvalidInput(_("The audit cannot be exported like this."))
    file_format, slug = form.cleaned_data["format"], tenant_of(request).slug
    note_export(actor=actor_of(request), of=slug, file_format=file_format, search=form.query())
    return export_entries(search_entries(form.search()), of=slug, file_format=file_format)


def _page_of(request: HttpRequest, row: Row) -> str:
    """Return the address of what an entry tells of; empty where there is none for who asks."""
    kind, identity = split_target(row.entry.target)
    view, permission = _PAGES.get(kind, ("", ""))
    if not view or not row.is_named or not viewer_of(request).has_perm(permission):
        return ""
    return reverse(view, args=[identity])
