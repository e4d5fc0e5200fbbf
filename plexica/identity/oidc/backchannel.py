"""Where a realm tells that sessions have ended (OpenID Connect Back-Channel Logout 1.0).

Keycloak calls it at an internal address, `PLEXICA_INTERNAL_URL`, with the realm in the path: the
host name tells nothing here. Nothing is trusted but the token.
"""

from typing import Any

import structlog
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import View

from plexica.core.client_address import client_address
from plexica.core.errors import TransientError
from plexica.core.postgresql.missing import is_table_missing
from plexica.identity.browser_sessions import end_at_realms_word
from plexica.identity.jwt.errors import TokenRefused
from plexica.identity.jwt.logout import LogoutToken, read_logout_token
from plexica.identity.models import UsedLogoutToken
from plexica.identity.providers import current_provider

MAX_BODY_BYTES = 16 * 1024

logger = structlog.get_logger(__name__)


@method_decorator(csrf_exempt, name="dispatch")
class BackchannelLogoutView(View):
    """Takes a realm's word that sessions have ended, and ends them here."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, realm: str) -> HttpResponse:
        """End the sessions that a logout token names."""
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
            return _answer(413, "The request is too large.")
        address = client_address(request)
        try:
            token = _read(request, realm)
            ended = act_on(token)
        except TokenRefused as error:
            logger.warning("logout_token_refused", realm=realm, address=address, reason=str(error))
            # Always the same, so that nobody learns here which realms there are.
            return _answer(400, "The logout token is not accepted.")
        except TransientError as error:
            logger.warning("logout_token_not_checked", realm=realm, reason=str(error))
            return _answer(503, "The token cannot be checked now.")
        logger.info("sessions_ended_by_realm", realm=realm, sessions=ended)
        return _no_store(HttpResponse(status=200))


def _read(request: HttpRequest, realm: str) -> LogoutToken:
    provider = current_provider()
    if realm != provider.realm:
        raise TokenRefused("There is no such realm here.")
    return read_logout_token(request.POST.get("logout_token", ""), provider)


def act_on(token: LogoutToken) -> int:
    """End what a logout token names; once, or not at all.

    Returns:
        How many sessions there were.

    Raises:
        TokenRefused: It has been acted on before.
    """
    try:
        with transaction.atomic():
            if not is_table_missing(UsedLogoutToken):
                UsedLogoutToken.objects.create(digest=token.digest, expires_at=token.expires_at)
            return end_at_realms_word(
                issuer=token.issuer, subject=token.subject, realm_session=token.realm_session
            )
    except IntegrityError as error:
        raise TokenRefused("The token was used before.") from error


def _answer(status: int, description: str) -> HttpResponse:
    body: dict[str, Any] = {"error": "invalid_request", "error_description": description}
    return _no_store(JsonResponse(body, status=status))


def _no_store(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    return response
