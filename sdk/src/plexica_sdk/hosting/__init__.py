"""Hosts a plugin that is a Django app, and gives it what the host has for it.

`python -m plexica_sdk.hosting <app>` runs it. What is named here is what a plugin may rely on.
"""

from plexica_sdk.hosting.answers import problem
from plexica_sdk.hosting.context import (
    Context,
    NoContext,
    PluginRequest,
    Tenant,
    User,
    current,
)
from plexica_sdk.hosting.environment import this_backend
from plexica_sdk.hosting.host import (
    HostError,
    HostUnreachable,
    NotAgreed,
    NotThere,
    Person,
    StoredFile,
    TokenRefused,
)
from plexica_sdk.hosting.permissions import require
from plexica_sdk.hosting.services import publish, send_mail, settings, storage, users

__all__ = [
    "Context",
    "HostError",
    "HostUnreachable",
    "NoContext",
    "NotAgreed",
    "NotThere",
    "Person",
    "PluginRequest",
    "StoredFile",
    "Tenant",
    "TokenRefused",
    "User",
    "current",
    "problem",
    "publish",
    "require",
    "send_mail",
    "settings",
    "storage",
    "this_backend",
    "users",
]
