"""What a run is about: the installation that it belongs to."""

from plexica.core.errors import PermanentError
from plugins.models import Installation, Release
from tenants.models import Tenant
from tenants.states import UNFINISHED_RUN_STATES


def installation_of(tenant: Tenant) -> Installation:
    """Return the installation that a tenant's unfinished run belongs to.

    Raises:
        PermanentError: There is none.
    """
    found = (
        Installation.objects.select_related("tenant", "plugin", "release", "target", "run")
        .filter(tenant_id=tenant.pk, run__state__in=UNFINISHED_RUN_STATES)
        .first()
    )
    if found is None:
        raise PermanentError("This run belongs to no installation any more.")
    return found


def release_of(installation: Installation) -> Release:
    """Return the release that a run brings an installation to."""
    return installation.target or installation.release


def has_kept_data(installation: Installation) -> bool:
    """Return whether what an installation had before it was uninstalled is still there."""
    return installation.purge_after is not None
