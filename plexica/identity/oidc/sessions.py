"""What a browser's session keeps of a login: tokens, encrypted, and the roles of the realm."""

import json
from typing import Any

from django.contrib.sessions.backends.base import SessionBase

from plexica.core.crypto import UndecryptableError, decrypt, encrypt
from plexica.identity.actors import SESSION_ROLES
from plexica.identity.jwt.bearer import realm_roles
from plexica.identity.jwt.tokens import Claims

SESSION_TOKENS = "identity_tokens"
SESSION_REALM_SESSION = "identity_sid"


def store_login(session: SessionBase, *, tokens: dict[str, Any], claims: Claims) -> None:
    """Keep what a login brought.

    Args:
        session: The session, after its id was changed.
        tokens: The token endpoint's answer (RFC 6749, section 5.1).
        claims: The ID token's checked claims.
    """
    kept = {name: tokens[name] for name in ("id_token", "refresh_token") if tokens.get(name)}
    session[SESSION_TOKENS] = encrypt(json.dumps(kept))
    session[SESSION_REALM_SESSION] = claims.get("sid", "")
    session[SESSION_ROLES] = sorted(realm_roles(claims))


def stored_id_token(session: SessionBase) -> str:
    """Return the ID token of the login, or an empty string."""
    ciphertext = session.get(SESSION_TOKENS)
    if not isinstance(ciphertext, str):
        return ""
    try:
        token = json.loads(decrypt(ciphertext)).get("id_token", "")
    except UndecryptableError:
        # Encrypted with a key that is gone: Keycloak will ask whether to log out.
        return ""
    return str(token)
