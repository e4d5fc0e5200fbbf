"""The login backend: mozilla-django-oidc's, for the realm of the current scope.

The library's own knows one provider, checks neither issuer nor audience, has no leeway for clocks
and no limit of time, and matches people by their address. Only its flow is used here: code, tokens,
checked ID token, person.
"""

from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from mozilla_django_oidc.auth import OIDCAuthenticationBackend
from mozilla_django_oidc.utils import import_from_settings

from plexica.core.errors import PermanentError, TransientError
from plexica.identity.hooks import run_login_hooks
from plexica.identity.jwt.errors import TokenRefused
from plexica.identity.jwt.tokens import Claims, read_token
from plexica.identity.keycloak.transport import Transport
from plexica.identity.models import User
from plexica.identity.oidc.errors import LoginFailed, LoginUnavailable
from plexica.identity.providers import Provider, SecretLost, current_provider
from plexica.identity.services import provision_user

TOKEN_SECONDS = 10.0
BACKEND_PATH = "plexica.identity.oidc.backend.ScopedOIDCBackend"


class ScopedOIDCBackend(OIDCAuthenticationBackend):  # type: ignore[misc] # it has no types
    """Logs people in through the realm of the current scope; made anew for every request.

    Attributes:
        tokens: The token endpoint's answer, once a code was exchanged.
        claims: The ID token's checked claims.
    """

    def __init__(self) -> None:
        # Not the library's constructor: it asks settings for the one provider.
        self.UserModel = get_user_model()
        # Read only when a code is exchanged; see `get_token`.
        self.OIDC_RP_CLIENT_SECRET = ""
        self.tokens: dict[str, Any] = {}
        self.claims: Claims = {}

    @cached_property
    def provider(self) -> Provider:
        """The realm of the current scope; most requests need none, and no query for it."""
        return current_provider()

    @property
    def OIDC_RP_CLIENT_ID(self) -> str:  # noqa: N802 (the library's name)
        """Who we are at the realm."""
        return self.provider.client_id

    @staticmethod
    def get_settings(attr: str, *args: Any) -> Any:
        """Return one of the library's settings."""
        return import_from_settings(attr, *args)

    def get_token(self, payload: dict[str, str]) -> dict[str, Any]:
        """Exchange a code for tokens.

        Raises:
            LoginFailed: The realm refuses the code.
            LoginUnavailable: The realm does not answer.
        """
        try:
            form = payload | {
                "client_secret": self.provider.client_secret,
                "redirect_uri": self.provider.redirect_uri,
            }
            answer = Transport(self.provider.token_endpoint).call(
                "POST", "", form=form, read_seconds=TOKEN_SECONDS
            )
        except TransientError as error:
            raise LoginUnavailable(_("The login service did not answer in time.")) from error
        except SecretLost as error:
            raise LoginUnavailable(
                _("This place cannot log anybody in now. Its operator has to repair that.")
            ) from error
        except PermanentError as error:
            raise LoginFailed(_("The login service did not accept this login.")) from error
        if not isinstance(answer.body, dict) or not isinstance(answer.body.get("id_token"), str):
            raise LoginFailed(_("The login service gave no ID token."))
        self.tokens = answer.body
        return self.tokens

    def verify_token(self, token: str, **kwargs: Any) -> Claims:
        """Return an ID token's claims (OpenID Connect Core 1.0, section 3.1.3.7).

        Raises:
            LoginFailed: The token is not this realm's, not for this client or not of this login.
            LoginUnavailable: The realm's keys are not at hand.
        """
        client = self.provider.client_id
        try:
            claims = read_token(
                token, provider=self.provider, audience=client, kind="ID", came_from_realm=True
            )
        except TokenRefused as error:
            raise LoginFailed(error.detail) from error
        except TransientError as error:
            raise LoginUnavailable(_("The login could not be checked.")) from error
        nonce = kwargs.get("nonce")
        if claims["azp"] != client or not nonce or claims.get("nonce") != nonce:
            raise LoginFailed(_("The ID token does not belong to this login."))
        self.claims = claims
        return claims

    def store_tokens(self, access_token: str, id_token: str) -> None:
        """Keep nothing yet: the session's id changes first, see the callback view."""

    def get_or_create_user(self, access_token: str, id_token: str, payload: Claims) -> User:  # noqa: ARG002 (the library's signature)
        """Return the person that the ID token names, by issuer and subject."""
        with transaction.atomic():
            user = provision_user(issuer=payload["iss"], subject=payload["sub"], claims=payload)
            if user.is_active:
                run_login_hooks(user=user, claims=payload)
        return user

    def get_user(self, user_id: str) -> User | None:
        """Return the person of a session; nobody once they are disabled."""
        return User.objects.filter(pk=user_id, is_active=True).first()
