"""What each process of compose.yaml knows, and which OS user it runs as."""

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

ADMIN_USERNAME = "superadmin"
API_CLIENT_ID = "plexica-api"

# The OS users that compose.yaml and the makers' images name.
_PLEXICA, _ROOT, _POSTGRES, _REDIS, _KEYCLOAK, _S3, _PROXY = 10001, 0, 999, 999, 1000, 10002, 10003
OWNERS = {
    "web": _PLEXICA,
    "provisioner": _PLEXICA,
    "setup": _PLEXICA,
    "plugins": _ROOT,
    "postgres": _POSTGRES,
    "redis": _REDIS,
    "keycloak": _KEYCLOAK,
    "s3": _S3,
}
# Volumes whose images do not say whose they are.
VOLUMES = {
    Path("/volumes/s3"): _S3,
    Path("/volumes/proxy"): _PROXY,
}


# Secrets of servers beside the first of their kind (plexica.settings.servers), and who uses them.
_FURTHER = {
    "keycloak": re.compile(r"KEYCLOAK_[A-Z0-9]+_ADMIN_CLIENT_SECRET"),
    "s3": re.compile(r"S3_[A-Z0-9]+_(ACCESS|SECRET)_KEY"),
}
_READERS = {
    "keycloak": ("provisioner", "setup"),
    "s3": ("web", "plugins", "provisioner", "setup"),
}


def values_for(
    process: str, *, secrets: Mapping[str, str], environment: Mapping[str, str]
) -> dict[str, str]:
    """Return a process's secrets by the names of its variables.

    Args:
        process: One of `OWNERS`.
        secrets: All that was generated.
        environment: `PLEXICA_POSTGRES` and `PLEXICA_REDIS`, host and port, where they are others.
    """
    return {
        "web": _web,
        "plugins": _web,
        "provisioner": _provisioner,
        "setup": _setup,
        "postgres": _postgres,
        "redis": _redis,
        "keycloak": _keycloak,
        "s3": _s3,
    }[process](secrets, environment)


def given_to(process: str, name: str) -> bool:
    """Tell whether a process gets a secret of a further server, if an operator brings it."""
    kind = next((kind for kind, pattern in _FURTHER.items() if pattern.fullmatch(name)), "")
    return process in _READERS.get(kind, ())


def _web(secrets: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    redis = f"redis://:{secrets['redis_password']}@{environment.get('PLEXICA_REDIS', 'redis:6379')}"
    return {
        "PLEXICA_SECRET_KEY": secrets["secret_key"],
        "PLEXICA_ENCRYPTION_KEYS": secrets["encryption_key"],
        "DATABASE_URL": _database(environment, "plexica_web", secrets["web_db_password"]),
        "REDIS_URL": f"{redis}/0",
        "CELERY_BROKER_URL": f"{redis}/1",
        "PLEXICA_CONSOLE_CLIENT_SECRET": secrets["console_client_secret"],
        "S3_ACCESS_KEY": secrets["s3_access_key"],
        "S3_SECRET_KEY": secrets["s3_secret_key"],
        # A server for mail that asks for a password is always an operator's.
        "PLEXICA_SMTP_PASSWORD": "",
    }


def _provisioner(secrets: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    password = secrets["provisioner_db_password"]
    return {
        **_web(secrets, environment),
        "DATABASE_URL": _database(environment, "plexica_provisioner", password),
        "KEYCLOAK_ADMIN_CLIENT_SECRET": secrets["keycloak_client_secret"],
    }


def _setup(secrets: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    superuser = _database(environment, "postgres", secrets["postgres_password"], name="postgres")
    return {
        **_provisioner(secrets, environment),
        "PLEXICA_DATABASE_ADMIN_URL": superuser,
        "PLEXICA_WEB_DB_PASSWORD": secrets["web_db_password"],
        "PLEXICA_PROVISIONER_DB_PASSWORD": secrets["provisioner_db_password"],
        "PLEXICA_API_CLIENT_SECRET": secrets["api_client_secret"],
        "PLEXICA_ADMIN_PASSWORD": secrets["admin_password"],
    }


def _postgres(secrets: Mapping[str, str], _environment: Mapping[str, str]) -> dict[str, str]:
    return {
        "POSTGRES_PASSWORD": secrets["postgres_password"],
        "KEYCLOAK_DB_PASSWORD": secrets["keycloak_db_password"],
    }


def _redis(secrets: Mapping[str, str], _environment: Mapping[str, str]) -> dict[str, str]:
    return {"REDIS_PASSWORD": secrets["redis_password"]}


def _keycloak(secrets: Mapping[str, str], _environment: Mapping[str, str]) -> dict[str, str]:
    return {
        "KC_DB_PASSWORD": secrets["keycloak_db_password"],
        "KC_BOOTSTRAP_ADMIN_PASSWORD": secrets["keycloak_admin_password"],
        "KC_BOOTSTRAP_ADMIN_CLIENT_SECRET": secrets["keycloak_client_secret"],
    }


def _s3(secrets: Mapping[str, str], _environment: Mapping[str, str]) -> dict[str, str]:
    return {
        "ROOT_ACCESS_KEY": secrets["s3_access_key"],
        "ROOT_SECRET_KEY": secrets["s3_secret_key"],
    }


def _database(
    environment: Mapping[str, str], login: str, password: str, *, name: str = "plexica"
) -> str:
    host = environment.get("PLEXICA_POSTGRES", "postgres:5432")
    return f"postgresql://{login}:{quote(password, safe='')}@{host}/{name}"
