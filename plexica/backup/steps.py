"""The steps by which a tenant comes back from an archive, beside those that make every tenant."""

from typing import Any, ClassVar

from django.conf import settings
from django.utils.translation import gettext_noop

from plexica.backup import rows
from plexica.backup.comparison import explain_differences
from plexica.backup.files import load_file
from plexica.backup.installing import make_installation, restored_installations
from plexica.backup.realms.people import import_people, mail_those_without_password
from plexica.backup.realms.representing import restored_realm
from plexica.backup.restoration import Restoration, current_restoration
from plexica.backup.taking import LEFT_OUT
from plexica.core.errors import PermanentError
from plexica.core.fence import check_fence, fenced_transaction
from plexica.core.scope import platform_scope, role_name
from plexica.identity.access import Opening
from plexica.identity.providers import tenant_provider
from plexica.identity.provisioning import Realm
from plexica.rbac.provisioning import SystemRoles
from plugins.backends import drop_backend
from plugins.lifecycle.database import drop_database
from tenants.models import Tenant
from tenants.provisioning.step import Step

_USERS, _GROUPS = "identity_user", "rbac_group"


class RestoredRealm(Realm):
    """The realm as it was, with clients and an account of its own as every realm has."""

    def represent(
        self, tenant: Tenant, *, workspace_secret: str, management_secret: str
    ) -> dict[str, Any]:
        """Return the realm of the archive, with Plexica's own clients as they are now."""
        restoration = current_restoration()
        own = super().represent(
            restoration.as_it_will_be(tenant),
            workspace_secret=workspace_secret,
            management_secret=management_secret,
        )
        return restored_realm(tenant, own, restoration)


class Rows(Step):
    """The rows of the tenant's tables."""

    name: ClassVar[str] = "rows"
    label: ClassVar[str] = gettext_noop("Rows")
    needs: ClassVar[frozenset[str]] = frozenset({"schema"})

    def do(self, tenant: Tenant) -> None:
        """Fill the tables in one transaction; what an earlier try has filled is emptied first.

        Raises:
            ArchiveRefused: The archive is not what it was when it was checked.
            TransientError: The database does not answer.
            PermanentError: It refuses the rows.
        """
        restoration = current_restoration()
        tables = rows.columns_of(restoration.document["tables"], tenant.schema_name)
        restoration.meter.begin(f"{tenant.slug}: rows")
        with rows.session(seconds=settings.PLEXICA_BACKUP_STATEMENT_SECONDS) as opened:
            rows.take_role(opened, role_name("owner"))
            there = [
                table
                for table in rows.list_tables(opened, tenant.schema_name)
                if table.name not in LEFT_OUT
            ]
            if there != tables:
                raise PermanentError("The archive has other tables than this version of Plexica.")
            rows.empty_tables(opened, tables)
            loader = rows.Loader(
                opened,
                tables,
                transforms=_transforms(restoration, tenant, tables),
                meter=restoration.meter,
            )
            with restoration.archive.section(restoration.section("rows")) as members:
                for member in members:
                    loader.load(member.name.split("/")[1], member)
            rows.write_sequences(opened, tenant.schema_name, restoration.document["sequences"])
            check_fence()
        restoration.rows = {name: digest.as_document() for name, digest in loader.digests.items()}

    def undo(self, tenant: Tenant) -> None:
        """Do nothing: they go with the schema."""


class People(Step):
    """The people of the realm, with their groups, roles and, if they are there, passwords."""

    name: ClassVar[str] = "people"
    label: ClassVar[str] = gettext_noop("People")
    needs: ClassVar[frozenset[str]] = frozenset({"realm"})
    _opening = Opening()

    def do(self, tenant: Tenant) -> None:
        """Import them; those who are there already stay. Then open what a suspension had closed.

        Raises:
            TransientError: Keycloak does not answer.
            PermanentError: Keycloak refuses.
        """
        import_people(tenant, current_restoration())
        self._opening.do(tenant)

    def undo(self, tenant: Tenant) -> None:
        """Do nothing: they go with the realm."""


class Files(Step):
    """The files of the bucket."""

    name: ClassVar[str] = "files"
    label: ClassVar[str] = gettext_noop("Files")
    needs: ClassVar[frozenset[str]] = frozenset({"bucket"})

    def do(self, tenant: Tenant) -> None:
        """Write them; one that is there already is written again.

        Raises:
            TransientError: The server does not answer.
            PermanentError: The server refuses.
        """
        restoration = current_restoration()
        with restoration.archive.section(restoration.section("files")) as members:
            for member in members:
                load_file(tenant, member, restoration.meter)

    def undo(self, tenant: Tenant) -> None:
        """Do nothing: they go with the bucket."""


class Plugins(Step):
    """The installations of plugins, with their schemas, roles, rows and settings."""

    name: ClassVar[str] = "plugins"
    label: ClassVar[str] = gettext_noop("Plugins")
    needs: ClassVar[frozenset[str]] = frozenset({"schema", "bucket"})

    def do(self, tenant: Tenant) -> None:
        """Make each anew, as its own role; what an earlier try has made goes first.

        Raises:
            ArchiveRefused: The archive is not what it was when it was checked.
            TransientError: The database does not answer.
            PermanentError: It refuses something, or a release is not there.
        """
        restoration = current_restoration()
        self.undo(tenant)
        with restoration.archive.section(restoration.section("plugins")) as members:
            # Members come as they were written: one installation after the other.
            waiting = iter(members)
            for document in restoration.document["installations"]:
                make_installation(tenant, document, waiting, restoration)
            for _member in waiting:
                raise PermanentError("The archive holds more than its manifest says.")

    def undo(self, tenant: Tenant) -> None:
        """Drop their schemas and roles, and forget them."""
        for installation in restored_installations(tenant):
            drop_database(installation)
            with platform_scope(), fenced_transaction():
                installation.delete()
            drop_backend(release=installation.release)


class Comparison(Step):
    """Whether all that was restored is as it was."""

    name: ClassVar[str] = "comparison"
    label: ClassVar[str] = gettext_noop("Comparison with the archive")
    needs: ClassVar[frozenset[str]] = frozenset({"rows", "people", "files", "plugins"})

    def do(self, tenant: Tenant) -> None:
        """Compare rows, realm, files and plugins with the archive.

        Raises:
            PermanentError: Something differs; the words say what.
            TransientError: A server does not answer.
        """
        differences = explain_differences(tenant, current_restoration())
        if differences:
            raise PermanentError(
                f"What was restored differs from the archive: {'; '.join(differences)}"[:500]
            )

    def undo(self, tenant: Tenant) -> None:
        """Do nothing: nothing was made."""


class RestoredRoles(SystemRoles):
    """The system roles, as this version of Plexica has them; the rows may be an older one's."""

    needs: ClassVar[frozenset[str]] = frozenset({"comparison"})


class Mails(Step):
    """The mails to those who must choose a new password."""

    name: ClassVar[str] = "mails"
    label: ClassVar[str] = gettext_noop("Mails to people without a password")
    needs: ClassVar[frozenset[str]] = frozenset({"comparison", "roles"})

    def do(self, tenant: Tenant) -> None:
        """Send them, last of all, since a mail cannot be taken back.

        Raises:
            TransientError: Keycloak does not answer, or its mail server does not.
            PermanentError: Keycloak refuses.
        """
        restoration = current_restoration()
        if restoration.mails and not restoration.document["has_passwords"]:
            mail_those_without_password(restoration.as_it_will_be(tenant))

    def undo(self, tenant: Tenant) -> None:
        """Do nothing: a mail cannot be taken back."""


def _transforms(
    restoration: Restoration, tenant: Tenant, tables: list[rows.Table]
) -> dict[str, rows.Transform]:
    """Return what changes rows that name the realm, its people or its groups."""
    renaming = restoration.renaming(tenant)
    places = {table.name: table.columns for table in tables}
    old = rows.escape(restoration.document["issuer"])
    new = rows.escape(tenant_provider(tenant).issuer)

    def users(row: list[bytes]) -> list[bytes]:
        issuer, subject = places[_USERS].index("issuer"), places[_USERS].index("subject")
        if row[issuer] == old:
            row[issuer] = new
            row[subject] = renaming.of_id(row[subject].decode()).encode()
        return row

    def groups(row: list[bytes]) -> list[bytes]:
        place = places[_GROUPS].index("realm_group_id")
        row[place] = renaming.of_id(row[place].decode()).encode()
        return row

    return {_USERS: users, _GROUPS: groups}
