"""Django's settings for a hosted plugin: few, and all in code."""

import hashlib
import hmac
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import django
from django.conf import settings

from plexica_sdk.errors import PluginError
from plexica_sdk.hosting.environment import Backend, this_backend
from plexica_sdk.hosting.logs import CONFIGURATION
from plexica_sdk.manifest import Manifest

AUTO_FIELD = "django.db.models.BigAutoField"
MAX_BODY_BYTES = 10 * 1024 * 1024
_HOSTING = "plexica_sdk.hosting"
_PROCESSORS = (
    "django.template.context_processors.request",
    "django.template.context_processors.i18n",
    "django.template.context_processors.tz",
    "plexica_sdk.hosting.templates.plexica",
)


def configure(apps: Sequence[str]) -> None:
    """Set Django up for a plugin.

    Args:
        apps: The modules of its apps; the first one's `urls` are the plugin's addresses.

    Raises:
        EnvironmentInvalid: A variable of the host is missing.
        PluginError: An app is not there.
    """
    for app in apps:
        if _missing(app):
            raise PluginError(f"There is no module {app}.")
    settings.configure(**_settings(this_backend(), apps))
    django.setup()


def apps_of(manifest: Manifest) -> tuple[str, ...]:
    """Return the apps that a manifest's command hosts.

    Raises:
        PluginError: It runs something else.
    """
    words = manifest.runtime.command
    if _HOSTING not in words:
        raise PluginError(f"The manifest's command does not run {_HOSTING}.")
    return words[words.index(_HOSTING) + 1 :]


def _settings(backend: Backend, apps: Sequence[str]) -> dict[str, Any]:
    return {
        "ALLOWED_HOSTS": ["*"],  # the gateway asks by an address; the context says who asks
        "DATABASES": _databases(apps),
        "DATA_UPLOAD_MAX_MEMORY_SIZE": MAX_BODY_BYTES,
        "DEFAULT_AUTO_FIELD": AUTO_FIELD,
        "INSTALLED_APPS": [_HOSTING, *apps],
        "LOGGING": CONFIGURATION,
        "MIDDLEWARE": ["plexica_sdk.hosting.middleware.ContextMiddleware"],
        "PLEXICA_URLS": f"{apps[0]}.urls",
        "ROOT_URLCONF": "plexica_sdk.hosting.urls",
        # A new one at each start, like the secret: nothing signed with it may last longer.
        "SECRET_KEY": hmac.new(backend.secret, b"django", hashlib.sha256).hexdigest(),
        "STORAGES": {"default": {"BACKEND": "plexica_sdk.hosting.files.HostStorage"}},
        "TEMPLATES": [
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {"context_processors": list(_PROCESSORS)},
            }
        ],
        "USE_TZ": True,
    }


def _databases(apps: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the one database, or none for a plugin without models: it is given no schema."""
    if all(_missing(f"{app}.migrations") for app in apps):
        return {}
    return {
        "default": {
            "ENGINE": "plexica_sdk.hosting.database",
            "NAME": "of-the-installation",
            "ATOMIC_REQUESTS": True,
        }
    }


def _missing(module: str) -> bool:
    try:
        return find_spec(module) is None
    except ModuleNotFoundError:
        return True
