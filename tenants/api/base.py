"""What the API's views have in common: who acts, what was asked, and how runs are answered."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Protocol, TypeVar, cast

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.cache import add_never_cache_headers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from plexica.core.actor import Actor
from plexica.core.pagination import take_page
from plexica.core.problems import problem_response
from tenants.api.addresses import run_address, tenant_address
from tenants.api.serializers.strict import QuerySerializer, StrictSerializer
from tenants.api.serializers.tenants_out import render_tenant_and_run
from tenants.api.waiting import preferred_wait, wait_for_run
from tenants.models import ProvisioningRun
from tenants.requests import tenant_or_none
from tenants.states import RunKind

# Most runs end within a second or two.
RETRY_AFTER_SECONDS = 1


View = TypeVar("View", bound="TenantAPIView")


class Caller(Protocol):
    """What the authentication class makes of a token (`plexica.identity.principals`)."""

    @property
    def actor(self) -> Actor:
        """Who acts."""


class TenantAPIView(APIView):
    """What the views have in common.

    Attributes:
        permissions_needed: The key of the permission that each method asks for; see `guarded`.
            What asks for none is refused.
    """

    permissions_needed: ClassVar[Mapping[str, str]] = {}

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        """Keep answers out of caches: they show what one caller may see now."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        add_never_cache_headers(answer)
        return answer


def guarded(**permissions: str) -> Callable[[type[View]], type[View]]:
    """Say which permission each method of a view asks for, such as `get="core:tenants:view"`.

    This app knows keys only: who holds them is asked by `plexica.rbac.api.HoldsWhatIsNeeded`, which
    the settings name.

    Args:
        permissions: The permissions' keys, by the names of the methods.

    Raises:
        TypeError: A method of the view is left out, or one is named that it does not have.
    """

    def decorate(view: type[View]) -> type[View]:
        methods = {name for name in APIView.http_method_names if hasattr(view, name)}
        if methods - {"head", "options"} != set(permissions):
            raise TypeError(f"{view.__name__} has {sorted(methods)}: name a permission for each.")
        view.permissions_needed = {name.upper(): key for name, key in permissions.items()}
        return view

    return decorate


def actor_of(request: Request) -> Actor:
    """Return who acts."""
    return cast("Caller", request.user).actor


def read_body(serializer_class: type[StrictSerializer], request: Request) -> dict[str, Any]:
    """Return what a body says.

    Raises:
        ValidationError: It is not as it should be.
    """
    serializer = serializer_class(data=request.data)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def read_query(serializer_class: type[QuerySerializer], request: Request) -> dict[str, Any]:
    """Return what the address asks for.

    Raises:
        ValidationError: A parameter is unknown, repeated or not acceptable.
    """
    serializer = serializer_class(data=request.query_params)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def answer_run(request: Request, run: ProvisioningRun) -> HttpResponse:
    """Answer a request that has begun a run: at once, or when it has ended if that is preferred."""
    seconds = preferred_wait(request.headers.get("Prefer", ""))
    if seconds is None:
        return accepted(run)
    run, has_waited = wait_for_run(run=run, seconds=seconds)
    return _outcome(run, seconds) if has_waited else accepted(run)


def answer_page(
    request: Request,
    rows: QuerySet[Any],
    serializer_class: type[BaseSerializer[Any]],
    wanted: dict[str, Any],
    *,
    ordering: str,
) -> Response:
    """Answer with one page of a list.

    Args:
        request: The request.
        rows: The whole list.
        serializer_class: How a row goes out.
        wanted: What the address asks for, as a `PageQuerySerializer` reads it.
        ordering: What the list is ordered by; see `take_page`.
    """
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
            "results": serializer_class(page.rows, many=True, context={"request": request}).data,
            "next": _page_address(request, page.next_cursor),
            "previous": _page_address(request, page.previous_cursor),
        }
    )


def accepted(run: ProvisioningRun, headers: dict[str, str] | None = None) -> Response:
    """Answer 202: the run is under way, and where to ask how far it is."""
    return Response(
        render_tenant_and_run(run),
        status=202,
        headers={
            "Location": run_address(run),
            "Retry-After": str(RETRY_AFTER_SECONDS),
            **(headers or {}),
        },
    )


def _page_address(request: Request, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    query = request.query_params.copy()
    query["cursor"] = cursor
    tenant = tenant_or_none(request)
    host = tenant.workspace_url if tenant else settings.PLEXICA_CONSOLE_URL
    return f"{host}{request.path}?{query.urlencode()}"


def _outcome(run: ProvisioningRun, waited_seconds: int) -> HttpResponse:
    headers = {"Preference-Applied": f"wait={waited_seconds}"}
    if not run.is_finished:
        return accepted(run, headers)
    address = tenant_address(run.tenant.slug)
    is_creation = run.kind == RunKind.CREATE
    if run.has_failed:
        return problem_response(
            status=500,
            code="provisioning-failed" if is_creation else "run-failed",
            title="The tenant could not be made" if is_creation else "The run failed",
            detail=run.error_message,
            failed_step=run.failed_step,
            tenant=address,
            run=run_address(run),
            headers=headers,
        )
    if is_creation:
        return Response(
            render_tenant_and_run(run), status=201, headers={"Location": address, **headers}
        )
    return Response(render_tenant_and_run(run), headers=headers)
