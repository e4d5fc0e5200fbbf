"""Lets a visitor of the platform's staff into a workspace, for as long as their visit is good.

The visit is a session of its own kind: nobody is logged in by it, so nothing that ends or follows
logins knows it, and it is looked at anew in each request. It stands after the logins' middleware.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import structlog
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from plexica.core.error_pages import error_page
from plexica.core.errors import PermissionRefused, ServiceUnavailable
from plexica.core.limits import API_PREFIX
from plexica.identity.guards import FOUND, GUARD_ATTRIBUTE
from plexica.identity.models import User
from plexica.identity.next_page import is_from_script
from plexica.identity.visitor import Visit
from plexica.rbac.keys import is_key
from plexica.rbac.visits import VisitUndecided, check_visit
from tenants.requests import tenant_or_none

SESSION_VISIT = "support_visit"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
ENDED_PATH = "/support/ended/"
# The visit's own views, so that it can be left, and what is the same for everybody.
OWN_VIEWS = "support"
OPEN_VIEWS = "theme"
GetResponse = Callable[[HttpRequest], HttpResponse]


class ReadOnlyVisit(PermissionRefused):
    """A visit that only sees would change something."""

    code = "read-only-visit"
    title = gettext_noop("This visit only sees")


class VisitMiddleware:
    """Makes the visitor the user of a request, or ends their session."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Go on: as the visitor, as anybody, or not at all."""
        visit_id = _visit_id(request)
        if visit_id is None:
            return self.get_response(request)
        tenant = tenant_or_none(request)
        try:
            visit = check_visit(visit_id=visit_id, tenant=tenant) if tenant else None
        except VisitUndecided:
            return error_page(
                request,
                ServiceUnavailable(
                    _(
                        "The login service does not answer, so it cannot be seen whether you may"
                        " go on. Try again soon."
                    )
                ),
            )
        if visit is None:
            request.session.flush()
            return _tell_end(request)
        request.visit = visit  # type: ignore[attr-defined] # for templates and for what is below
        request.user = visitor_of(visit)
        with structlog.contextvars.bound_contextvars(visit=str(visit.id)):
            return _refusal(request, visit) or self.get_response(request)


def visitor_of(visit: Visit) -> User:
    """Return the user that a visit acts as: no row of anybody's, and never saved."""
    user = User(
        id=visit.id, issuer="", subject=f"visit:{visit.id}", first_name=visit.name, is_active=True
    )
    user.visit = visit
    return user


def visit_of(request: HttpRequest) -> Visit | None:
    """Return the visit that a request is of."""
    visit: Visit | None = getattr(request, "visit", None)
    return visit


def _visit_id(request: HttpRequest) -> UUID | None:
    # A session's cookie counts for nothing in the API, whoever's it is. And a login stands above a
    # visit: who logs in with this browser is themselves.
    if request.path_info.startswith(API_PREFIX) or not request.session.session_key:
        return None
    if SESSION_KEY in request.session:
        return None
    kept = request.session.get(SESSION_VISIT)
    try:
        return UUID(str(kept)) if kept else None
    except ValueError:
        return None


def _refusal(request: HttpRequest, visit: Visit) -> HttpResponse | None:
    """Return why a visitor may not ask this, whatever the view would say; in one place for all."""
    try:
        found = resolve(request.path_info, getattr(request, "urlconf", None))
    except Resolver404:
        return None
    if found.namespace == OWN_VIEWS:
        return None
    if request.method not in SAFE_METHODS and not visit.is_writing:
        return error_page(request, ReadOnlyVisit(_("Nothing can be changed in this visit.")))
    guard = _guard_of(found.func)
    if found.namespace != OPEN_VIEWS and guard != FOUND and not is_key(guard):
        return error_page(
            request, PermissionRefused(_("This is for the people of the workspace only."))
        )
    return None


def _guard_of(view: Any) -> str:
    return str(getattr(view, GUARD_ATTRIBUTE, ""))


def _tell_end(request: HttpRequest) -> HttpResponse:
    if request.path_info == ENDED_PATH:
        return HttpResponseRedirect(ENDED_PATH)
    if is_from_script(request):
        return HttpResponse(status=401, headers={"HX-Redirect": ENDED_PATH})
    return HttpResponseRedirect(ENDED_PATH)
