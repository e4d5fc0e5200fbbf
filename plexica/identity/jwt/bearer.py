"""Bearer tokens of programs (RFC 6750)."""

from plexica.identity.jwt.tokens import Claims, read_token
from plexica.identity.providers import Provider


def validate_bearer(token: str, provider: Provider) -> Claims:
    """Return the claims of an access token that this host's API accepts.

    Args:
        token: What came in the `Authorization` header.
        provider: The realm of the current scope.

    Raises:
        TokenRefused: It is not for this API, of another realm, not valid now, or no token.
        TransientError: The realm's keys are not at hand.
    """
    return read_token(token, provider=provider, audience=provider.api_audience, kind="Bearer")


def realm_roles(claims: Claims) -> frozenset[str]:
    """Return the realm roles that a token carries."""
    access = claims.get("realm_access")
    roles = access.get("roles") if isinstance(access, dict) else None
    return (
        frozenset(role for role in roles if isinstance(role, str))
        if isinstance(roles, list)
        else frozenset()
    )
