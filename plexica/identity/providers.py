"""Which realm logs people in, and programs: the one of the current scope.

The realm comes from the scope, which comes from the host name; nothing that a browser sends
chooses it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from django.conf import settings

from plexica.core.crypto import UndecryptableError
from plexica.core.errors import PermanentError
from plexica.core.scope import PLATFORM_SCHEMA, NoScope, current_scope
from tenants.models import Tenant
from tenants.secrets import get_secret
from tenants.selectors import get_tenant

PLATFORM_REALM = "plexica"
CONSOLE_CLIENT = "plexica-console"
API_CLIENT = "plexica-api"
WORKSPACE_CLIENT = "plexica-workspace"
MANAGEMENT_CLIENT = "plexica-management"
WORKSPACE_SECRET = "realm.workspace_client"  # noqa: S105 (the name of a secret)
MANAGEMENT_SECRET = "realm.management_client"  # noqa: S105 (the name of a secret)
SUPER_ADMIN_ROLE = "super-admin"
SUPPORT_ROLE = "support"
READ_ONLY_ROLE = "read-only"
CALLBACK_PATH = "/oidc/callback/"
LOGGED_OUT_PATH = "/oidc/logged-out/"


class SecretLost(PermanentError):
    """Plexica does not have the secret of the realm's client, or cannot decrypt it."""


@dataclass(frozen=True, slots=True)
class Provider:
    """One realm, as the scope's browsers and programs use it.

    Attributes:
        realm: The realm's name.
        issuer: What its tokens name as `iss`: always its public address.
        internal_url: The realm's address for calls by this process.
        client_id: The client that logs browsers in.
        api_audience: What a bearer token must name in `aud`.
        home_url: The public address of the host that people come back to, without a slash.
        read_client_secret: Gives the client's secret; it is read only where it is used.
    """

    realm: str
    issuer: str
    internal_url: str
    client_id: str
    api_audience: str
    home_url: str
    read_client_secret: Callable[[], str] = field(repr=False, compare=False)

    @property
    def client_secret(self) -> str:
        """The secret of the client that logs browsers in.

        Raises:
            SecretLost: It is not kept, or no present key opens it.
        """
        try:
            return self.read_client_secret()
        except (KeyError, UndecryptableError) as error:
            raise SecretLost("The secret of this place's login is lost.") from error

    @property
    def authorization_endpoint(self) -> str:
        """Where a browser is sent to log in."""
        return f"{self.issuer}/protocol/openid-connect/auth"

    @property
    def end_session_endpoint(self) -> str:
        """Where a browser is sent to log out."""
        return f"{self.issuer}/protocol/openid-connect/logout"

    @property
    def token_endpoint(self) -> str:
        """Where this process exchanges a code for tokens."""
        return f"{self.internal_url}/protocol/openid-connect/token"

    @property
    def public_token_endpoint(self) -> str:
        """Where programs get their tokens."""
        return f"{self.issuer}/protocol/openid-connect/token"

    @property
    def jwks_endpoint(self) -> str:
        """Where this process reads the realm's public keys."""
        return f"{self.internal_url}/protocol/openid-connect/certs"

    @property
    def redirect_uri(self) -> str:
        """Where the realm sends a browser back to with a code."""
        return f"{self.home_url}{CALLBACK_PATH}"

    @property
    def post_logout_redirect_uri(self) -> str:
        """Where the realm sends a browser after it logged out."""
        return f"{self.home_url}/"

    @property
    def logged_out_uri(self) -> str:
        """Where the realm sends a browser after its person logged out everywhere."""
        return f"{self.home_url}{LOGGED_OUT_PATH}"


def platform_provider() -> Provider:
    """Return the realm of the platform's staff and of programs that use the platform's API."""
    server = settings.KEYCLOAK_SERVERS["default"]
    return Provider(
        realm=PLATFORM_REALM,
        issuer=f"{server.public_url}/realms/{PLATFORM_REALM}",
        internal_url=f"{server.internal_url}/realms/{PLATFORM_REALM}",
        client_id=CONSOLE_CLIENT,
        api_audience=API_CLIENT,
        home_url=settings.PLEXICA_CONSOLE_URL,
        read_client_secret=lambda: settings.PLEXICA_CONSOLE_CLIENT_SECRET,
    )


def tenant_provider(tenant: Tenant) -> Provider:
    """Return a tenant's own realm."""
    server = settings.KEYCLOAK_SERVERS[tenant.keycloak]
    return Provider(
        realm=tenant.realm,
        issuer=f"{server.public_url}/realms/{tenant.realm}",
        internal_url=f"{server.internal_url}/realms/{tenant.realm}",
        client_id=WORKSPACE_CLIENT,
        api_audience=WORKSPACE_CLIENT,
        home_url=tenant.workspace_url,
        read_client_secret=lambda: get_secret(tenant=tenant, name=WORKSPACE_SECRET),
    )


def current_provider() -> Provider:
    """Return the realm of the current scope.

    Raises:
        NoScope: There is no scope, or it is neither the platform's nor a tenant's.
        NotFound: The scope's tenant is gone.
    """
    scope = current_scope()
    if scope.tenant_slug is not None:
        return tenant_provider(get_tenant(slug=scope.tenant_slug))
    if scope.schema != PLATFORM_SCHEMA:
        raise NoScope(f"Nobody logs in to the schema {scope.schema}.")
    return platform_provider()
