"""The variables that each kind of process gets, and no other."""

import shlex
from collections.abc import Mapping
from pathlib import Path

from deploy.local.files import write_whole
from deploy.local.instance import Instance
from deploy.local.keycloak import Keycloak
from deploy.local.mail import Mail
from deploy.local.ports import LOOPBACK
from deploy.local.postgres import Postgres, web_password
from deploy.local.redis import Redis
from deploy.local.s3 import S3

ADMIN_USERNAME = "superadmin"
ADMIN_EMAIL = "superadmin@plexica.localhost"
API_CLIENT_ID = "plexica-api"
_TRACING = ("PLEXICA_TRACE_ENDPOINT", "PLEXICA_TRACE_RATIO", "PLEXICA_TRACE_PLUGIN_ENDPOINT")
# What an operator may choose for plugins.
PLUGIN_CHOICES = ("PLEXICA_PLUGIN_RUNTIME", "PLEXICA_PLUGIN_ENGINE", "PLEXICA_PLUGIN_BASE_IMAGE")
# The same for backups: what pages speak of, and what only who makes them needs.
BACKUP_CHOICES = ("PLEXICA_BACKUP_TARGET", "PLEXICA_BACKUP_HOURS")
BACKUP_SECRETS = (
    "PLEXICA_BACKUP_RECIPIENTS",
    "PLEXICA_BACKUP_KEEP",
    "PLEXICA_BACKUP_S3_ENDPOINT_URL",
    "PLEXICA_BACKUP_S3_ACCESS_KEY",
    "PLEXICA_BACKUP_S3_SECRET_KEY",
    "PLEXICA_BACKUP_S3_REGION",
)


def web_environment(instance: Instance) -> dict[str, str]:
    """Return what all processes get but the provisioner: no login that makes roles or realms."""
    external = instance.external
    found: dict[str, str] = {
        "DJANGO_SETTINGS_MODULE": "plexica.settings",
        "PLEXICA_ENVIRONMENT": "local",
        "PLEXICA_SECRET_KEY": external.get("PLEXICA_SECRET_KEY") or instance.secrets["secret_key"],
        "PLEXICA_ENCRYPTION_KEYS": external.get("PLEXICA_ENCRYPTION_KEYS")
        or instance.secrets["encryption_key"],
        "PLEXICA_BASE_DOMAIN": external.get("PLEXICA_BASE_DOMAIN") or "localhost",
        "PLEXICA_SCHEME": external.get("PLEXICA_SCHEME") or "http",
        "PLEXICA_PORT": str(instance.ports.web),
        # Keycloak calls this one, and knows no names below localhost.
        "PLEXICA_INTERNAL_URL": external.get("PLEXICA_INTERNAL_URL")
        or f"http://{LOOPBACK}:{instance.ports.web}",
        "PLEXICA_STATIC_ROOT": str(instance.root / "static"),
        "PLEXICA_PLUGIN_DIR": str(instance.root / "plugins"),
        "PLEXICA_PLUGIN_STATIC_DIR": str(instance.root / "plugin-static"),
    }
    for name in BACKUP_CHOICES:
        if name in external:
            found[name] = external[name]
    for part in (Postgres, Redis, Keycloak, S3, Mail):
        found |= part(instance).environment()
    return found | {name: external[name] for name in _TRACING if name in external}


def agent_environment(instance: Instance) -> dict[str, str]:
    """Return what the plugin agent gets: what all get, and what runs plugins."""
    chosen = {name: instance.external[name] for name in PLUGIN_CHOICES if name in instance.external}
    return web_environment(instance) | chosen


def provisioner_environment(instance: Instance) -> dict[str, str]:
    """Return what the provisioning worker and the migrations get."""
    return {
        **web_environment(instance),
        **Postgres(instance).provisioner_environment(),
        **Keycloak(instance).admin_environment(),
        **Keycloak(instance).export_environment(),
        **{name: instance.external[name] for name in BACKUP_SECRETS if name in instance.external},
    }


def setup_environment(instance: Instance) -> dict[str, str]:
    """Return what the set-up commands get: everything."""
    postgres = Postgres(instance)
    return {
        **provisioner_environment(instance),
        "PLEXICA_DATABASE_ADMIN_URL": postgres.admin_url,
        "PLEXICA_WEB_DB_PASSWORD": web_password(postgres.web_url),
        "PLEXICA_PROVISIONER_DB_PASSWORD": web_password(postgres.provisioner_url),
        "PLEXICA_API_CLIENT_SECRET": instance.secrets["api_client_secret"],
        "PLEXICA_ADMIN_USERNAME": ADMIN_USERNAME,
        "PLEXICA_ADMIN_PASSWORD": instance.secrets["admin_password"],
        "PLEXICA_ADMIN_EMAIL": ADMIN_EMAIL,
    }


def credentials(instance: Instance) -> dict[str, str]:
    """Return what a person or a script needs to use the running platform."""
    base = web_environment(instance)
    return {
        "console_url": f"{base['PLEXICA_SCHEME']}://{base['PLEXICA_BASE_DOMAIN']}"
        f":{instance.ports.web}",
        "admin_username": ADMIN_USERNAME,
        "admin_password": instance.secrets["admin_password"],
        "token_url": Keycloak(instance).token_url,
        "api_client_id": API_CLIENT_ID,
        "api_client_secret": instance.secrets["api_client_secret"],
        "keycloak_url": Keycloak(instance).public_url,
        "database_url": Postgres(instance).web_url,
        "s3_endpoint_url": S3(instance).endpoint_url,
        "mail_url": Mail(instance).url,
    }


def write_environment(path: Path, variables: Mapping[str, str]) -> None:
    """Write variables so that a shell can read them: `set -a; . FILE`."""
    lines = [f"{name}={shlex.quote(value)}" for name, value in sorted(variables.items())]
    write_whole(path, "\n".join(lines) + "\n")
