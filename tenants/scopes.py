"""The scope of a tenant: its schema, as its own database role."""

from collections.abc import Iterator
from contextlib import contextmanager

from plexica.core.errors import NotFound
from plexica.core.scope import PUBLIC_SCHEMA, Scope, enter_scope, platform_scope
from tenants.epochs import epoch_kept
from tenants.models import Tenant
from tenants.schema.behind import missing_columns
from tenants.states import TenantState


def scope_of(tenant: Tenant) -> Scope:
    """Return a tenant's scope."""
    return Scope(
        schema=tenant.schema_name,
        role=tenant.database_role,
        tenant_slug=tenant.slug,
        search_path=(tenant.schema_name, PUBLIC_SCHEMA),
        missing=missing_columns(tenant),
    )


@contextmanager
def tenant_scope(tenant: Tenant) -> Iterator[Tenant]:
    """Run a block in a tenant's scope, whatever its state; provisioning needs it before ACTIVE."""
    with enter_scope(scope_of(tenant)):
        yield tenant


@contextmanager
def active_tenant_scope(slug: str) -> Iterator[Tenant]:
    """Run a block in the scope of a tenant that is served.

    Raises:
        NotFound: There is no such tenant, or it is not active.
    """
    with platform_scope():
        tenant = Tenant.objects.filter(slug=slug, state=TenantState.ACTIVE).first()
    if tenant is None:
        raise NotFound(f"There is no active tenant {slug}.")
    with tenant_scope(tenant), epoch_kept(tenant.schema_name, tenant.permission_epoch):
        yield tenant
