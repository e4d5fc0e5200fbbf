"""Having the next request see what an installation has become."""

from plexica.rbac.services import ensure_system_roles
from plugins.models import Installation
from tenants.epochs import raise_epoch
from tenants.scopes import tenant_scope


def follow_state(installation: Installation) -> None:
    """Have it served, or no more, from the tenant's next request on; in the change's transaction.

    The default grants of its permissions stay as they are.
    """
    with tenant_scope(installation.tenant):
        raise_epoch()


def follow_change(installation: Installation) -> None:
    """Do the same, and have the tenant's system roles hold what its plugins give them now."""
    with tenant_scope(installation.tenant):
        # First, as what is kept of the plugins is kept under the number before.
        raise_epoch()
        ensure_system_roles()
