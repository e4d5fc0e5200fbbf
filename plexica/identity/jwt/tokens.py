"""What a token must be, whatever it is for: signed by the realm, for us, and valid now."""

from typing import Any

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import RSAKey
from joserfc.jws import JWSRegistry
from joserfc.jwt import JWTClaimsRegistry

from plexica.identity.jwt.errors import TokenRefused
from plexica.identity.jwt.keys import ALGORITHM, signing_key
from plexica.identity.providers import Provider

Claims = dict[str, Any]

MAX_TOKEN_BYTES = 8 * 1024
LEEWAY_SECONDS = 30


def read_token(
    token: str, *, provider: Provider, audience: str, kind: str, came_from_realm: bool = False
) -> Claims:
    """Return a token's claims after everything about it has been checked.

    Args:
        token: The compact form of a JWS (RFC 7515, section 3.1).
        provider: The realm that must have signed it.
        audience: Whom it must be for.
        kind: What Keycloak must call it in `typ`: `Bearer` or `ID`.
        came_from_realm: Whether the realm's token endpoint has just given it.

    Raises:
        TokenRefused: Something about it is not as it must be.
        TransientError: The realm's keys are not at hand.
    """
    claims, _header = decode_token(
        token,
        provider=provider,
        requirements=_requirements(provider.issuer, audience, kind),
        came_from_realm=came_from_realm,
    )
    # A list would pass for the registry if the value is among its members.
    if claims["typ"] != kind or not isinstance(claims["azp"], str):
        raise TokenRefused("The token is of another kind.")
    return claims


def decode_token(
    token: str,
    *,
    provider: Provider,
    requirements: JWTClaimsRegistry,
    came_from_realm: bool = False,
) -> tuple[Claims, Claims]:
    """Return a token's claims and its header, after signature and requirements were checked.

    Args:
        token: The compact form of a JWS (RFC 7515, section 3.1).
        provider: The realm that must have signed it.
        requirements: What its claims must be.
        came_from_realm: Whether the realm's token endpoint has just given it.

    Raises:
        TokenRefused: Something about it is not as it must be.
        TransientError: The realm's keys are not at hand.
    """
    if len(token) > MAX_TOKEN_BYTES or not token.isascii():
        raise TokenRefused("The token is too long or no token at all.")

    def find_key(signature: Any) -> RSAKey:
        key_id = signature.headers().get("kid")
        if not isinstance(key_id, str):
            raise TokenRefused("The token does not name the key that it is signed with.")
        return signing_key(provider, key_id, came_from_realm=came_from_realm)

    # The registry's own limits would refuse before the signature is looked at, which is right.
    try:
        decoded = jwt.decode(
            token, find_key, algorithms=[ALGORITHM], registry=JWSRegistry(algorithms=[ALGORITHM])
        )
        requirements.validate(decoded.claims)
    except ExpiredTokenError as error:
        raise TokenRefused("The token has expired.") from error
    except JoseError as error:
        raise TokenRefused("The token is not valid here.") from error
    except (ValueError, TypeError, RecursionError) as error:
        raise TokenRefused("The token is not understood.") from error
    return decoded.claims, decoded.header


def _requirements(issuer: str, audience: str, kind: str) -> JWTClaimsRegistry:
    return JWTClaimsRegistry(
        leeway=LEEWAY_SECONDS,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": audience},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
        azp={"essential": True},
        typ={"essential": True, "value": kind},
    )
