"""The provisioning steps that give a tenant its roles and its owner."""

from typing import ClassVar

from django.utils.translation import gettext_noop

from plexica.core.actor import SYSTEM
from plexica.core.fence import fenced_transaction
from plexica.identity.providers import tenant_provider
from plexica.identity.services import create_realm_user, provision_user, send_invitation
from plexica.rbac.models import AssignmentSource
from plexica.rbac.part import RolesPart, roles_digest
from plexica.rbac.services import assign_role, ensure_system_roles
from plexica.rbac.system_roles import OWNER
from tenants.lifecycle import note_digest
from tenants.models import Tenant
from tenants.provisioning.step import Step
from tenants.scopes import tenant_scope


class SystemRoles(Step):
    """The roles that every tenant has."""

    name: ClassVar[str] = "roles"
    label: ClassVar[str] = gettext_noop("Roles")
    needs: ClassVar[frozenset[str]] = frozenset({"schema"})

    def do(self, tenant: Tenant) -> None:
        """Write the system roles into the tenant's schema."""
        with tenant_scope(tenant), fenced_transaction():
            ensure_system_roles()
        note_digest(tenant=tenant, field=RolesPart.digest_field, digest=roles_digest())

    def undo(self, tenant: Tenant) -> None:
        """Do nothing to the roles: they are rows of the schema, and go with it."""
        note_digest(tenant=tenant, field=RolesPart.digest_field, digest="")


class Owner(Step):
    """The person who owns the tenant: in the realm, in the schema, and invited."""

    name: ClassVar[str] = "owner"
    label: ClassVar[str] = gettext_noop("Owner and invitation")
    # The bucket, too, as nobody is to be invited to what may still be taken back.
    needs: ClassVar[frozenset[str]] = frozenset({"schema", "bucket", "realm", "roles"})

    def do(self, tenant: Tenant) -> None:
        """Make the owner, and last of all send the invitation.

        The mail is the one thing that cannot be taken back, so it is sent when all else is done. A
        crash between the mail and the note that the step is done sends it again: at least once.

        Raises:
            TransientError: Keycloak does not answer, or its mail server does not take the mail.
            PermanentError: Keycloak refuses.
        """
        subject = create_realm_user(tenant=tenant, email=tenant.owner_email)
        issuer = tenant_provider(tenant).issuer
        with tenant_scope(tenant), fenced_transaction():
            user = provision_user(
                issuer=issuer, subject=subject, claims={"email": tenant.owner_email}
            )
            assign_role(holder=user, role=OWNER, actor=SYSTEM, source=AssignmentSource.SYSTEM)
        send_invitation(tenant=tenant, subject=subject)

    def undo(self, tenant: Tenant) -> None:
        """Do nothing: the person is part of the realm and of the schema, and goes with them."""
