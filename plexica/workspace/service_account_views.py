"""The pages of service accounts: which programs may come in, and with which roles.

A secret is in the answer to the form that asked for it and nowhere else: it is not kept, so there
is no address that shows it.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from plexica.audit.selectors import list_entries
from plexica.core.client_address import client_address
from plexica.core.error_pages import words_of_failure
from plexica.core.errors import (
    Conflict,
    InvalidInput,
    OutwardError,
    PlexicaError,
    ServiceUnavailable,
)
from plexica.core.htmx import render_page
from plexica.core.rate_limits import count_try
from plexica.identity.actors import actor_of
from plexica.identity.models import ServiceAccount, ServiceAccountState
from plexica.identity.providers import tenant_provider
from plexica.identity.service_accounts import MAX_SERVICE_ACCOUNTS
from plexica.rbac.authority import BeyondAuthority
from plexica.rbac.guards import require
from plexica.rbac.permissions import SERVICE_ACCOUNTS_MANAGE
from plexica.rbac.service_accounts import (
    IssuedSecret,
    count_present,
    create_service_account,
    get_with_roles,
    has_power_over,
    list_with_roles,
    revoke_service_account,
    roles_of,
    rotate_secret,
    update_service_account,
)
from plexica.workspace.role_forms import EmptyForm
from plexica.workspace.service_account_forms import PageForm, ServiceAccountForm, role_choices
from tenants.requests import tenant_of

ASKING = ["GET", "HEAD", "POST"]
PAGE_SIZE = 25
ENTRIES_SHOWN = 5


@require_GET
@require("core:service-accounts:read")
def service_account_list(request: HttpRequest) -> HttpResponse:
    """Show the service accounts that are or were in use."""
    form = PageForm(request.GET)
    number = form.cleaned_data["page"] if form.is_valid() else None
    return render_page(
        request,
        "workspace/service_account_list.html",
        {
            "page": Paginator(list_with_roles(), PAGE_SIZE).get_page(number or 1),
            "present_count": count_present(),
            "max_accounts": MAX_SERVICE_ACCOUNTS,
        },
    )


@require_GET
@require("core:service-accounts:read")
def service_account_detail(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """Show a service account, what it may do, and how a program uses it."""
    account = get_with_roles(account_id)
    return render_page(
        request,
        "workspace/service_account_detail.html",
        {
            **_facts(request, account),
            "may_change": _may_change(request, account),
            "entries": list_entries(target=f"service_account:{account.pk}")[:ENTRIES_SHOWN],
        },
    )


@require_http_methods(ASKING)
@require("core:service-accounts:manage")
def service_account_create(request: HttpRequest) -> HttpResponse:
    """Ask for a new service account, make it, and show its secret."""
    if request.method != "POST":
        return _editor(request, ServiceAccountForm(), account=None)
    form = ServiceAccountForm(request.POST)
    if not form.is_valid():
        return _editor(request, form, account=None, status=400)
    count_try("secret", address=client_address(request), account=str(request.user.pk))
    try:
        issued = create_service_account(
            tenant=tenant_of(request), actor=actor_of(request), **form.cleaned_data
        )
    except (InvalidInput, Conflict, BeyondAuthority) as error:
        return _refused(request, form, error, account=None)
    except OutwardError as error:
        refusal = ServiceUnavailable(_("Nothing was made. %(reason)s") % {"reason": error})
        return _refused(request, form, refusal, account=None)
    return _show_secret(request, issued, is_new=True)


@require_http_methods(ASKING)
@require("core:service-accounts:manage")
def service_account_edit(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """Change what a service account is called, and which roles it has."""
    account = get_with_roles(account_id)
    if request.method != "POST":
        values = {
            "name": account.name,
            "description": account.description,
            "roles": roles_of(account),
        }
        return _editor(request, ServiceAccountForm(initial=values), account=account)
    form = ServiceAccountForm(request.POST)
    if not form.is_valid():
        return _editor(request, form, account=account, status=400)
    try:
        update_service_account(account=account, actor=actor_of(request), **form.cleaned_data)
    except (InvalidInput, Conflict, BeyondAuthority) as error:
        return _refused(request, form, error, account=account)
    messages.success(request, _("The service account has been changed."))
    return _to(account)


@require_http_methods(ASKING)
@require("core:service-accounts:manage")
def service_account_rotate(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """Ask whether a service account is to have another secret, and show it."""
    account = get_with_roles(account_id)

    def rotate() -> HttpResponse:
        count_try("secret", address=client_address(request), account=str(request.user.pk))
        issued = rotate_secret(tenant=tenant_of(request), account=account, actor=actor_of(request))
        return _show_secret(request, issued, is_new=False)

    return _confirm(request, "workspace/service_account_rotate.html", account, rotate)


@require_http_methods(ASKING)
@require("core:service-accounts:manage")
def service_account_revoke(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """Ask whether a service account is to be refused for good, and do it."""
    account = get_with_roles(account_id)

    def revoke() -> HttpResponse:
        revoke_service_account(tenant=tenant_of(request), account=account, actor=actor_of(request))
        messages.success(request, _("“%(name)s” is refused from now on.") % {"name": account.name})
        return _to(account)

    return _confirm(request, "workspace/service_account_revoke.html", account, revoke)


def _to(account: ServiceAccount) -> HttpResponse:
    return redirect("workspace:service_account_detail", account_id=account.pk)


def _facts(request: HttpRequest, account: ServiceAccount) -> dict[str, Any]:
    tenant = tenant_of(request)
    return {
        "account": account,
        "is_active": account.state == ServiceAccountState.ACTIVE,
        "token_url": tenant_provider(tenant).public_token_endpoint,
        "me_url": f"{tenant.workspace_url}/api/me",
    }


def _may_change(request: HttpRequest, account: ServiceAccount) -> bool:
    return (
        account.state == ServiceAccountState.ACTIVE
        and request.user.has_perm(SERVICE_ACCOUNTS_MANAGE)
        and has_power_over(account=account, actor=actor_of(request))
    )


def _show_secret(request: HttpRequest, issued: IssuedSecret, *, is_new: bool) -> HttpResponse:
    return render_page(
        request,
        "workspace/service_account_secret.html",
        {**_facts(request, issued.account), "secret": issued.secret, "is_new": is_new},
    )


def _confirm(
    request: HttpRequest,
    template: str,
    account: ServiceAccount,
    act: Callable[[], HttpResponse],
) -> HttpResponse:
    """Ask first; what is refused then is said on the page of the question."""
    form = EmptyForm(request.POST if request.method == "POST" else None)
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            return act()
        except (Conflict, BeyondAuthority) as error:
            form.add_refusal(error)
            status = error.status
        except OutwardError as error:
            form.add_error(None, words_of_failure(error))
            status = ServiceUnavailable.status
    return render_page(request, template, {"account": account, "form": form}, status=status)


def _refused(
    request: HttpRequest,
    form: ServiceAccountForm,
    error: PlexicaError,
    *,
    account: ServiceAccount | None,
) -> HttpResponse:
    form.add_refusal(error)
    return _editor(request, form, account=account, status=error.status)


def _editor(
    request: HttpRequest,
    form: ServiceAccountForm,
    *,
    account: ServiceAccount | None,
    status: int = 200,
) -> HttpResponse:
    return render_page(
        request,
        "workspace/service_account_form.html",
        {
            "form": form,
            "account": account,
            "choices": role_choices(
                actor=actor_of(request),
                ticked=frozenset(form["roles"].value() or ()),
                held=frozenset(roles_of(account)) if account else frozenset(),
            ),
        },
        status=status,
    )
