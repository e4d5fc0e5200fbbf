"""An installation's files: all that is under its prefix in the tenant's bucket."""

from plexica.storage.buckets import empty_prefix
from plexica.storage.clients import get_client
from plexica.storage.errors import mapped_errors
from plugins.models import Installation
from tenants.theme import RESERVED_PREFIX

PLUGINS_PREFIX = f"{RESERVED_PREFIX}plugins/"


def files_prefix(installation: Installation) -> str:
    """Return what the keys of an installation's files begin with; people do not reach them."""
    return f"{PLUGINS_PREFIX}{installation.plugin.slug}/"


def remove_files(installation: Installation) -> None:
    """Delete an installation's files, in all their versions.

    Raises:
        TransientError: The server does not answer, or fails.
        PermanentError: The server refuses.
    """
    tenant = installation.tenant
    with mapped_errors("deleting the plugin's files"):
        empty_prefix(get_client(tenant.s3), tenant.bucket, files_prefix(installation))
