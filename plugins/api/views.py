"""The API of the registry. Each view parses, makes one call, and renders."""

from collections.abc import Callable
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from plexica.rbac.permissions import PLUGINS_MANAGE, PLUGINS_VIEW
from plugins.api.parameters import KEY, SLUG, TAGS, VERSION
from plugins.api.parsers import PackageParser
from plugins.api.serializers import (
    KeyCreateSerializer,
    KeyPageSerializer,
    KeySerializer,
    PluginPageSerializer,
    PluginQuerySerializer,
    PluginSerializer,
    ReleasePageSerializer,
    ReleaseReasonSerializer,
    ReleaseSerializer,
    release_address,
)
from plugins.models import Release
from plugins.selectors import (
    get_plugin,
    get_release,
    get_trusted_key,
    list_plugins,
    list_releases,
    list_trusted_keys,
)
from plugins.services import (
    deprecate_release,
    publish_release,
    register_release,
    withdraw_release,
)
from plugins.trust import add_trusted_key, revoke_trusted_key
from tenants.api import schema
from tenants.api.base import (
    TenantAPIView,
    actor_of,
    answer_page,
    guarded,
    read_body,
    read_query,
)
from tenants.api.serializers.pages import PageQuerySerializer
from tenants.api.serializers.strict import EmptySerializer, QuerySerializer


@guarded(get=PLUGINS_VIEW)
class PluginListView(TenantAPIView):
    """All plugins."""

    @extend_schema(
        operation_id="list_plugins",
        summary="List the plugins of the registry",
        tags=TAGS,
        parameters=[PluginQuerySerializer],
        responses={200: PluginPageSerializer, **schema.problems()},
    )
    def get(self, request: Request) -> Response:
        """Return a page of plugins."""
        wanted = read_query(PluginQuerySerializer, request)
        plugins = list_plugins(
            search=wanted["search"], states=wanted["state"], ordering=wanted["ordering"]
        )
        return answer_page(request, plugins, PluginSerializer, wanted, ordering=wanted["ordering"])


@guarded(get=PLUGINS_VIEW)
class PluginView(TenantAPIView):
    """One plugin."""

    @extend_schema(
        operation_id="get_plugin",
        summary="Get a plugin",
        tags=TAGS,
        parameters=[SLUG],
        responses={200: PluginSerializer, **schema.problems(404)},
    )
    def get(self, request: Request, slug: str) -> Response:
        """Return a plugin."""
        read_query(QuerySerializer, request)
        return Response(PluginSerializer(get_plugin(slug=slug)).data)


@guarded(get=PLUGINS_VIEW)
class PluginReleasesView(TenantAPIView):
    """The releases of a plugin."""

    @extend_schema(
        operation_id="list_releases",
        summary="List a plugin's releases, the newest version first",
        tags=TAGS,
        parameters=[SLUG, PageQuerySerializer],
        responses={200: ReleasePageSerializer, **schema.problems(404)},
    )
    def get(self, request: Request, slug: str) -> Response:
        """Return a page of releases."""
        wanted = read_query(PageQuerySerializer, request)
        releases = list_releases(plugin=get_plugin(slug=slug))
        return answer_page(request, releases, ReleaseSerializer, wanted, ordering="-version_key")


@guarded(get=PLUGINS_VIEW)
class ReleaseView(TenantAPIView):
    """One release."""

    @extend_schema(
        operation_id="get_release",
        summary="Get a release",
        tags=TAGS,
        parameters=[SLUG, VERSION],
        responses={200: ReleaseSerializer, **schema.problems(404)},
    )
    def get(self, request: Request, slug: str, version: str) -> Response:
        """Return a release."""
        read_query(QuerySerializer, request)
        return Response(ReleaseSerializer(get_release(slug=slug, version=version)).data)


@guarded(post=PLUGINS_MANAGE)
class RegisterView(TenantAPIView):
    """Registering releases."""

    parser_classes = (PackageParser,)

    @extend_schema(
        operation_id="register_release",
        summary="Register a release",
        description="The body is the package itself, as `plexica-plugin sign` leaves it. Form,"
        " digests and signature are checked before anything of it is stored. The same contents"
        " again are the same release (200); the same version with others is a conflict.",
        tags=TAGS,
        request={"application/octet-stream": OpenApiTypes.BINARY},
        parameters=[schema.answer_header("Location", "The release.", statuses=(200, 201))],
        responses={
            200: OpenApiResponse(ReleaseSerializer, description="It was registered before."),
            201: OpenApiResponse(ReleaseSerializer, description="It is registered."),
            **schema.problems(409, 413, 415),
        },
    )
    def post(self, request: Request) -> Response:
        """Register the package that the body is."""
        if not isinstance(request.data, bytes):
            raise ParseError("The body is empty: send the package.")
        release, is_new = register_release(content=request.data, actor=actor_of(request))
        return Response(
            ReleaseSerializer(release).data,
            status=201 if is_new else 200,
            headers={"Location": release_address(release)},
        )


class _MoveView(TenantAPIView):
    def move(self, slug: str, version: str, act: Callable[..., Release]) -> Response:
        """Do something to a release, and return it."""
        release = act(release=get_release(slug=slug, version=version), actor=actor_of(self.request))
        return Response(ReleaseSerializer(release).data)


@guarded(post=PLUGINS_MANAGE)
class PublishView(_MoveView):
    """Publishing a release."""

    @extend_schema(
        operation_id="publish_release",
        summary="Publish a release, for the first time or again",
        tags=TAGS,
        request=EmptySerializer,
        parameters=[SLUG, VERSION],
        responses={200: ReleaseSerializer, **schema.problems(404, 409, 413, 415)},
    )
    def post(self, request: Request, slug: str, version: str) -> Response:
        """Publish a release."""
        read_body(EmptySerializer, request)
        return self.move(slug, version, publish_release)


@guarded(post=PLUGINS_MANAGE)
class DeprecateView(_MoveView):
    """Deprecating a release."""

    @extend_schema(
        operation_id="deprecate_release",
        summary="Offer a release no more; those who have it go on",
        tags=TAGS,
        request=ReleaseReasonSerializer,
        parameters=[SLUG, VERSION],
        responses={200: ReleaseSerializer, **schema.problems(404, 409, 413, 415)},
    )
    def post(self, request: Request, slug: str, version: str) -> Response:
        """Deprecate a release."""
        reason = read_body(ReleaseReasonSerializer, request)["reason"]
        return self.move(slug, version, lambda **given: deprecate_release(reason=reason, **given))


@guarded(post=PLUGINS_MANAGE)
class WithdrawView(_MoveView):
    """Withdrawing a release."""

    @extend_schema(
        operation_id="withdraw_release",
        summary="Take a release back for good",
        tags=TAGS,
        request=ReleaseReasonSerializer,
        parameters=[SLUG, VERSION],
        responses={200: ReleaseSerializer, **schema.problems(404, 409, 413, 415)},
    )
    def post(self, request: Request, slug: str, version: str) -> Response:
        """Withdraw a release."""
        reason = read_body(ReleaseReasonSerializer, request)["reason"]
        return self.move(slug, version, lambda **given: withdraw_release(reason=reason, **given))


@guarded(get=PLUGINS_VIEW, post=PLUGINS_MANAGE)
class KeyListView(TenantAPIView):
    """The keys that the platform trusts, or did."""

    @extend_schema(
        operation_id="list_plugin_keys",
        summary="List the keys whose signatures count, and those whose did",
        tags=TAGS,
        parameters=[PageQuerySerializer],
        responses={200: KeyPageSerializer, **schema.problems()},
    )
    def get(self, request: Request) -> Response:
        """Return a page of keys."""
        wanted = read_query(PageQuerySerializer, request)
        return answer_page(request, list_trusted_keys(), KeySerializer, wanted, ordering="name")

    @extend_schema(
        operation_id="trust_plugin_key",
        summary="Trust a key",
        tags=TAGS,
        request=KeyCreateSerializer,
        responses={201: KeySerializer, **schema.problems(409, 413, 415)},
    )
    def post(self, request: Request) -> Response:
        """Trust a key."""
        values = read_body(KeyCreateSerializer, request)
        key = add_trusted_key(**values, actor=actor_of(request))
        return Response(KeySerializer(key).data, status=201)


@guarded(post=PLUGINS_MANAGE)
class KeyRevokeView(TenantAPIView):
    """Revoking a key."""

    @extend_schema(
        operation_id="revoke_plugin_key",
        summary="Revoke a key for good",
        tags=TAGS,
        request=EmptySerializer,
        parameters=[KEY],
        responses={200: KeySerializer, **schema.problems(404, 409, 413, 415)},
    )
    def post(self, request: Request, key_id: UUID) -> Response:
        """Revoke a key."""
        read_body(EmptySerializer, request)
        key = revoke_trusted_key(key=get_trusted_key(key_id=key_id), actor=actor_of(request))
        return Response(KeySerializer(key).data)
