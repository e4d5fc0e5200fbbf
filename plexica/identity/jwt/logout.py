"""Logout tokens: a realm's word that sessions have ended (OpenID Connect Back-Channel Logout 1.0).

Whoever brings one is not asked who they are. Only what the realm has signed counts.
"""

import hashlib
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from joserfc.jwt import JWTClaimsRegistry

from plexica.identity.jwt.errors import TokenRefused
from plexica.identity.jwt.tokens import LEEWAY_SECONDS, decode_token
from plexica.identity.providers import Provider

LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
# Keycloak gives two minutes.
MAX_LIFETIME_SECONDS = 10 * 60
MAX_CHARACTERS = 255
_TYPES = frozenset({"logout+jwt", "application/logout+jwt"})


@dataclass(frozen=True, slots=True)
class LogoutToken:
    """What a realm says has ended.

    Attributes:
        issuer: The realm.
        subject: The person in it; empty where only a session is named.
        realm_session: The realm's session; empty where all of the person's have ended.
        digest: What tells this token from others.
        expires_at: Until when it is accepted.
    """

    issuer: str
    subject: str
    realm_session: str
    digest: str
    expires_at: datetime


def read_logout_token(token: str, provider: Provider) -> LogoutToken:
    """Return what a logout token says, after all that its section 2.6 asks for was checked.

    That it is used once is for whoever acts on it to see to.

    Args:
        token: The compact form of a JWS.
        provider: The realm that must have signed it.

    Raises:
        TokenRefused: It is not this realm's, not for this client, not valid now, or no such token.
        TransientError: The realm's keys are not at hand.
    """
    claims, header = decode_token(
        token,
        provider=provider,
        requirements=JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": provider.issuer},
            aud={"essential": True, "value": provider.client_id},
            iat={"essential": True},
            exp={"essential": True},
            jti={"essential": True},
            events={"essential": True},
        ),
    )
    kind = header.get("typ")
    if not isinstance(kind, str) or kind.lower() not in _TYPES:
        raise TokenRefused("The token is of another kind.")
    if "nonce" in claims or not _tells_of_a_logout(claims["events"]):
        # An ID token must not pass for one.
        raise TokenRefused("The token tells of no logout.")
    if claims["exp"] > time.time() + MAX_LIFETIME_SECONDS:
        raise TokenRefused("The token would be valid for too long.")
    identifier, subject, session = (claims.get(name, "") for name in ("jti", "sub", "sid"))
    for text in (identifier, subject, session):
        if not isinstance(text, str) or len(text) > MAX_CHARACTERS:
            raise TokenRefused("The token is not understood.")
    if not identifier or not (subject or session):
        raise TokenRefused("The token does not tell whose session has ended.")
    return LogoutToken(
        issuer=provider.issuer,
        subject=subject,
        realm_session=session,
        digest=hashlib.sha256(f"{provider.issuer} {identifier}".encode()).hexdigest(),
        expires_at=datetime.fromtimestamp(claims["exp"] + LEEWAY_SECONDS, UTC),
    )


def _tells_of_a_logout(events: object) -> bool:
    return isinstance(events, dict) and isinstance(events.get(LOGOUT_EVENT), dict)
