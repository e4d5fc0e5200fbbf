"""Cache keys that carry the scope, so that one tenant never reads what another stored."""

from plexica.core.scope import current_scope_or_none


def make_key(key: str, key_prefix: str, version: int) -> str:
    """Return a key of the current scope (Django's `KEY_FUNCTION`); `-` stands for no scope."""
    scope = current_scope_or_none()
    return f"{scope.schema if scope else '-'}:{key_prefix}:{version}:{key}"
