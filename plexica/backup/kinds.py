"""The kind of run by which a tenant comes back from an archive."""

from typing import ClassVar

from django.utils.translation import gettext as _

from plexica.backup.restoration import current_restoration
from plexica.core.errors import Conflict
from tenants.models import Domain, ProvisioningRun, Tenant
from tenants.provisioning.kinds import Creation
from tenants.slugs import domain_name
from tenants.states import RunKind


class FromBackup(Creation):
    """A tenant comes back: ACTIVE when all of it is as it was, or not at all."""

    name: ClassVar[RunKind] = RunKind.FROM_BACKUP
    past: ClassVar[str] = "restored_from_backup"

    def succeed(self, tenant: Tenant) -> None:
        """Make it ACTIVE at its address, which it takes from the tenant that it replaces."""
        replaced = current_restoration().replaces
        if replaced is not None:
            _exchange_slugs(tenant, Tenant.objects.select_for_update().get(pk=replaced))
        super().succeed(tenant)

    def begin_again(self, *, failed: ProvisioningRun, run: ProvisioningRun) -> None:  # noqa: ARG002
        """Refuse: the archive is with whoever restores.

        Raises:
            Conflict: Always.
        """
        raise Conflict(_("Run `manage.py backup restore` again: it begins anew."))


def _exchange_slugs(tenant: Tenant, replaced: Tenant) -> None:
    slug, other = replaced.slug, tenant.slug
    # No tenant has this one: it is no slug at all.
    for each, its_slug in ((replaced, f"-{other}"[:32]), (tenant, slug), (replaced, other)):
        Tenant.objects.filter(pk=each.pk).update(slug=its_slug)
        each.slug = its_slug
    Domain.objects.filter(domain=domain_name(slug)).update(domain=domain_name(other))
