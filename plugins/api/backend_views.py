"""The API of what runs. Each view parses, makes one call, and renders."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from plexica.rbac.permissions import PLUGINS_MANAGE, PLUGINS_VIEW
from plugins.api.parameters import SLUG, TAGS, VERSION
from plugins.api.serializers import BackendSerializer
from plugins.backend_selectors import get_backend
from plugins.backends import end_quarantine, restart_backend, set_unconfined
from plugins.models import Release
from plugins.selectors import get_release
from tenants.api import schema
from tenants.api.base import TenantAPIView, actor_of, guarded, read_body, read_query
from tenants.api.serializers.strict import EmptySerializer, QuerySerializer


class _BackendView(TenantAPIView):
    def answer(self, release: Release) -> Response:
        """Return a release's backend, as it is now."""
        return Response(BackendSerializer(get_backend(release=release, with_log=True)).data)


@guarded(get=PLUGINS_VIEW)
class BackendView(_BackendView):
    """A release's backend."""

    @extend_schema(
        operation_id="get_plugin_backend",
        summary="Return how a release's backend is, with the end of its log",
        tags=TAGS,
        parameters=[SLUG, VERSION],
        responses={200: BackendSerializer, **schema.problems(404)},
    )
    def get(self, request: Request, slug: str, version: str) -> Response:
        """Return the backend."""
        read_query(QuerySerializer, request)
        return self.answer(get_release(slug=slug, version=version))


@guarded(post=PLUGINS_MANAGE)
class BackendRestartView(_BackendView):
    """Starting a backend anew."""

    @extend_schema(
        operation_id="restart_plugin_backend",
        summary="Have a backend started anew",
        tags=TAGS,
        request=EmptySerializer,
        parameters=[SLUG, VERSION],
        responses={200: BackendSerializer, **schema.problems(404, 409, 413, 415)},
    )
    def post(self, request: Request, slug: str, version: str) -> Response:
        """Have it started anew."""
        read_body(EmptySerializer, request)
        release = get_release(slug=slug, version=version)
        restart_backend(backend=get_backend(release=release), actor=actor_of(request))
        return self.answer(release)


@guarded(post=PLUGINS_MANAGE)
class QuarantineView(_BackendView):
    """Ending a quarantine."""

    @extend_schema(
        operation_id="end_plugin_backend_quarantine",
        summary="End the quarantine of a backend, which is started again",
        tags=TAGS,
        request=EmptySerializer,
        parameters=[SLUG, VERSION],
        responses={200: BackendSerializer, **schema.problems(404, 409, 413, 415)},
    )
    def post(self, request: Request, slug: str, version: str) -> Response:
        """End it."""
        read_body(EmptySerializer, request)
        release = get_release(slug=slug, version=version)
        end_quarantine(backend=get_backend(release=release), actor=actor_of(request))
        return self.answer(release)


class _ConfiningView(_BackendView):
    def confine(self, request: Request, slug: str, version: str, *, allowed: bool) -> Response:
        """Allow a release to run without an OS user of its own, or no more."""
        read_body(EmptySerializer, request)
        release = get_release(slug=slug, version=version)
        # There is something to answer.
        get_backend(release=release)
        set_unconfined(release=release, allowed=allowed, actor=actor_of(request))
        return self.answer(release)


@guarded(post=PLUGINS_MANAGE)
class UnconfineView(_ConfiningView):
    """Allowing a release to run without an OS user of its own."""

    @extend_schema(
        operation_id="unconfine_plugin_release",
        summary="Let a release run where it cannot have an OS user of its own",
        tags=TAGS,
        request=EmptySerializer,
        parameters=[SLUG, VERSION],
        responses={200: BackendSerializer, **schema.problems(404, 413, 415)},
    )
    def post(self, request: Request, slug: str, version: str) -> Response:
        """Allow it."""
        return self.confine(request, slug, version, allowed=True)


@guarded(post=PLUGINS_MANAGE)
class ConfineView(_ConfiningView):
    """Taking that back."""

    @extend_schema(
        operation_id="confine_plugin_release",
        summary="Let a release run with an OS user of its own only",
        tags=TAGS,
        request=EmptySerializer,
        parameters=[SLUG, VERSION],
        responses={200: BackendSerializer, **schema.problems(404, 413, 415)},
    )
    def post(self, request: Request, slug: str, version: str) -> Response:
        """Allow it no more."""
        return self.confine(request, slug, version, allowed=False)
