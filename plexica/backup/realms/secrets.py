"""What is secret in a realm's representation, and what a realm makes anew by itself."""

from typing import Any

# Keycloak's names for them, wherever they stand.
_SECRET_NAMES = frozenset(
    {
        "bindCredential",
        "clientSecret",
        "client.secret.rotated",
        "credentials",
        "password",
        "privateKey",
        "registrationAccessToken",
        "secret",
        "smtpServer",
    }
)
# What the admin API shows in place of a secret.
_MASK = "**********"
# A restored realm signs with keys of its own: tokens of the one that it replaces open nothing.
_KEY_PROVIDERS = "org.keycloak.keys.KeyProvider"


def without_secrets(value: Any) -> Any:
    """Return a representation without what could be used to log in."""
    if isinstance(value, dict):
        return {
            name: without_secrets(inner)
            for name, inner in value.items()
            if name not in _SECRET_NAMES
        }
    if isinstance(value, list):
        return [without_secrets(each) for each in value]
    return value


def without_masks(value: Any) -> Any:
    """Return a representation without what stands in the place of a secret."""
    if isinstance(value, dict):
        return {
            name: without_masks(inner)
            for name, inner in value.items()
            if inner not in (_MASK, [_MASK])
        }
    if isinstance(value, list):
        return [without_masks(each) for each in value]
    return value


def without_keys(realm: dict[str, Any]) -> dict[str, Any]:
    """Return a realm without the keys that it signs with, and without Plexica's mail server."""
    components = {
        name: value for name, value in realm.get("components", {}).items() if name != _KEY_PROVIDERS
    }
    left = {name: value for name, value in realm.items() if name != "smtpServer"}
    return {**left, "components": components}
