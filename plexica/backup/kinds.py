"""The kind of run by which a tenant comes back from an archive."""

from typing import ClassVar

from django.utils.translation import gettext as _

from plexica.core.errors import Conflict
from tenants.models import ProvisioningRun
from tenants.provisioning.kinds import Creation
from tenants.states import RunKind


class FromBackup(Creation):
    """A tenant comes back: ACTIVE when all of it is as it was, or not at all."""

    name: ClassVar[RunKind] = RunKind.FROM_BACKUP
    past: ClassVar[str] = "restored_from_backup"

    def begin_again(self, *, failed: ProvisioningRun, run: ProvisioningRun) -> None:  # noqa: ARG002
        """Refuse: the archive is with whoever restores.

        Raises:
            Conflict: Always.
        """
        raise Conflict(_("Run `manage.py backup restore` again: it begins anew."))
