"""From the host name to the scope of a request."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from http import HTTPStatus
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.urls import set_urlconf
from django.utils import translation
from django_tenants.middleware import TenantMainMiddleware

from plexica.core.languages import ENGLISH, prefer
from plexica.core.limits import API_PREFIX
from plexica.core.postgresql.fixed import FixedRead
from plexica.core.problems import problem_response
from plexica.core.request_log import RequestLogMiddleware
from plexica.core.scope import current_scope, iterate_in, platform_scope
from tenants.epochs import epoch_kept
from tenants.models import Domain, Tenant
from tenants.scopes import tenant_scope
from tenants.states import WHOLE_STATES, TenantState
from tenants.theme import THEME_PATH

CONSOLE_URLCONF = "plexica.urls_console"
WORKSPACE_URLCONF = "plexica.urls_workspace"
INTERNAL_URLCONF = "plexica.urls_internal"
_CLOSED_STATES = (TenantState.SUSPENDED, TenantState.DELETING)
# Where a realm tells of sessions that have ended, at an internal address: the realm's name follows.
BACKCHANNEL_PATH = "/oidc/backchannel/"
# Where the backends of plugins call, at an internal address, too: a token says for which tenant.
HOST_API_PATH = "/api/host/"
# What every browser gets alike, and every cache keeps: no session may come into it.
_SAME_FOR_ALL = (THEME_PATH, "/x-static/")
_REALM_IN_PATH = re.compile(rf"{BACKCHANNEL_PATH}([a-z0-9-]{{1,63}})/")
MAX_HOST_LENGTH = 253  # RFC 1035, section 2.3.4, as text


def _domain_of(host: str) -> QuerySet[Domain]:
    domains: QuerySet[Domain] = Domain.objects.select_related("tenant").filter(domain=host)
    return domains


# Read anew for each request: what is done to a tenant counts from the next one on.
_DOMAIN_OF_HOST = FixedRead(_domain_of, "host.example")


class TenantMiddleware(TenantMainMiddleware):  # type: ignore[misc] # django-tenants has no types
    """Runs a request in the scope that its host name leads to.

    The base domain is the console, in the platform's scope. A host name that is in the routing
    table leads to its tenant, if that is ACTIVE; one that is suspended or waits for its deletion
    is closed (403), but for what makes its pages look as its own. Whatever else is asked for gets
    one and the same 404, so that nobody learns which tenants there are. Only what a realm itself
    calls has its tenant in the path, and what the backends of plugins call has it in a token.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        super().__init__(get_response)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer in the scope of the request's host."""
        scope = self._scope_of(request)
        if isinstance(scope, HttpResponse):
            return scope
        tenant: Tenant | None = request.tenant  # type: ignore[attr-defined]
        epoch = tenant.permission_epoch if tenant else None
        with scope, epoch_kept(current_scope().schema, epoch):
            response = cast("HttpResponseBase", self.get_response(request))
            if (
                request.path_info.startswith(_SAME_FOR_ALL)
                and response.status_code == HTTPStatus.OK
            ):
                # Whoever asks, it is the same: what asked who that is has said that it varies.
                response.headers.pop("Vary", None)
            if isinstance(response, StreamingHttpResponse) and not response.is_async:
                # Its body is made after this middleware has returned.
                response.streaming_content = iterate_in(
                    cast("Iterator[bytes]", response.streaming_content), current_scope()
                )
            return response

    def _scope_of(self, request: HttpRequest) -> AbstractContextManager[object] | HttpResponse:
        """Return the scope that a request's host leads to, or the answer if it leads to none."""
        for prefix, inner_scope in (
            (BACKCHANNEL_PATH, self._scope_of_realm),
            (HOST_API_PATH, self._scope_of_host_api),
        ):
            if request.path_info.startswith(prefix):
                return inner_scope(request)
        try:
            host = self.hostname_from_request(request).lower().removesuffix(".")
        except DisallowedHost:
            return host_not_found()
        if host == settings.PLEXICA_BASE_DOMAIN:
            request.tenant = None  # type: ignore[attr-defined]
            _route(request, CONSOLE_URLCONF)
            return platform_scope()
        tenant = self._find_tenant(host)
        is_closed = tenant is not None and tenant.state in _CLOSED_STATES
        if tenant is None or not (is_closed or tenant.is_active):
            return host_not_found()
        prefer(request, locale=tenant.locale, time_zone=tenant.time_zone)
        request.tenant = tenant  # type: ignore[attr-defined]
        if request.path_info.startswith(_SAME_FOR_ALL):
            request.COOKIES = {}
        if is_closed and not request.path_info.startswith(THEME_PATH):
            return closed(request)
        _route(request, WORKSPACE_URLCONF)
        return tenant_scope(tenant)

    @staticmethod
    def _scope_of_realm(request: HttpRequest) -> AbstractContextManager[object] | HttpResponse:
        """Return the scope of the realm in a path, whatever host the request names.

        It is the tenant's while the tenant has all its parts, closed or not, and for what is no
        tenant's realm the platform's: the view knows the platform's own.
        """
        # No browser has business here. With its cookie, it would be looked for in a schema that is
        # not its host's, not be found there, and be taken back: a link would log people out.
        request.COOKIES = {}
        match = _REALM_IN_PATH.fullmatch(request.path_info)
        if match is None:
            return host_not_found()
        with platform_scope():
            tenant = Tenant.objects.filter(realm=match[1]).first()
        request.tenant = tenant  # type: ignore[attr-defined]
        if tenant is None or tenant.state not in WHOLE_STATES:
            # The view refuses it there, as it refuses a bad token of a realm that is known.
            request.tenant = None  # type: ignore[attr-defined]
            _route(request, CONSOLE_URLCONF)
            return platform_scope()
        _route(request, WORKSPACE_URLCONF)
        return tenant_scope(tenant)

    @staticmethod
    def _scope_of_host_api(request: HttpRequest) -> AbstractContextManager[object]:
        """Return the platform's scope: the view enters the one that the token is for."""
        request.COOKIES = {}
        request.tenant = None  # type: ignore[attr-defined]
        _route(request, INTERNAL_URLCONF)
        return platform_scope()

    def _find_tenant(self, host: str) -> Tenant | None:
        if len(host) > MAX_HOST_LENGTH or "\0" in host:
            return None
        with platform_scope():
            domain = _DOMAIN_OF_HOST.first(host)
        return cast("Tenant", domain.tenant) if domain else None

    @staticmethod
    def hostname_from_request(request: HttpRequest) -> str:
        """Return the host name without its port; a leading `www` is nobody's."""
        return request.get_host().rpartition("]")[2].split(":")[0]


def host_not_found() -> HttpResponse:
    """Answer a host that is unknown, or whose tenant is not there, always the same: in English."""
    with translation.override(ENGLISH):
        response = _bare_page("errors/host_not_found.html", status=404)
    response.headers["Content-Language"] = ENGLISH
    return response


def closed(request: HttpRequest) -> HttpResponse:
    """Answer for a tenant whose workspace is closed: a page for people, a problem for programs."""
    # It is logged as every other request, and tells the number that it has there.
    return cast("HttpResponse", RequestLogMiddleware(_closed)(request))


def _closed(request: HttpRequest) -> HttpResponse:
    if request.path_info.startswith(API_PREFIX):
        return problem_response(
            status=403,
            code="tenant-suspended",
            title="The tenant is suspended",
            detail="Nothing is served for this tenant now. Its operator knows why.",
            headers={"Cache-Control": "no-store"},
        )
    return _bare_page("errors/suspended.html", {"request": request}, status=403)


def _bare_page(
    template: str, context: dict[str, Any] | None = None, *, status: int
) -> HttpResponse:
    return HttpResponse(
        render_to_string(template, context),
        status=status,
        headers={
            "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self';"
            " font-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none';"
            " frame-ancestors 'none'",
            "Cache-Control": "no-store",
        },
    )


def _route(request: HttpRequest, urlconf: str) -> None:
    request.urlconf = urlconf
    set_urlconf(urlconf)
