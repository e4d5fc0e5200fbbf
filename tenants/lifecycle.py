"""The one place where a tenant's state changes."""

from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from plexica.core.errors import Conflict
from plexica.core.fence import fenced_transaction
from plexica.core.scope import platform_scope
from tenants.models import Tenant
from tenants.states import TRANSITIONS, TenantState


class StaleTenant(Conflict):
    """Somebody else changed the tenant in the meantime."""

    code = "stale-tenant"
    title = gettext_noop("The tenant was changed by somebody else in the meantime")


class ForbiddenTransition(Conflict):
    """A tenant in this state cannot go to that one."""

    code = "forbidden-transition"
    title = gettext_noop("The tenant's state does not allow this")


def save_tenant(*, tenant: Tenant, **values: Any) -> None:
    """Write values of a tenant that nobody else has changed since it was read.

    Raises:
        StaleTenant: Somebody has.
    """
    values["updated_at"] = timezone.now()
    with transaction.atomic():
        changed = Tenant.objects.filter(pk=tenant.pk, version=tenant.version).update(
            version=F("version") + 1, **values
        )
    if not changed:
        raise StaleTenant(_("Load the tenant again, and repeat the change on what is there now."))
    tenant.version += 1
    for name, value in values.items():
        setattr(tenant, name, value)


def move_tenant(*, tenant: Tenant, to: TenantState, **values: Any) -> None:
    """Bring a tenant to another state.

    Raises:
        ForbiddenTransition: There is no way from its state to that one.
        StaleTenant: Somebody else changed the tenant in the meantime.
    """
    if to not in TRANSITIONS[TenantState(tenant.state)]:
        raise ForbiddenTransition(
            _("A tenant that is %(present)s cannot become %(wanted)s.")
            % {"present": tenant.state, "wanted": to}
        )
    save_tenant(tenant=tenant, state=to, **values)


def note_digest(*, tenant: Tenant, field: str, digest: str) -> None:
    """Write down what a part of a tenant was made from or brought to.

    Args:
        tenant: Whose part it is.
        field: The part's column, see `tenants.parts.Part.digest_field`.
        digest: What the part is now; empty when it is gone.
    """
    with platform_scope(), fenced_transaction():
        Tenant.objects.filter(pk=tenant.pk).update(**{field: digest})
    setattr(tenant, field, digest)
