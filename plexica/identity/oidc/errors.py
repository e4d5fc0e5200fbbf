"""Why a login did not happen, in words for the person who tried."""

from django.utils.translation import gettext_noop

from plexica.core.errors import PlexicaError


class LoginFailed(PlexicaError):
    """The login came to nothing; trying again may help."""

    code = "login-failed"
    title = gettext_noop("The login did not work")
    status = 400


class LoginExpired(LoginFailed):
    """The login was begun too long ago, in another browser, or is over already."""

    code = "login-expired"
    title = gettext_noop("This login is over")


class LoginUnavailable(LoginFailed):
    """Keycloak does not answer."""

    code = "login-unavailable"
    title = gettext_noop("The login service does not answer")
    status = 503


class AccountDisabled(LoginFailed):
    """The person is known and may not come in."""

    code = "account-disabled"
    title = gettext_noop("This account is disabled")
    status = 403
