"""The steps by which an installation is closed, and by which nothing is left of it."""

from typing import ClassVar

from django.utils.translation import gettext_noop

from plugins.lifecycle.current import has_kept_data, installation_of
from plugins.lifecycle.database import close_database, drop_database, seal_database
from plugins.lifecycle.files import remove_files
from tenants.models import Tenant
from tenants.provisioning.step import Step

# What is done where the data is kept.
KEEPING = frozenset({"access"})


class Closing(Step):
    """The plugin's access to the installation's database, which ends."""

    name: ClassVar[str] = "access"
    label: ClassVar[str] = gettext_noop("Access of the plugin")

    def do(self, tenant: Tenant) -> None:
        """Let it log in no more, and end its sessions; what is kept can be exported still."""
        installation = installation_of(tenant)
        if has_kept_data(installation):
            seal_database(installation)
        else:
            close_database(installation)

    def undo(self, tenant: Tenant) -> None:
        """Do nothing: an uninstallation is not taken back."""


class DatabaseRemoval(Step):
    """The schema and the role, which go."""

    name: ClassVar[str] = "schema"
    label: ClassVar[str] = gettext_noop("Database schema")
    needs: ClassVar[frozenset[str]] = frozenset({"access"})

    def do(self, tenant: Tenant) -> None:
        """Drop them with all that is theirs."""
        drop_database(installation_of(tenant))

    def undo(self, tenant: Tenant) -> None:
        """Do nothing: an uninstallation is not taken back."""


class FilesRemoval(Step):
    """The files under the installation's prefix, which go."""

    name: ClassVar[str] = "files"
    label: ClassVar[str] = gettext_noop("Files")
    needs: ClassVar[frozenset[str]] = frozenset({"access"})

    def do(self, tenant: Tenant) -> None:
        """Delete them.

        Raises:
            TransientError: The server does not answer.
            PermanentError: The server refuses.
        """
        remove_files(installation_of(tenant))

    def undo(self, tenant: Tenant) -> None:
        """Do nothing: an uninstallation is not taken back."""
