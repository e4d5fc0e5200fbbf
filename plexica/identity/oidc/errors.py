"""Why a login did not happen, in words for the person who tried."""

from plexica.core.errors import PlexicaError


class LoginFailed(PlexicaError):
    """The login came to nothing; trying again may help."""

    code = "login-failed"
    title = "The login did not work"
    status = 400


class LoginExpired(LoginFailed):
    """The login was begun too long ago, in another browser, or is over already."""

    code = "login-expired"
    title = "This login is over"


class LoginUnavailable(LoginFailed):
    """Keycloak does not answer."""

    code = "login-unavailable"
    title = "The login service does not answer"
    status = 503


class AccountDisabled(LoginFailed):
    """The person is known and may not come in."""

    code = "account-disabled"
    title = "This account is disabled"
    status = 403
