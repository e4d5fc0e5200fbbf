"""The pages of the workspace's settings."""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any

import structlog
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plexica.core.colours import (
    OWN_COLOUR,
    is_colour,
    nearest_readable,
    palette_of,
    unreadable_pairs,
)
from plexica.core.errors import Conflict, InvalidInput, NotFound, OutwardError, ServiceUnavailable
from plexica.core.htmx import render_page
from plexica.identity.actors import actor_of
from plexica.identity.realm_security import RealmSecurity, read_security
from plexica.rbac.guards import require
from plexica.storage.theme_pictures import change_theme
from plexica.workspace.settings_forms import (
    DeletionForm,
    GeneralForm,
    SecurityForm,
    SettingsForm,
    ThemeForm,
    as_colour,
)
from tenants.deletion_requests import last_request, request_deletion, withdraw_request
from tenants.models import Tenant
from tenants.requests import tenant_of
from tenants.services import update_security, update_tenant
from tenants.theme import preview_sheet

ASKING = ["GET", "HEAD", "POST"]
PREVIEW_SECONDS = 3600

logger = structlog.get_logger(__name__)


@require_http_methods(ASKING)
@require("core:settings:manage")
def settings_general(request: HttpRequest) -> HttpResponse:
    """Change what the workspace is called, and how it speaks."""
    tenant = tenant_of(request)
    status = 200
    form = GeneralForm(request.POST or None, tenant=tenant)
    if request.method == "POST":
        status = _make_change(form, tenant, partial(update_tenant, actor=actor_of(request)))
        if status == HTTPStatus.OK:
            return _saved(request, "workspace:settings_general")
    return render_page(request, "workspace/settings_general.html", {"form": form}, status=status)


@require_http_methods(ASKING)
@require("core:settings:manage")
def settings_theme(request: HttpRequest) -> HttpResponse:
    """Change how the workspace looks."""
    tenant = tenant_of(request)
    status = 200
    # Without scripts, the button for the preview brings the colour in the address.
    typed = request.GET.get("theme_colour")
    tried = {} if typed is None else {"theme_colour": typed}
    form = ThemeForm(request.POST or None, request.FILES or None, tenant=tenant, initial=tried)
    if request.method == "POST":
        try:
            status = _make_change(form, tenant, partial(change_theme, actor=actor_of(request)))
        except OutwardError as error:
            logger.warning("theme_picture_not_stored", reason=str(error))
            form.add_error(None, _("The storage server does not take the picture now."))
            status = ServiceUnavailable.status
        if status == HTTPStatus.OK:
            return _saved(request, "workspace:settings_theme")
    return render_page(
        request,
        "workspace/settings_theme.html",
        {"form": form, **_preview(form["theme_colour"].value() or "")},
        status=status,
    )


@require_GET
@require("core:settings:manage")
def theme_preview(request: HttpRequest) -> HttpResponse:
    """Show a piece of a page in a colour that nobody has saved yet."""
    return render_page(
        request, "workspace/_theme_preview.html", _preview(request.GET.get("theme_colour", ""))
    )


@require_GET
@require("core:settings:manage")
@cache_control(private=True, max_age=PREVIEW_SECONDS)
def preview_style(request: HttpRequest, digits: str) -> HttpResponse:
    """Answer the style sheet of a colour that nobody has saved yet."""
    del request
    colour = f"#{digits}"
    if not is_colour(colour):
        raise NotFound
    return HttpResponse(preview_sheet(colour), content_type="text/css; charset=utf-8")


@require_http_methods(ASKING)
@require("core:settings:manage")
def settings_security(request: HttpRequest) -> HttpResponse:
    """Change how people log in, and show what the realm has of it."""
    tenant = tenant_of(request)
    status = 200
    form = SecurityForm(request.POST or None, tenant=tenant)
    if request.method == "POST":
        status = _make_change(form, tenant, partial(update_security, actor=actor_of(request)))
        if status == HTTPStatus.OK:
            return _saved(request, "workspace:settings_security")
    in_realm = _security_if_known(tenant)
    return render_page(
        request,
        "workspace/settings_security.html",
        {
            "form": form,
            "in_realm": in_realm,
            "is_as_set": in_realm is not None and in_realm.is_as_set(tenant),
        },
        status=status,
    )


def _security_if_known(tenant: Tenant) -> RealmSecurity | None:
    """Return what the realm asks; a Keycloak that is down must not take the page with it."""
    try:
        return read_security(tenant)
    except OutwardError as error:
        logger.warning("realm_security_unknown", reason=str(error))
        return None


@require_http_methods(ASKING)
@require("ownership:workspace:delete")
def settings_danger(request: HttpRequest) -> HttpResponse:
    """Ask for the workspace's deletion."""
    tenant = tenant_of(request)
    status = 200
    form = DeletionForm(request.POST or None, slug=tenant.slug)
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                request_deletion(
                    tenant=tenant, actor=actor_of(request), reason=form.cleaned_data["reason"]
                )
            except (InvalidInput, Conflict) as error:
                form.add_refusal(error)
                status = error.status
            else:
                messages.success(request, _("The deletion has been asked for."))
                return redirect("workspace:settings_danger")
    last = last_request(tenant=tenant)
    return render_page(
        request,
        "workspace/settings_danger.html",
        {"form": form, "last": last, "slug": tenant.slug},
        status=status,
    )


@require_POST
@require("ownership:workspace:delete")
def deletion_withdraw(request: HttpRequest) -> HttpResponse:
    """Take the request for the workspace's deletion back."""
    try:
        withdraw_request(tenant=tenant_of(request), actor=actor_of(request))
    except Conflict as error:
        messages.error(request, error.detail)
    else:
        messages.success(request, _("The request has been withdrawn."))
    return redirect("workspace:settings_danger")


def _preview(typed: str) -> dict[str, Any]:
    """Return what the piece of a page is made from; without a colour if that is none."""
    colour = as_colour(typed) or OWN_COLOUR
    if not is_colour(colour):
        return {"preview_colour": ""}
    return {
        "preview_colour": colour,
        "preview_digits": colour.removeprefix("#"),
        "pairs": palette_of(colour).pairs(),
        "nearest": nearest_readable(colour) if unreadable_pairs(colour) else "",
    }


def _make_change(form: SettingsForm, tenant: Tenant, change: Callable[..., object]) -> int:
    """Make the change that a form asks for; if it is refused, the form says why.

    Args:
        form: What was sent.
        tenant: Whose settings.
        change: The service, which takes the tenant and the form's values.

    Returns:
        The status of the refusal, or 200.

    Raises:
        OutwardError: A server that it takes does not do it.
    """
    if not form.is_valid():
        return HTTPStatus.BAD_REQUEST
    # The change counts for the tenant as it was when the form was shown.
    tenant.version = form.cleaned_data["version"]
    try:
        change(tenant=tenant, **form.changes())
    except (InvalidInput, Conflict) as error:
        form.add_refusal(error)
        return error.status
    return HTTPStatus.OK


def _saved(request: HttpRequest, page: str) -> HttpResponse:
    messages.success(request, _("The settings have been saved."))
    return redirect(page)
