"""What becomes of a tenant's plugins when the tenant is suspended, resumed, deleted or removed."""

from typing import ClassVar

from django.utils.translation import gettext_noop

from plexica.core.fence import fenced_transaction
from plugins.backends import drop_backend
from plugins.lifecycle.database import close_database, drop_database, open_database
from plugins.models import Installation
from plugins.states import InstallationState
from tenants.models import Tenant
from tenants.provisioning.step import Step

_WHOLE = (InstallationState.ENABLED, InstallationState.DISABLED)


class PluginsClosed(Step):
    """No plugin reaches the tenant's data, by whatever it has kept."""

    name: ClassVar[str] = "plugins"
    label: ClassVar[str] = gettext_noop("Plugins")

    def do(self, tenant: Tenant) -> None:
        """Let the roles of the installations log in no more, and end their sessions."""
        _close_all(tenant)

    def undo(self, tenant: Tenant) -> None:
        """Let them log in again."""
        _open_all(tenant)


class PluginsOpened(Step):
    """The plugins reach the tenant's data again."""

    name: ClassVar[str] = "plugins"
    label: ClassVar[str] = gettext_noop("Plugins")

    def do(self, tenant: Tenant) -> None:
        """Let the roles of the installations log in."""
        _open_all(tenant)

    def undo(self, tenant: Tenant) -> None:
        """Let them log in no more."""
        _close_all(tenant)


class PluginsRemoved(Step):
    """Nothing is left of the tenant's plugins; their files go with the bucket."""

    name: ClassVar[str] = "plugins"
    label: ClassVar[str] = gettext_noop("Plugins")

    def do(self, tenant: Tenant) -> None:
        """Drop their schemas and roles, and forget the installations."""
        for installation in _all(tenant):
            drop_database(installation)
            with fenced_transaction():
                installation.delete()
            drop_backend(release=installation.release)

    def undo(self, tenant: Tenant) -> None:
        """Do nothing: a removal is not taken back."""


def _close_all(tenant: Tenant) -> None:
    for installation in _all(tenant):
        close_database(installation)


def _open_all(tenant: Tenant) -> None:
    for installation in _all(tenant):
        if installation.state in _WHOLE or installation.is_kept:
            open_database(installation)


def _all(tenant: Tenant) -> list[Installation]:
    found = Installation.objects.filter(tenant_id=tenant.pk)
    return list(found.select_related("tenant", "plugin", "release"))
