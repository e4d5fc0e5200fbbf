"""The runs that change a tenant's installations, as the tenant itself may see and repeat them."""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from plexica.core.actor import Actor
from plexica.core.errors import NotFound
from plexica.core.scope import platform_scope
from plugins.models import Installation
from plugins.states import InstallationState
from plugins.telling import tell
from tenants.models import ProvisioningRun, Tenant
from tenants.progress import Progress, get_progress
from tenants.selectors import list_runs
from tenants.services import retry_run
from tenants.states import RunKind

PLUGIN_KINDS = (RunKind.PLUGIN_INSTALL, RunKind.PLUGIN_UPGRADE, RunKind.PLUGIN_UNINSTALL)


@dataclass(frozen=True, slots=True)
class PluginRun:
    """A run of one of a tenant's installations.

    Attributes:
        run: The run.
        progress: How far it is.
        installation: What it was the last to change; None if that is gone, or has changed since.
        is_last: Whether nothing else has been done to the tenant since.
    """

    run: ProvisioningRun
    progress: Progress
    installation: Installation | None
    is_last: bool

    @property
    def may_be_retried(self) -> bool:
        """Whether the same run can be begun again, and would do the same.

        An upgrade that failed, and data that was not taken over, wait for another consent.
        """
        return (
            self.is_last
            and self.run.has_failed
            and self.installation is not None
            and (
                self.installation.state == InstallationState.FAILED
                or self.run.kind == RunKind.PLUGIN_UNINSTALL
            )
        )


def get_plugin_run(*, tenant: Tenant, slug: str, run_id: UUID) -> PluginRun:
    """Return a run of one of a tenant's installations.

    Args:
        tenant: Whose.
        slug: The plugin's.
        run_id: The run's.

    Raises:
        NotFound: The tenant has no such run, or it is about something else.
    """
    with platform_scope():
        run = ProvisioningRun.objects.filter(
            tenant=tenant, pk=run_id, kind__in=PLUGIN_KINDS
        ).first()
        installation = (
            Installation.objects.select_related("tenant", "plugin", "release", "target")
            .filter(run=run)
            .first()
            if run
            else None
        )
        if run is None or (installation is not None and installation.plugin.slug != slug):
            raise NotFound(_("There is no such run."))
        last = list_runs(tenant=tenant).first()
        return PluginRun(
            run=run,
            progress=get_progress(run=run),
            installation=installation,
            is_last=last is not None and last.pk == run.pk,
        )


def retry_plugin_run(*, tenant: Tenant, slug: str, run_id: UUID, actor: Actor) -> ProvisioningRun:
    """Begin a failed run of an installation again, with the consent and settings that it had.

    Args:
        tenant: Whose.
        slug: The plugin's.
        run_id: The run's.
        actor: Who asks for it.

    Raises:
        NotFound: The tenant has no such run.
        Conflict: It has not failed, is not the tenant's last one, or its installation is not what
            it was then.
    """
    with platform_scope(), transaction.atomic():
        found = get_plugin_run(tenant=tenant, slug=slug, run_id=run_id)
        run = retry_run(run=found.run, actor=actor)
        if found.installation is not None:
            found.installation.refresh_from_db()
            what = "install" if run.kind == RunKind.PLUGIN_INSTALL else "uninstall"
            tell(found.installation, f"{what}_requested", actor=actor)
    return run
