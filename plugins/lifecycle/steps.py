"""The steps by which an installation is made, and brought to another release.

Each finds its installation by the run that it is a step of (`plugins.lifecycle.current`). Nothing
comes after the migrations but the end of the run, which is one transaction: what they have changed
is never to be taken back.
"""

from typing import ClassVar

from django.conf import settings
from django.utils.translation import gettext_noop

from plexica.core.errors import PermanentError
from plugins.backends import drop_backend, wait_until_ready, want_backend
from plugins.compatibility import explain_incompatibility, explain_unavailable
from plugins.lifecycle.current import has_kept_data, installation_of, release_of
from plugins.lifecycle.database import drop_database, make_database, seal_database
from plugins.lifecycle.django_migrations import apply_django_migrations
from plugins.lifecycle.files import remove_files
from plugins.lifecycle.sql_migrations import apply_sql_migrations
from tenants.models import Tenant
from tenants.provisioning.step import Step


class Compatibility(Step):
    """Whether the release works with this Plexica, and is offered still."""

    name: ClassVar[str] = "compatibility"
    label: ClassVar[str] = gettext_noop("Compatibility")

    def do(self, tenant: Tenant) -> None:
        """Ask.

        Raises:
            PermanentError: It does not, or is not.
        """
        installation = installation_of(tenant)
        release = release_of(installation)
        has_it = release.pk == installation.release_id and has_kept_data(installation)
        # A run keeps its words in English, and pages translate them: so they have no parts.
        if explain_incompatibility(release):
            raise PermanentError(
                gettext_noop("The release does not work with this version of Plexica.")
            )
        if explain_unavailable(release, has_it=has_it):
            raise PermanentError(gettext_noop("The release is not offered any more."))

    def undo(self, tenant: Tenant) -> None:
        """Do nothing: nothing was made."""


class Running(Step):
    """The release's backend, which runs once for all tenants."""

    name: ClassVar[str] = "backend"
    label: ClassVar[str] = gettext_noop("Backend of the plugin")
    needs: ClassVar[frozenset[str]] = frozenset({"compatibility"})

    def do(self, tenant: Tenant) -> None:
        """Have it run, and wait until it answers.

        Raises:
            TransientError: It does not answer yet.
            PermanentError: It will not.
        """
        release = release_of(installation_of(tenant))
        want_backend(release=release)
        wait_until_ready(release=release, seconds=settings.PLEXICA_PLUGIN_READY_SECONDS)

    def undo(self, tenant: Tenant) -> None:
        """Let it go unless somebody needs it; the end of the run looks once more."""
        drop_backend(release=release_of(installation_of(tenant)))


class Database(Step):
    """The schema of the installation, and the role that reaches nothing else."""

    name: ClassVar[str] = "schema"
    label: ClassVar[str] = gettext_noop("Database schema")
    needs: ClassVar[frozenset[str]] = frozenset({"compatibility"})

    def do(self, tenant: Tenant) -> None:
        """Make them, or open those that were kept.

        Raises:
            PermanentError: Something of that name is somebody else's.
        """
        make_database(installation_of(tenant))

    def undo(self, tenant: Tenant) -> None:
        """Drop them; what was kept from an earlier time is closed again."""
        installation = installation_of(tenant)
        if has_kept_data(installation):
            seal_database(installation)
        else:
            drop_database(installation)


class Files(Step):
    """The installation's own prefix in the tenant's bucket, which is there by itself."""

    name: ClassVar[str] = "files"
    label: ClassVar[str] = gettext_noop("Files")
    needs: ClassVar[frozenset[str]] = frozenset({"compatibility"})

    def do(self, tenant: Tenant) -> None:
        """Do nothing: a prefix is there when something is in it."""

    def undo(self, tenant: Tenant) -> None:
        """Delete what is under it; what was kept from an earlier time stays.

        Raises:
            TransientError: The server does not answer.
            PermanentError: The server refuses.
        """
        installation = installation_of(tenant)
        if not has_kept_data(installation):
            remove_files(installation)


class Migrations(Step):
    """The tables, as the release's migrations make them, all in one transaction."""

    name: ClassVar[str] = "migrations"
    label: ClassVar[str] = gettext_noop("Tables of the plugin")
    needs: ClassVar[frozenset[str]] = frozenset({"backend", "schema", "files"})

    def do(self, tenant: Tenant) -> None:
        """Apply those that are not applied yet.

        Raises:
            TransientError: Database or backend do not answer.
            PermanentError: One of them fails; the schema is as before.
        """
        installation = installation_of(tenant)
        release = release_of(installation)
        kind = release.contract.document.get("migrations", {}).get("kind")
        if kind == "sql":
            apply_sql_migrations(installation, release)
        elif kind == "django":
            apply_django_migrations(installation, release)

    def undo(self, tenant: Tenant) -> None:
        """Do nothing: they are one transaction, and nothing after them fails."""
