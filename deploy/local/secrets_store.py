"""Generated passwords and keys of an instance, made once and kept in one private file."""

import base64
import json
import secrets
from collections.abc import Callable
from pathlib import Path

from deploy.local.files import locked, write_whole


def _token() -> str:
    return secrets.token_urlsafe(32)


def _long_token() -> str:
    """Make one as long as Django wants a key that it signs with (its check W009)."""
    return secrets.token_urlsafe(48)


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def _readable_password() -> str:
    """Make a password that a person can type: 20 characters without look-alikes."""
    letters = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(4))


SECRETS: dict[str, Callable[[], str]] = {
    "secret_key": _long_token,
    "encryption_key": _fernet_key,
    "postgres_password": _token,
    "web_db_password": _token,
    "provisioner_db_password": _token,
    "keycloak_db_password": _token,
    "redis_password": _token,
    "keycloak_admin_password": _readable_password,
    "keycloak_client_secret": _token,
    "console_client_secret": _token,
    "api_client_secret": _token,
    "admin_password": _readable_password,
    "s3_access_key": lambda: secrets.token_hex(10),
    "s3_secret_key": _token,
    "supervisor_password": _token,
}


def load_secrets(path: Path) -> dict[str, str]:
    """Return the instance's secrets, making those that do not exist yet."""
    with locked(path.with_name(f".{path.name}.lock")):
        known: dict[str, str] = json.loads(path.read_text("utf-8")) if path.exists() else {}
        missing = {name: make() for name, make in SECRETS.items() if name not in known}
        if missing:
            known |= missing
            write_whole(path, json.dumps(known, indent=2) + "\n")
    return known
