"""Who a bearer token of the platform's realm stands for.

A program has no row there; a person has one once they have logged in to the console.
"""

from dataclasses import dataclass

from plexica.core.actor import Actor
from plexica.identity.jwt.bearer import realm_roles
from plexica.identity.jwt.tokens import Claims
from plexica.identity.models import User

SERVICE_ACCOUNT_PREFIX = "service-account-"


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller of the API, as `request.user`.

    Attributes:
        actor: Who acts, with the roles that the token carries.
        user: A person's row, if they have logged in to the console: it holds further roles.
    """

    actor: Actor
    user: User | None = None
    is_authenticated: bool = True
    is_anonymous: bool = False
    is_active: bool = True

    @property
    def pk(self) -> str:
        """What rate limits and keys of idempotency tell callers apart by."""
        return f"{self.actor.kind}:{self.actor.id}"

    def __str__(self) -> str:
        return self.actor.name


def is_of_program(claims: Claims) -> bool:
    """Return whether a checked token was given to a client for itself, and not for a person.

    Keycloak names the account of a client after it, in lower case.
    """
    return bool(
        claims.get("preferred_username") == f"{SERVICE_ACCOUNT_PREFIX}{claims['azp'].lower()}"
    )


def principal_of(claims: Claims) -> Principal:
    """Return whom the claims of a checked access token stand for.

    A service account is known by its client, as its user behind the scenes changes when the
    client is made anew; a person by their subject.
    """
    username = claims.get("preferred_username")
    name = username if isinstance(username, str) else str(claims["sub"])
    roles = realm_roles(claims)
    if is_of_program(claims):
        client = str(claims["azp"])
        return Principal(Actor(kind="service_account", id=client, name=client, roles=roles))
    return Principal(Actor(kind="user", id=str(claims["sub"]), name=name, roles=roles))
