"""Suspending, resuming and restoring tenants, and freeing their slugs."""

from collections.abc import Callable
from typing import ClassVar

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from tenants import life
from tenants.api import schema
from tenants.api.base import TenantAPIView, actor_of, answer_run, guarded, read_body
from tenants.api.preconditions import check_if_match
from tenants.api.serializers.strict import EmptySerializer
from tenants.models import ProvisioningRun
from tenants.selectors import get_tenant


class _LifeView(TenantAPIView):
    """Begins a run that changes a tenant's state."""

    begin: ClassVar[Callable[..., ProvisioningRun]]

    def answer(self, request: Request, slug: str) -> HttpResponse:
        """Begin the run, on the tenant as the caller knows it."""
        tenant = get_tenant(slug=slug)
        read_body(EmptySerializer, request)
        check_if_match(request.headers.get("If-Match"), tenant)
        return answer_run(request, type(self).begin(tenant=tenant, actor=actor_of(request)))


@guarded(post="core:tenants:suspend")
class SuspendView(_LifeView):
    """A tenant's suspension."""

    begin = staticmethod(life.suspend_tenant)

    @extend_schema(
        operation_id="suspend_tenant",
        summary="Suspend a tenant",
        description="Nothing is served for it from now on (403); its sessions and logins end in the"
        " run. Its data stay as they are.",
        tags=["life"],
        request=EmptySerializer,
        parameters=[schema.SLUG, schema.IF_MATCH, schema.PREFER, *schema.RUN_HEADERS],
        responses=schema.run_responses(404, 409, 412, 413, 415),
    )
    def post(self, request: Request, slug: str) -> HttpResponse:
        """Close the tenant."""
        return self.answer(request, slug)


@guarded(post="core:tenants:suspend")
class ResumeView(_LifeView):
    """The end of a tenant's suspension."""

    begin = staticmethod(life.resume_tenant)

    @extend_schema(
        operation_id="resume_tenant",
        summary="Resume a suspended tenant",
        tags=["life"],
        request=EmptySerializer,
        parameters=[schema.SLUG, schema.IF_MATCH, schema.PREFER, *schema.RUN_HEADERS],
        responses=schema.run_responses(404, 409, 412, 413, 415),
    )
    def post(self, request: Request, slug: str) -> HttpResponse:
        """Open the tenant."""
        return self.answer(request, slug)


@guarded(post="core:tenants:delete")
class RestoreView(_LifeView):
    """A deletion called off."""

    begin = staticmethod(life.restore_tenant)

    @extend_schema(
        operation_id="restore_tenant",
        summary="Restore a tenant that is being deleted",
        description="It gets the state that it had, as long as its removal has not begun.",
        tags=["life"],
        request=EmptySerializer,
        parameters=[schema.SLUG, schema.IF_MATCH, schema.PREFER, *schema.RUN_HEADERS],
        responses=schema.run_responses(404, 409, 412, 413, 415),
    )
    def post(self, request: Request, slug: str) -> HttpResponse:
        """Bring the tenant back."""
        return self.answer(request, slug)


@guarded(post="core:tenants:delete")
class FreeView(TenantAPIView):
    """The slug of a deleted tenant."""

    @extend_schema(
        operation_id="free_slug",
        summary="Free the slug of a deleted tenant",
        description="Forgets the tenant with its runs; the audit stays. Then the slug can be given"
        " to another tenant.",
        tags=["life"],
        request=EmptySerializer,
        parameters=[schema.SLUG],
        responses={
            204: OpenApiResponse(description="The slug is free."),
            **schema.problems(404, 409, 413, 415),
        },
    )
    def post(self, request: Request, slug: str) -> HttpResponse:
        """Free it."""
        tenant = get_tenant(slug=slug)
        read_body(EmptySerializer, request)
        life.free_slug(tenant=tenant, actor=actor_of(request))
        return Response(status=204)
