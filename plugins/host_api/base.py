"""Who calls the host's API, and what they may do there.

A token names an installation. Whether it is served, and what its tenant has agreed to, is read
anew at each request.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponseBase
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from plexica.core.errors import NotFound, PermissionRefused
from plexica.core.rate_limits import TooManyTries, count_try
from plexica.core.scope import platform_scope
from plugins.gateway.slots import Slots
from plugins.gateway.tokens import HostToken, HostTokenRefused, read_host_token
from plugins.models import Installation
from plugins.states import InstallationState
from tenants.models import Tenant
from tenants.scopes import active_tenant_scope

# Of the 16 requests that a web process answers at once; the gateway has its own share.
CALLS_PER_PLUGIN = 3
CALLS_IN_ALL = 4
_AGAIN_AFTER_SECONDS = 1
_PARTS = 2
# While it is made or changed, a plugin migrates; that needs its schema, and nothing else.
_CHANGING = (InstallationState.INSTALLING, InstallationState.UPGRADING)

calls = Slots(CALLS_PER_PLUGIN, CALLS_IN_ALL)


@dataclass(frozen=True, slots=True)
class Guest:
    """An installation that calls.

    Attributes:
        installation: Its row, with plugin, release and tenant.
    """

    installation: Installation
    is_authenticated: ClassVar[bool] = True

    @property
    def tenant(self) -> Tenant:
        """Its tenant."""
        return self.installation.tenant

    def may(self, use: str) -> bool:
        """Return whether its manifest asks for something of the host, and its tenant agreed."""
        installation = self.installation
        return use in installation.uses and use in installation.release.manifest["host"].get(
            "uses", []
        )


class HostTokenAuthentication(BaseAuthentication):
    """Accepts host tokens of installations that are served."""

    def authenticate(self, request: Request) -> tuple[Guest, HostToken] | None:
        """Return the installation and the token, or None if no token came.

        Raises:
            AuthenticationFailed: It is over, or its installation is not served any more.
            TooManyTries: The installation asks too often.
        """
        parts = get_authorization_header(request).split()
        if not parts:
            return None
        if parts[0].lower() != b"bearer" or len(parts) != _PARTS:
            raise AuthenticationFailed("Send the host token as `Authorization: Bearer …`.")
        try:
            token = read_host_token(parts[1].decode("latin-1"))
        except HostTokenRefused as error:
            raise AuthenticationFailed(str(error)) from error
        with platform_scope():
            installation = (
                Installation.objects.select_related("tenant", "plugin", "release")
                .filter(pk=token.installation_id, tenant=token.tenant_id)
                .first()
            )
        if installation is None or not installation.tenant.is_active:
            raise AuthenticationFailed("This installation is not served any more.")
        count_try("plugin", account=str(installation.pk))
        return Guest(installation), token

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 (the framework's signature)
        """Return what `WWW-Authenticate` says with a 401 (RFC 6750, section 3)."""
        return 'Bearer realm="plexica-host"'


class IsServed(BasePermission):
    """Lets through installations that are enabled, and what a view asks for, where it does."""

    def has_permission(self, request: Request, view: "HostView") -> bool:  # type: ignore[override] # our views only
        """Return whether an installation has come.

        Raises:
            AuthenticationFailed: It is not served.
            PermissionRefused: It may not do this.
        """
        if not isinstance(request.user, Guest):
            return False
        state = request.user.installation.state
        is_changing = view.is_for_changes and state in _CHANGING
        if state != InstallationState.ENABLED and not is_changing:
            raise AuthenticationFailed("This installation is not served any more.")
        if view.needs and not request.user.may(view.needs):
            raise PermissionRefused(
                f"The manifest does not ask for {view.needs}, or the tenant has not agreed to it."
            )
        return True


class HostView(APIView):
    """What the views have in common.

    Attributes:
        needs: What of the host the manifest has to ask for; empty: nothing.
        is_for_changes: Whether it is there while the installation is made or upgraded, too.
    """

    authentication_classes = [HostTokenAuthentication]
    permission_classes = [IsServed]
    needs: ClassVar[str] = ""
    is_for_changes: ClassVar[bool] = False
    _give_back: Callable[[], None] | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer, while the plugin has no more calls under way than it may have."""
        try:
            response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        except BaseException:
            self._end()
            raise
        if getattr(response, "streaming", False):
            # Whoever reads slowly, or not at all, holds the call until the answer is closed.
            response.streaming_content = _Held(response.streaming_content, self._end)  # type: ignore[attr-defined] # it streams
        else:
            self._end()
        return response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Let the call through if its plugin has not too many under way.

        Raises:
            TooManyTries: It has, and none of them ends.
        """
        super().initial(request, *args, **kwargs)
        self._give_back = calls.take(guest_of(request).installation.plugin_id)
        if self._give_back is None:
            raise TooManyTries(_AGAIN_AFTER_SECONDS)

    def _end(self) -> None:
        if self._give_back is not None:
            self._give_back()

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        """Keep answers out of all caches."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        answer.headers["Cache-Control"] = "no-store"
        return answer


class _Held:
    """An answer's pieces; when they are closed, read or not, the call has ended."""

    def __init__(self, chunks: Iterator[bytes], end: Callable[[], None]) -> None:
        self._chunks = chunks
        self._end = end

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks

    def close(self) -> None:
        close = getattr(self._chunks, "close", None)
        try:
            if close:
                close()
        finally:
            self._end()


def guest_of(request: Request) -> Guest:
    """Return the installation that calls.

    Raises:
        PermissionRefused: None does.
    """
    if isinstance(request.user, Guest):
        return request.user
    raise PermissionRefused


@contextmanager
def scope_of_guest(guest: Guest) -> Iterator[Tenant]:
    """Run a block in the scope of the tenant whose installation calls.

    Raises:
        AuthenticationFailed: The tenant is not served any more.
    """
    try:
        scope = active_tenant_scope(guest.tenant.slug)
        with scope as tenant:
            yield tenant
    except NotFound as error:
        raise AuthenticationFailed("This installation is not served any more.") from error
