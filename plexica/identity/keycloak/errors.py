"""How a call to Keycloak can fail; the words are safe to show, the raw cause is `__cause__`."""

from plexica.core.errors import PermanentError


class KeycloakNotFound(PermanentError):
    """Keycloak knows no such thing."""


class KeycloakConflict(PermanentError):
    """Keycloak has such a thing already."""


class KeycloakUnauthorized(PermanentError):
    """Keycloak does not know the account that calls, or its secret."""


class KeycloakForbidden(PermanentError):
    """The account that calls may not do this."""


class RawAnswerError(Exception):
    """What Keycloak answered, for the log and never for people.

    Attributes:
        status: The HTTP status code.
        body: The beginning of the answer's body.
    """

    def __init__(self, *, method: str, path: str, status: int, body: str) -> None:
        super().__init__(f"{method} {path}: HTTP {status}: {body}")
        self.status = status
        self.body = body
