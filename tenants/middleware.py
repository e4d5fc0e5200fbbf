"""From the host name to the scope of a request."""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import cast

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.urls import set_urlconf
from django_tenants.middleware import TenantMainMiddleware

from plexica.core.scope import Scope, current_scope, enter_scope, platform_scope
from tenants.models import Domain, Tenant
from tenants.scopes import tenant_scope
from tenants.states import TenantState

CONSOLE_URLCONF = "plexica.urls_console"
WORKSPACE_URLCONF = "plexica.urls_workspace"
MAX_HOST_LENGTH = 253  # RFC 1035, section 2.3.4, as text


class TenantMiddleware(TenantMainMiddleware):  # type: ignore[misc] # django-tenants has no types
    """Runs a request in the scope that its host name leads to.

    The base domain is the console, in the platform's scope. A host name that is in the routing
    table leads to its tenant, if that is ACTIVE. Whatever else is asked for gets one and the same
    404, so that nobody learns which tenants there are.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        super().__init__(get_response)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer in the scope of the request's host."""
        with contextlib.ExitStack() as stack:
            scope = self._scope_of(request)
            if scope is None:
                return host_not_found()
            stack.enter_context(scope)
            response = cast("HttpResponseBase", self.get_response(request))
            if isinstance(response, StreamingHttpResponse) and not response.is_async:
                # Its body is made after this middleware has returned.
                response.streaming_content = _in_scope(
                    cast("Iterator[bytes]", response.streaming_content), current_scope()
                )
            return response

    def _scope_of(self, request: HttpRequest) -> AbstractContextManager[object] | None:
        try:
            host = self.hostname_from_request(request).lower().removesuffix(".")
        except DisallowedHost:
            return None
        if host == settings.PLEXICA_BASE_DOMAIN:
            request.tenant = None  # type: ignore[attr-defined]
            _route(request, CONSOLE_URLCONF)
            return platform_scope()
        tenant = self._active_tenant(host)
        if tenant is None:
            return None
        request.tenant = tenant  # type: ignore[attr-defined]
        _route(request, WORKSPACE_URLCONF)
        return tenant_scope(tenant)

    def _active_tenant(self, host: str) -> Tenant | None:
        if len(host) > MAX_HOST_LENGTH or "\0" in host:
            return None
        with platform_scope():
            try:
                tenant = cast("Tenant", self.get_tenant(Domain, host))
            except Domain.DoesNotExist:
                return None
        return tenant if tenant.state == TenantState.ACTIVE else None

    @staticmethod
    def hostname_from_request(request: HttpRequest) -> str:
        """Return the host name without its port; a leading `www` is nobody's."""
        return request.get_host().rpartition("]")[2].split(":")[0]


def host_not_found() -> HttpResponse:
    """Answer a host that is unknown, or whose tenant is not served, always the same."""
    return HttpResponse(
        render_to_string("errors/host_not_found.html"),
        status=404,
        headers={
            "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self';"
            " font-src 'self'; img-src data:; base-uri 'none'; form-action 'none';"
            " frame-ancestors 'none'",
            "Cache-Control": "no-store",
        },
    )


def _route(request: HttpRequest, urlconf: str) -> None:
    request.urlconf = urlconf
    set_urlconf(urlconf)


def _in_scope(body: Iterator[bytes], scope: Scope) -> Iterator[bytes]:
    while True:
        with enter_scope(scope):
            try:
                chunk = next(body)
            except StopIteration:
                return
        yield chunk
