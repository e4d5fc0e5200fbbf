"""Whom the checked access token of a request stands for.

Their row is read at each request, in one query with whether the token's session has ended. So
whoever is disabled, revoked or logged out is refused at the next one in every process, whatever
Redis keeps.
"""

from dataclasses import replace
from datetime import datetime

from plexica.identity.browser_sessions import end_of_session, end_of_session_now
from plexica.identity.jwt.errors import TokenRefused
from plexica.identity.jwt.tokens import Claims
from plexica.identity.models import ServiceAccount, ServiceAccountState, User, UserKind
from plexica.identity.principals import Principal, is_of_program, principal_of
from plexica.identity.providers import Provider

Caller = User | Principal


class CallerRefused(TokenRefused):
    """The token is the realm's, and whom it stands for may not come in.

    Attributes:
        account: Who they are in their realm.
    """

    def __init__(self, detail: str, claims: Claims) -> None:
        super().__init__(detail)
        self.account = str(claims["sub"])


def caller_of(claims: Claims, provider: Provider, *, is_platform: bool) -> Caller:
    """Return whom a checked token stands for, if they may come in now.

    In a workspace that is a person or a service account of the tenant, as the row that holds their
    roles. The platform's own programs have no row: their roles are those of the token.

    Args:
        claims: The token's claims, as `validate_bearer` gives them.
        provider: The realm of the current scope.
        is_platform: Whether the scope is the platform's.

    Raises:
        CallerRefused: They are unknown, disabled or revoked.
    """
    if is_platform:
        return _of_platform(claims, provider)
    if claims["azp"] == provider.client_id:
        return _person(claims)
    return _service_account(claims)


def _of_platform(claims: Claims, provider: Provider) -> Principal:
    if claims["azp"] == provider.client_id:
        raise CallerRefused("A browser's login opens no API.", claims)
    principal = principal_of(claims)
    if principal.actor.kind == "user":
        _check_end(end_of_session_now(_session_of(claims)), claims)
        found = User.objects.filter(issuer=claims["iss"], subject=claims["sub"]).first()
        if found is not None:
            _check_person(found, claims)
        return replace(principal, user=found)
    return principal


def _person(claims: Claims) -> User:
    user = (
        User.objects.filter(issuer=claims["iss"], subject=claims["sub"], kind=UserKind.PERSON)
        .annotate(session_ended_at=end_of_session(_session_of(claims)))
        .first()
    )
    if user is None:
        raise CallerRefused(
            "Nobody here is known by this token. Log in with a browser first.", claims
        )
    _check_person(user, claims)
    _check_end(user.session_ended_at, claims)
    return user


def _session_of(claims: Claims) -> str:
    session = claims.get("sid")
    return session if isinstance(session, str) else ""


def _check_person(user: User, claims: Claims) -> None:
    if not user.is_active:
        raise CallerRefused("This account is disabled.", claims)
    _check_end(user.sessions_ended_at, claims)


def _check_end(ended_at: datetime | None, claims: Claims) -> None:
    # Keycloak counts in whole seconds; of the same second, nobody knows which was first.
    if ended_at is not None and claims["iat"] <= int(ended_at.timestamp()):
        raise CallerRefused("The session that the token was given in has ended.", claims)


def _service_account(claims: Claims) -> User:
    account = (
        ServiceAccount.objects.select_related("user").filter(client_id=claims["azp"]).first()
        if is_of_program(claims)
        else None
    )
    if account is None:
        raise CallerRefused("The token was given to a client that has no access here.", claims)
    if account.state != ServiceAccountState.ACTIVE or not account.user.is_active:
        raise CallerRefused("This service account is not active.", claims)
    if _is_older(claims["iat"], account.secret_rotated_at):
        raise CallerRefused("The token was given for a secret that has been changed.", claims)
    return account.user


def _is_older(issued_at: float, changed_at: datetime | None) -> bool:
    # Keycloak counts in whole seconds.
    return changed_at is not None and issued_at < int(changed_at.timestamp())
