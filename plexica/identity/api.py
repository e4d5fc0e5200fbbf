"""Authentication of the API."""

from time import perf_counter

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from plexica.core.client_address import client_address
from plexica.core.errors import ServiceUnavailable, TransientError
from plexica.core.rate_limits import SAFE_METHODS, TooManyTries, check_tries, count_try
from plexica.identity.callers import Caller, CallerRefused, caller_of
from plexica.identity.jwt.bearer import validate_bearer
from plexica.identity.jwt.errors import TokenRefused
from plexica.identity.jwt.remembered import recall, remember
from plexica.identity.jwt.tokens import Claims
from plexica.identity.metrics import TOKEN_SECONDS
from plexica.identity.providers import Provider, platform_provider, tenant_provider
from tenants.requests import tenant_or_none

SCHEME = b"bearer"
PARTS = 2


class BearerAuthentication(BaseAuthentication):
    """Accepts access tokens of the current scope's realm; a session opens nothing here."""

    def authenticate(self, request: Request) -> tuple[Caller, Claims] | None:
        """Return the caller and the token's claims, or None if no token came.

        Raises:
            AuthenticationFailed: A token came that is not accepted.
            TooManyTries: Too many such tokens came from this address or this account, or the
                caller calls too often.
            ServiceUnavailable: The keys to check it with are not at hand.
        """
        parts = get_authorization_header(request).split()
        if not parts:
            return None
        if parts[0].lower() != SCHEME or len(parts) != PARTS:
            raise AuthenticationFailed("Send one access token as `Authorization: Bearer …`.")
        tenant = tenant_or_none(request)
        provider = tenant_provider(tenant) if tenant else platform_provider()
        token, address = parts[1].decode("latin-1"), client_address(request)
        try:
            claims = check_token(token, provider, address)
            caller = caller_of(claims, provider, is_platform=tenant is None)
        except CallerRefused as error:
            count_try("token", address=address, account=error.account)
            raise AuthenticationFailed(error.detail) from error
        except TokenRefused as error:
            count_try("token", address=address)
            raise AuthenticationFailed(error.detail) from error
        except TransientError as error:
            raise ServiceUnavailable("Tokens cannot be checked now. Try again soon.") from error
        count_try("api", account=str(caller.pk))
        if request.method not in SAFE_METHODS:
            count_try("write", account=str(caller.pk))
        return caller, claims

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 (the framework's signature)
        """Return what `WWW-Authenticate` says with a 401 (RFC 6750, section 3)."""
        return 'Bearer realm="plexica"'


def check_token(token: str, provider: Provider, address: str) -> Claims:
    """Return the claims of an access token, which need not be checked if it was before.

    Args:
        token: What came in the `Authorization` header.
        provider: The realm of the current scope.
        address: Where it comes from.

    Raises:
        TooManyTries: Too many that were refused came from there.
        TokenRefused: It is not for this API, of another realm, not valid now, or no token.
        TransientError: The realm's keys are not at hand.
    """
    began, outcome = perf_counter(), "failed"
    try:
        claims = _checked(token, provider, address)
        outcome = "accepted"
    except (TokenRefused, TooManyTries):
        outcome = "refused"
        raise
    finally:
        TOKEN_SECONDS.labels(outcome).observe(perf_counter() - began)
    return claims


def _checked(token: str, provider: Provider, address: str) -> Claims:
    known = recall(token)
    if known is not None:
        return known
    # Those who are known go on while others at their address try tokens out.
    check_tries("token", address=address)
    claims = validate_bearer(token, provider)
    remember(token, claims)
    return claims
