"""Where a visit of the platform's staff begins and ends on the workspace's side (ADR 15)."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from plexica.core.client_address import client_address
from plexica.core.error_pages import error_page
from plexica.core.htmx import render_page
from plexica.core.rate_limits import count_try
from plexica.rbac.visit_middleware import SESSION_VISIT, visit_of
from plexica.rbac.visits import VisitRefused, begin_visit, digest_of, end_visit, make_secret
from tenants.requests import tenant_of

if TYPE_CHECKING:
    from tenants.models import Tenant

COOKIE = "__Host-support" if settings.IS_SECURE else "support"
# For as long as the form in the console may take to be filled in.
COOKIE_SECONDS = 15 * 60
MAX_TOKEN_LENGTH = 100


@require_GET
def support_begin(request: HttpRequest) -> HttpResponse:
    """Give the browser a secret, and lead it to the console with no more than its digest."""
    tenant = tenant_of(request)
    secret = make_secret()
    response = HttpResponseRedirect(
        f"{settings.PLEXICA_CONSOLE_URL}/tenants/{tenant.slug}/support/?challenge={digest_of(secret)}"
    )
    response.set_cookie(
        COOKIE,
        secret,
        max_age=COOKIE_SECONDS,
        secure=True,
        httponly=True,
        # The form that comes back is the console's, which is another site.
        samesite="None",
    )
    response["Cache-Control"] = "no-store"
    return response


@csrf_exempt  # the form is the console's; the token and the cookie prove it
@sensitive_post_parameters("token")
@require_POST
def support_enter(request: HttpRequest) -> HttpResponse:
    """Take the token that the console gave this browser, and begin the visit."""
    count_try("login", address=client_address(request))
    tenant = tenant_of(request)
    token = request.POST.get("token", "")[:MAX_TOKEN_LENGTH]
    try:
        _check_origin(request)
        visit = begin_visit(tenant=tenant, token=token, secret=request.COOKIES.get(COOKIE, ""))
    except VisitRefused as error:
        response = error_page(request, error)
    else:
        # Whoever was logged in with this browser is so no more, and the session's key is new.
        request.session.flush()
        request.session[SESSION_VISIT] = str(visit.pk)
        request.session.set_expiry(visit.minutes * 60)
        response = HttpResponseRedirect("/")
    response.delete_cookie(COOKIE)
    response["Cache-Control"] = "no-store"
    return response


@require_POST
def support_leave(request: HttpRequest) -> HttpResponse:
    """End the visit, and this browser's session."""
    visit = visit_of(request)
    if visit is not None:
        end_visit(visit_id=visit.id, tenant=tenant_of(request), actor=visit.actor)
        request.session.flush()
    return HttpResponseRedirect("/support/ended/")


@require_GET
def support_ended(request: HttpRequest) -> HttpResponse:
    """Say that a visit is over, and lead back to the console."""
    tenant: Tenant = tenant_of(request)
    return render_page(
        request,
        "workspace/support_ended.html",
        {"console_url": f"{settings.PLEXICA_CONSOLE_URL}/tenants/{tenant.slug}/"},
    )


def _check_origin(request: HttpRequest) -> None:
    if request.headers.get("Origin") != settings.PLEXICA_CONSOLE_URL:
        raise VisitRefused(_("It was not asked for in the console."))
