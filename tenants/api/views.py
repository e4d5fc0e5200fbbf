"""The API's views. Each parses, makes one call, and renders."""

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.utils.encoding import escape_uri_path
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.utils import OpenApiResponse, extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response

from plexica.core.errors import InvalidInput
from plexica.core.problems import CONTENT_TYPE
from plexica.core.rate_limits import count_try
from tenants.api import examples, schema
from tenants.api.base import (
    TenantAPIView,
    accepted,
    actor_of,
    answer_page,
    answer_run,
    guarded,
    read_body,
    read_query,
)
from tenants.api.idempotency import create_tenant_once
from tenants.api.preconditions import check_if_match, etag_of
from tenants.api.serializers.pages import PageQuerySerializer
from tenants.api.serializers.strict import QuerySerializer
from tenants.api.serializers.tenants_in import (
    DeleteQuerySerializer,
    RetrySerializer,
    TenantCreateSerializer,
    TenantQuerySerializer,
    TenantUpdateSerializer,
)
from tenants.api.serializers.tenants_out import (
    RunPageSerializer,
    RunSerializer,
    TenantPageSerializer,
    TenantRunSerializer,
    TenantSerializer,
)
from tenants.life import delete_tenant
from tenants.models import Tenant
from tenants.selectors import BEHIND, get_run, get_tenant, list_runs, list_tenants
from tenants.services import create_tenant, retry_rollback, retry_run, update_tenant

RUN_ORDERING = "-created_at"
_RETRIES = {"create": retry_run, "rollback": retry_rollback}


@guarded(get="core:tenants:view", post="core:tenants:create")
class TenantListView(TenantAPIView):
    """All tenants."""

    @extend_schema(
        operation_id="list_tenants",
        summary="List tenants",
        tags=["tenants"],
        parameters=[TenantQuerySerializer],
        responses={200: TenantPageSerializer, **schema.problems()},
    )
    def get(self, request: Request) -> Response:
        """Return a page of tenants."""
        wanted = read_query(TenantQuerySerializer, request)
        tenants = list_tenants(
            search=wanted["search"],
            states=wanted["state"],
            version=BEHIND if wanted["behind"] else "",
            ordering=wanted["ordering"],
        )
        return answer_page(request, tenants, TenantSerializer, wanted, ordering=wanted["ordering"])

    @extend_schema(
        operation_id="create_tenant",
        summary="Create a tenant",
        tags=["tenants"],
        request=TenantCreateSerializer,
        parameters=[
            schema.IDEMPOTENCY_KEY,
            schema.PREFER,
            schema.answer_header(
                "Location", "The tenant (201), or the run to ask (202).", statuses=(201, 202)
            ),
            schema.answer_header("Retry-After", "When to ask, in seconds.", statuses=(202,)),
            schema.answer_header(
                "Preference-Applied", "`wait=N` if the answer waited.", statuses=(201, 202, 500)
            ),
        ],
        responses={
            201: OpenApiResponse(TenantRunSerializer, description="The tenant is complete."),
            202: OpenApiResponse(TenantRunSerializer, description="The tenant is being made."),
            **schema.problems(409, 413, 415, 422),
            (500, CONTENT_TYPE): OpenApiResponse(
                schema.ProvisioningProblemSerializer,
                description="The run failed while the answer waited for it.",
            ),
        },
        examples=examples.CREATE_TENANT,
    )
    def post(self, request: Request) -> HttpResponse:
        """Begin a tenant, and wait until it is complete if the caller prefers so."""
        values = read_body(TenantCreateSerializer, request)
        count_try("tenant", account=actor_of(request).id)
        key = request.headers.get("Idempotency-Key")
        if key is None:
            run = create_tenant(**values, actor=actor_of(request))
        else:
            run = create_tenant_once(key=key, values=values, actor=actor_of(request))
        return answer_run(request, run)


@guarded(get="core:tenants:view", patch="core:tenants:update", delete="core:tenants:delete")
class TenantView(TenantAPIView):
    """One tenant."""

    @extend_schema(
        operation_id="get_tenant",
        summary="Get a tenant",
        tags=["tenants"],
        parameters=[
            schema.SLUG,
            schema.answer_header("ETag", "For `If-Match`.", statuses=(200,)),
        ],
        responses={200: TenantSerializer, **schema.problems(404)},
    )
    def get(self, request: Request, slug: str) -> Response:
        """Return a tenant."""
        read_query(QuerySerializer, request)
        return _tenant(get_tenant(slug=slug))

    @extend_schema(
        operation_id="update_tenant",
        summary="Change a tenant's name or contact",
        tags=["tenants"],
        request=TenantUpdateSerializer,
        parameters=[
            schema.SLUG,
            schema.IF_MATCH,
            schema.answer_header("ETag", "For `If-Match`.", statuses=(200,)),
        ],
        responses={200: TenantSerializer, **schema.problems(404, 409, 412, 413, 415)},
        examples=examples.UPDATE_TENANT,
    )
    def patch(self, request: Request, slug: str) -> Response:
        """Change what is given of a tenant."""
        tenant = get_tenant(slug=slug)
        values = read_body(TenantUpdateSerializer, request)
        check_if_match(request.headers.get("If-Match"), tenant)
        return _tenant(update_tenant(tenant=tenant, actor=actor_of(request), **values))

    @extend_schema(
        operation_id="delete_tenant",
        summary="Delete a tenant",
        description="The tenant is closed at once. All that it consists of is removed when the time"
        " of grace is over, or at once with `grace_days=0` and for a tenant that failed. Until"
        " then it can be restored, and deleted again with another time of grace.",
        tags=["life"],
        parameters=[
            schema.SLUG,
            DeleteQuerySerializer,
            schema.IF_MATCH,
            schema.PREFER,
            *schema.RUN_HEADERS,
        ],
        responses=schema.run_responses(404, 409, 412),
    )
    def delete(self, request: Request, slug: str) -> HttpResponse:
        """Begin a deletion."""
        tenant = get_tenant(slug=slug)
        wanted = read_query(DeleteQuerySerializer, request)
        if wanted["confirm"] != slug:
            raise InvalidInput(
                fields={"confirm": ["Repeat the tenant's slug, to say that it is meant."]}
            )
        check_if_match(request.headers.get("If-Match"), tenant)
        run = delete_tenant(tenant=tenant, actor=actor_of(request), grace_days=wanted["grace_days"])
        return answer_run(request, run)


@guarded(get="core:runs:view")
class RunListView(TenantAPIView):
    """A tenant's provisioning runs."""

    @extend_schema(
        operation_id="list_runs",
        summary="List a tenant's provisioning runs, newest first",
        tags=["runs"],
        parameters=[schema.SLUG, PageQuerySerializer],
        responses={200: RunPageSerializer, **schema.problems(404)},
    )
    def get(self, request: Request, slug: str) -> Response:
        """Return a page of runs."""
        wanted = read_query(PageQuerySerializer, request)
        runs = list_runs(tenant=get_tenant(slug=slug)).select_related("tenant")
        return answer_page(request, runs, RunSerializer, wanted, ordering=RUN_ORDERING)


@guarded(get="core:runs:view")
class RunView(TenantAPIView):
    """One provisioning run."""

    @extend_schema(
        operation_id="get_run",
        summary="Get a run with its steps",
        tags=["runs"],
        parameters=[schema.SLUG],
        responses={200: RunSerializer, **schema.problems(404)},
    )
    def get(self, request: Request, slug: str, run_id: UUID) -> Response:
        """Return a run."""
        read_query(QuerySerializer, request)
        run = get_run(tenant=get_tenant(slug=slug), run_id=run_id)
        return Response(RunSerializer(run).data)


@guarded(post="core:runs:retry")
class RunRetryView(TenantAPIView):
    """Another try after a failed run."""

    @extend_schema(
        operation_id="retry_run",
        summary="Try a failed run again",
        tags=["runs"],
        request=RetrySerializer,
        parameters=[
            schema.SLUG,
            schema.answer_header("Location", "The run to ask.", statuses=(202,)),
            schema.answer_header("Retry-After", "When to ask, in seconds.", statuses=(202,)),
        ],
        responses={
            202: OpenApiResponse(TenantRunSerializer, description="It is tried again."),
            **schema.problems(404, 409, 413, 415),
        },
    )
    def post(self, request: Request, slug: str, run_id: UUID) -> HttpResponse:
        """Make the tenant in a new run, or go on taking back in this one."""
        run = get_run(tenant=get_tenant(slug=slug), run_id=run_id)
        values = read_body(RetrySerializer, request)
        return accepted(_RETRIES[values["mode"]](run=run, actor=actor_of(request)))


class SchemaView(SpectacularAPIView):
    """The OpenAPI description of the API."""


class DocsView(SpectacularSwaggerSplitView):
    """The description for people, without inline scripts."""

    template_name = "console/api_docs.html"
    url_name = "api:schema"


@csrf_exempt
def redirect_to_canonical(request: HttpRequest, **_parts: object) -> HttpResponse:
    """Lead an address that ends with a slash to the one without; method and body stay (308)."""
    query = request.META.get("QUERY_STRING", "")
    address = settings.PLEXICA_CONSOLE_URL + escape_uri_path(request.path.rstrip("/"))
    return HttpResponsePermanentRedirect(
        f"{address}?{query}" if query else address, preserve_request=True
    )


def _tenant(tenant: Tenant) -> Response:
    return Response(TenantSerializer(tenant).data, headers={"ETag": etag_of(tenant)})
