"""The service accounts of a workspace, by API."""

from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from plexica.core.client_address import client_address
from plexica.core.rate_limits import count_try
from plexica.identity.actors import actor_of
from plexica.identity.providers import tenant_provider
from plexica.rbac.permissions import SERVICE_ACCOUNTS_MANAGE, SERVICE_ACCOUNTS_READ
from plexica.rbac.service_accounts import (
    IssuedSecret,
    create_service_account,
    get_with_roles,
    list_with_roles,
    revoke_service_account,
    rotate_secret,
    update_service_account,
)
from plexica.workspace.api.serializers import (
    IssuedSecretSerializer,
    ServiceAccountCreateSerializer,
    ServiceAccountPageSerializer,
    ServiceAccountSerializer,
    ServiceAccountUpdateSerializer,
)
from tenants.api import schema
from tenants.api.base import TenantAPIView, answer_page, guarded, read_body, read_query
from tenants.api.serializers.pages import PageQuerySerializer
from tenants.api.serializers.strict import EmptySerializer, QuerySerializer
from tenants.requests import tenant_of

ORDERING = "-created_at"
ACCOUNT_ID = OpenApiParameter(
    "account_id", UUID, OpenApiParameter.PATH, description="The service account's id."
)
_ISSUED = OpenApiResponse(IssuedSecretSerializer, description="The secret is shown this once.")


@guarded(get=SERVICE_ACCOUNTS_READ, post=SERVICE_ACCOUNTS_MANAGE)
class ServiceAccountListView(TenantAPIView):
    """All service accounts."""

    @extend_schema(
        operation_id="list_service_accounts",
        summary="List service accounts, the newest first, revoked ones included",
        tags=["service accounts"],
        parameters=[PageQuerySerializer],
        responses={200: ServiceAccountPageSerializer, **schema.problems()},
    )
    def get(self, request: Request) -> Response:
        """Return a page of service accounts."""
        wanted = read_query(PageQuerySerializer, request)
        return answer_page(
            request, list_with_roles(), ServiceAccountSerializer, wanted, ordering=ORDERING
        )

    @extend_schema(
        operation_id="create_service_account",
        summary="Make a service account",
        tags=["service accounts"],
        request=ServiceAccountCreateSerializer,
        responses={201: _ISSUED, **schema.problems(409, 413, 415)},
    )
    def post(self, request: Request) -> Response:
        """Make a service account, and show its secret."""
        values = read_body(ServiceAccountCreateSerializer, request)
        _count(request)
        issued = create_service_account(
            tenant=tenant_of(request), actor=actor_of(request), **values
        )
        return _show(request, issued, status=201)


@guarded(get=SERVICE_ACCOUNTS_READ, patch=SERVICE_ACCOUNTS_MANAGE)
class ServiceAccountView(TenantAPIView):
    """One service account."""

    @extend_schema(
        operation_id="get_service_account",
        summary="Get a service account",
        tags=["service accounts"],
        parameters=[ACCOUNT_ID],
        responses={200: ServiceAccountSerializer, **schema.problems(404)},
    )
    def get(self, request: Request, account_id: UUID) -> Response:
        """Return a service account."""
        read_query(QuerySerializer, request)
        return Response(ServiceAccountSerializer(get_with_roles(account_id)).data)

    @extend_schema(
        operation_id="update_service_account",
        summary="Change a service account's name, description or roles",
        tags=["service accounts"],
        parameters=[ACCOUNT_ID],
        request=ServiceAccountUpdateSerializer,
        responses={200: ServiceAccountSerializer, **schema.problems(404, 409, 413, 415)},
    )
    def patch(self, request: Request, account_id: UUID) -> Response:
        """Change what is given of a service account."""
        account = get_with_roles(account_id)
        values = read_body(ServiceAccountUpdateSerializer, request)
        update_service_account(account=account, actor=actor_of(request), **values)
        return Response(ServiceAccountSerializer(get_with_roles(account_id)).data)


@guarded(post=SERVICE_ACCOUNTS_MANAGE)
class ServiceAccountRotationView(TenantAPIView):
    """A service account's secret."""

    @extend_schema(
        operation_id="rotate_service_account_secret",
        summary="Give a service account a new secret",
        description="The old secret and the tokens that were given for it are refused from then on."
        " If there is no answer, the secret may have changed or not: ask again.",
        tags=["service accounts"],
        parameters=[ACCOUNT_ID],
        request=EmptySerializer,
        responses={200: _ISSUED, **schema.problems(404, 409, 413, 415)},
    )
    def post(self, request: Request, account_id: UUID) -> Response:
        """Change the secret, and show the new one."""
        account = get_with_roles(account_id)
        read_body(EmptySerializer, request)
        _count(request)
        issued = rotate_secret(tenant=tenant_of(request), account=account, actor=actor_of(request))
        return _show(request, issued)


@guarded(post=SERVICE_ACCOUNTS_MANAGE)
class ServiceAccountRevocationView(TenantAPIView):
    """The end of a service account."""

    @extend_schema(
        operation_id="revoke_service_account",
        summary="Revoke a service account",
        description="It is refused from the next request on, for good. To do so again is no error.",
        tags=["service accounts"],
        parameters=[ACCOUNT_ID],
        request=EmptySerializer,
        responses={200: ServiceAccountSerializer, **schema.problems(404, 413, 415)},
    )
    def post(self, request: Request, account_id: UUID) -> Response:
        """Revoke a service account."""
        account = get_with_roles(account_id)
        read_body(EmptySerializer, request)
        revoke_service_account(tenant=tenant_of(request), account=account, actor=actor_of(request))
        return Response(ServiceAccountSerializer(get_with_roles(account_id)).data)


def _count(request: Request) -> None:
    count_try("secret", address=client_address(request), account=str(request.user.pk))


def _show(request: Request, issued: IssuedSecret, *, status: int = 200) -> Response:
    found = {
        "account": get_with_roles(issued.account.pk),
        "secret": issued.secret,
        "token_url": tenant_provider(tenant_of(request)).public_token_endpoint,
    }
    return Response(IssuedSecretSerializer(found).data, status=status)
