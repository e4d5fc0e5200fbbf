"""Access tokens of service accounts, kept in the process until shortly before they expire."""

import threading
import time
from dataclasses import dataclass, field

from django.utils.translation import gettext_noop

from plexica.core.errors import PermanentError
from plexica.identity.keycloak.errors import KeycloakUnauthorized, RawAnswerError
from plexica.identity.keycloak.transport import BAD_REQUEST, READ_SECONDS, Answer, Transport

# A token is renewed this long before it expires, so that none expires on its way.
MARGIN_SECONDS = 15.0
MAX_TOKENS = 2000
_REFUSED_CLIENT = ("invalid_client", "unauthorized_client")


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """A confidential client of a realm that acts for itself.

    Attributes:
        base_url: Keycloak's address for this process.
        realm: The realm that the client is in.
        client_id: The client's name.
        client_secret: Its secret.
    """

    base_url: str
    realm: str
    client_id: str
    client_secret: str = field(repr=False)


_lock = threading.Lock()
_tokens: dict[ServiceAccount, tuple[str, float]] = {}


def get_token(account: ServiceAccount, *, read_seconds: float = READ_SECONDS) -> str:
    """Return an access token of a service account, a kept one where it is good for long enough.

    Args:
        account: Whose.
        read_seconds: How long to wait for a new one.

    Raises:
        KeycloakUnauthorized: There is no such account, or the secret is wrong.
        TransientError: Keycloak does not answer.
        PermanentError: Keycloak refuses for another reason, such as a disabled realm.
    """
    with _lock:
        kept = _tokens.get(account)
    if kept and kept[1] > time.monotonic():
        return kept[0]
    asked_at = time.monotonic()
    answer = _ask(account, read_seconds)
    token: str = answer.body["access_token"]
    lifetime = float(answer.body["expires_in"])
    with _lock:
        if len(_tokens) >= MAX_TOKENS:
            _tokens.clear()
        _tokens[account] = (token, asked_at + lifetime - MARGIN_SECONDS)
    return token


def drop_token(account: ServiceAccount) -> None:
    """Forget an account's token, because it is refused or its rights have changed."""
    with _lock:
        _tokens.pop(account, None)


def drop_tokens_of_realm(*, base_url: str, realm: str) -> None:
    """Forget the tokens of all accounts of a realm."""
    with _lock:
        for account in [
            kept for kept in _tokens if kept.base_url == base_url and kept.realm == realm
        ]:
            del _tokens[account]


def _ask(account: ServiceAccount, read_seconds: float) -> Answer:
    try:
        return Transport(account.base_url).call(
            "POST",
            f"/realms/{account.realm}/protocol/openid-connect/token",
            form={
                "grant_type": "client_credentials",
                "client_id": account.client_id,
                "client_secret": account.client_secret,
            },
            read_seconds=read_seconds,
        )
    except PermanentError as error:
        # Some refusals of a client come as 400 (RFC 6749, section 5.2).
        cause = error.__cause__
        if (
            isinstance(cause, RawAnswerError)
            and cause.status == BAD_REQUEST
            and any(reason in cause.body for reason in _REFUSED_CLIENT)
        ):
            raise KeycloakUnauthorized(
                gettext_noop("Keycloak does not accept Plexica's account.")
            ) from cause
        raise
