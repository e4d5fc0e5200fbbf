"""A new owner for a tenant whose last one is gone; see docs/break-glass.md."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from plexica.audit.services import record
from plexica.core.actor import Actor
from plexica.core.errors import Conflict, InvalidInput
from plexica.core.scope import platform_scope
from plexica.identity.break_glass import check_reason
from plexica.identity.models import RealmChange, User
from plexica.identity.providers import tenant_provider
from plexica.identity.services import (
    create_realm_user,
    enable_realm_user,
    provision_user,
    send_invitation,
)
from plexica.rbac.services import assign_role
from plexica.rbac.system_roles import OWNER
from tenants.lifecycle import save_tenant
from tenants.models import Tenant
from tenants.scopes import tenant_scope


class TenantClosed(Conflict):
    """Nobody can log in to the tenant now."""

    code = "tenant-closed"
    title = gettext_noop("The tenant is not active")


def appoint_owner(*, tenant: Tenant, email: str, reason: str, actor: Actor) -> User:
    """Make somebody an owner of a tenant, whoever else is one, and invite them.

    It can be repeated. That it was asked for is in the platform's audit before anything is done,
    and in the tenant's own once it is.

    Args:
        tenant: Which; it must be active, so that they can log in.
        email: Their address: the person in the tenant's realm who has it, or a new one.
        reason: Why, for the audits.
        actor: Who does it.

    Returns:
        The person.

    Raises:
        TenantClosed: The tenant is not active.
        InvalidInput: The address or the reason is not acceptable.
        OutwardError: Keycloak does not answer, or refuses, or its mail server takes no mail.
    """
    said = check_reason(reason)
    address = _check_address(email)
    if not tenant.is_active:
        raise TenantClosed(_("Resume or restore it first."))
    _record_for_platform(
        tenant, actor, "tenant.owner_requested", {"email": address, "reason": said}
    )
    subject = create_realm_user(tenant=tenant, email=address)
    enable_realm_user(tenant=tenant, subject=subject)
    with tenant_scope(tenant), transaction.atomic():
        user = provision_user(
            issuer=tenant_provider(tenant).issuer, subject=subject, claims={"email": address}
        )
        # What was under way to shut them out, here or at the realm, is called off.
        RealmChange.objects.filter(pk=user.pk).delete()
        if not user.is_active or user.removed_at is not None:
            user.is_active, user.removed_at = True, None
            user.save(update_fields=["is_active", "removed_at"])
        assign_role(holder=user, role=OWNER, actor=actor)
        record(
            actor=actor,
            action="tenant.owner_appointed",
            target=f"user:{user.id}",
            after={"email": address, "reason": said},
        )
    with platform_scope():
        if tenant.owner_email != address:
            save_tenant(tenant=tenant, owner_email=address)
    _record_for_platform(tenant, actor, "tenant.owner_appointed", {"email": address})
    send_invitation(tenant=tenant, subject=subject)
    return user


def _check_address(email: str) -> str:
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError as error:
        raise InvalidInput(fields={"email": error.messages}) from error
    return address


def _record_for_platform(tenant: Tenant, actor: Actor, action: str, facts: dict[str, Any]) -> None:
    with platform_scope(), transaction.atomic():
        record(actor=actor, action=action, target=f"tenant:{tenant.slug}", after=facts)
