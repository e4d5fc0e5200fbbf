"""Why a token is not accepted; the words are safe to show."""

from plexica.core.errors import PlexicaError


class TokenRefused(PlexicaError):
    """The token is not one that this host accepts."""

    code = "not-authenticated"
    title = "The token is not accepted"
    status = 401
