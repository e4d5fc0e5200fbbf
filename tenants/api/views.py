"""The API's views. Each parses, makes one call, and renders."""

from typing import Any, Protocol, cast
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.utils.cache import add_never_cache_headers
from django.utils.encoding import escape_uri_path
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.utils import OpenApiResponse, extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from plexica.core.actor import Actor
from plexica.core.problems import CONTENT_TYPE, problem_response
from tenants.api import examples, schema
from tenants.api.addresses import run_address, tenant_address
from tenants.api.idempotency import create_tenant_once
from tenants.api.pagination import take_page
from tenants.api.preconditions import check_if_match, etag_of
from tenants.api.serializers import (
    PageQuerySerializer,
    QuerySerializer,
    RetrySerializer,
    RunPageSerializer,
    RunSerializer,
    StrictSerializer,
    TenantCreateSerializer,
    TenantPageSerializer,
    TenantQuerySerializer,
    TenantRunSerializer,
    TenantSerializer,
    TenantUpdateSerializer,
    render_tenant_and_run,
)
from tenants.api.waiting import preferred_wait, wait_for_run
from tenants.models import ProvisioningRun, Tenant
from tenants.selectors import get_run, get_tenant, list_runs, list_tenants
from tenants.services import create_tenant, retry_rollback, retry_run, update_tenant

# Most tenants are complete within a second or two.
RETRY_AFTER_SECONDS = 1
RUN_ORDERING = "-created_at"
_RETRIES = {"create": retry_run, "rollback": retry_rollback}


class Caller(Protocol):
    """What the authentication class makes of a token (`plexica.identity.principals`)."""

    @property
    def actor(self) -> Actor:
        """Who acts."""


class TenantAPIView(APIView):
    """What the views have in common."""

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        """Keep answers out of caches: they show what one caller may see now."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        add_never_cache_headers(answer)
        return answer


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
        wanted = _read_query(TenantQuerySerializer, request)
        tenants = list_tenants(
            search=wanted["search"], states=wanted["state"], ordering=wanted["ordering"]
        )
        return _page(request, tenants, TenantSerializer, wanted, ordering=wanted["ordering"])

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
        values = _read_body(TenantCreateSerializer, request)
        key = request.headers.get("Idempotency-Key")
        if key is None:
            run = create_tenant(**values, actor=_actor(request))
        else:
            run = create_tenant_once(key=key, values=values, actor=_actor(request))
        seconds = preferred_wait(request.headers.get("Prefer", ""))
        if seconds is None:
            return _accepted(run)
        run, has_waited = wait_for_run(run=run, seconds=seconds)
        return _outcome(run, seconds) if has_waited else _accepted(run)


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
        _read_query(QuerySerializer, request)
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
        values = _read_body(TenantUpdateSerializer, request)
        check_if_match(request.headers.get("If-Match"), tenant)
        return _tenant(update_tenant(tenant=tenant, actor=_actor(request), **values))


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
        wanted = _read_query(PageQuerySerializer, request)
        runs = list_runs(tenant=get_tenant(slug=slug)).select_related("tenant")
        return _page(request, runs, RunSerializer, wanted, ordering=RUN_ORDERING)


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
        _read_query(QuerySerializer, request)
        run = get_run(tenant=get_tenant(slug=slug), run_id=run_id)
        return Response(RunSerializer(run).data)


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
        values = _read_body(RetrySerializer, request)
        return _accepted(_RETRIES[values["mode"]](run=run, actor=_actor(request)))


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


def _actor(request: Request) -> Actor:
    return cast("Caller", request.user).actor


def _read_body(serializer_class: type[StrictSerializer], request: Request) -> dict[str, Any]:
    serializer = serializer_class(data=request.data)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def _read_query(serializer_class: type[QuerySerializer], request: Request) -> dict[str, Any]:
    serializer = serializer_class(data=request.query_params)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def _page(
    request: Request,
    rows: QuerySet[Any],
    serializer_class: type[BaseSerializer[Any]],
    wanted: dict[str, Any],
    *,
    ordering: str,
) -> Response:
    query = {name: wanted[name] for name in wanted if name not in {"cursor", "page_size"}}
    page = take_page(
        rows,
        ordering=ordering,
        cursor=wanted["cursor"],
        page_size=wanted["page_size"],
        query={**query, "path": request.path},
    )
    return Response(
        {
            "results": serializer_class(page.rows, many=True).data,
            "next": _page_address(request, page.next_cursor),
            "previous": _page_address(request, page.previous_cursor),
        }
    )


def _page_address(request: Request, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    query = request.query_params.copy()
    query["cursor"] = cursor
    return f"{settings.PLEXICA_CONSOLE_URL}{request.path}?{query.urlencode()}"


def _tenant(tenant: Tenant) -> Response:
    return Response(TenantSerializer(tenant).data, headers={"ETag": etag_of(tenant)})


def _accepted(run: ProvisioningRun, headers: dict[str, str] | None = None) -> Response:
    return Response(
        render_tenant_and_run(run),
        status=202,
        headers={
            "Location": run_address(run),
            "Retry-After": str(RETRY_AFTER_SECONDS),
            **(headers or {}),
        },
    )


def _outcome(run: ProvisioningRun, waited_seconds: int) -> HttpResponse:
    headers = {"Preference-Applied": f"wait={waited_seconds}"}
    if not run.is_finished:
        return _accepted(run, headers)
    address = tenant_address(run.tenant.slug)
    if run.has_failed:
        return problem_response(
            status=500,
            code="provisioning-failed",
            title="The tenant could not be made",
            detail=run.error_message,
            failed_step=run.failed_step,
            tenant=address,
            run=run_address(run),
            headers=headers,
        )
    return Response(
        render_tenant_and_run(run), status=201, headers={"Location": address, **headers}
    )
