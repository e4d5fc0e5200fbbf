"""A body that is made while it is sent is made in the scope of its request."""

from collections.abc import Iterator

from django.http import HttpRequest, StreamingHttpResponse
from django.test import RequestFactory

from plexica.core.scope import current_scope, current_scope_or_none
from tenants.middleware import TenantMiddleware
from tenants.models import Tenant


def test_the_body_sees_its_tenant_and_the_caller_keeps_its_own_scope(acme: Tenant) -> None:
    def body() -> Iterator[bytes]:
        for _ in range(3):
            yield (current_scope().tenant_slug or "-").encode()

    def view(request: HttpRequest) -> StreamingHttpResponse:
        return StreamingHttpResponse(body())

    request = RequestFactory().get("/", headers={"host": "acme.localhost"})
    outside = current_scope_or_none()
    response = TenantMiddleware(view)(request)
    assert isinstance(response, StreamingHttpResponse)
    for chunk in response:
        assert chunk == b"acme"
        assert current_scope_or_none() == outside
