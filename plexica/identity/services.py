"""Making and inviting people, and keeping their row in step with what their realm says."""

from typing import Any

from django.db import transaction

from plexica.audit.services import record
from plexica.core.actor import Actor
from plexica.events.services import publish
from plexica.identity.jwt.tokens import Claims
from plexica.identity.keycloak.errors import KeycloakConflict, KeycloakNotFound
from plexica.identity.keycloak.realm import realm_client
from plexica.identity.keycloak.transport import READ_SECONDS
from plexica.identity.models import RealmChange, User
from plexica.identity.providers import WORKSPACE_CLIENT
from plexica.identity.realm_representation import INVITATION_SECONDS
from tenants.models import Tenant

# The claims that a row takes over, the columns that they go to, and how many characters fit.
_COLUMNS = {
    "email": ("email", 254),
    "given_name": ("first_name", 255),
    "family_name": ("last_name", 255),
    "locale": ("locale", 35),
}


def provision_user(*, issuer: str, subject: str, claims: Claims) -> User:
    """Make or update the row of a person in the current scope.

    Args:
        issuer: The realm that knows them.
        subject: Who they are in that realm.
        claims: What the realm says of them, such as an ID token's claims; what it does not name
            is left as it is.

    Returns:
        The row, active or not.
    """
    known = {
        column: str(claims[claim])[:length]
        for claim, (column, length) in _COLUMNS.items()
        if claims.get(claim) is not None
    }
    with transaction.atomic():
        user, is_new = User.objects.select_for_update().get_or_create(
            issuer=issuer, subject=subject, defaults=known
        )
        actor = Actor(kind="user", id=str(user.id), name=str(user))
        if is_new:
            record(actor=actor, action="user.created", target=f"user:{user.id}", after=_facts(user))
            publish(event="user.created", payload={"user": str(user.id)})
            return user
        before = {
            column: getattr(user, column)
            for column, value in known.items()
            if getattr(user, column) != value
        }
        if "locale" in before and _is_locale_on_its_way(user):
            # The realm has yet to hear what they have chosen here.
            del before["locale"]
        if before:
            for column in before:
                setattr(user, column, known[column])
            user.save(update_fields=list(before))
            record(
                actor=actor,
                action="user.updated",
                target=f"user:{user.id}",
                before=before,
                after={column: known[column] for column in before},
            )
            publish(event="user.updated", payload={"user": str(user.id)})
    return user


def create_realm_user(
    *, tenant: Tenant, email: str, first_name: str = "", last_name: str = ""
) -> str:
    """Make a person in a tenant's realm, who must set a password and prove their address.

    It may be called again: a person with this address is found, not made twice. Nobody registers
    themselves in a tenant's realm, so whoever is there was made by the tenant.

    Args:
        tenant: Whose realm it is.
        email: Their address, which is also what they log in with.
        first_name: As far as it is known.
        last_name: As far as it is known.

    Returns:
        Their subject in the realm.

    Raises:
        TransientError: Keycloak does not answer.
        PermanentError: Keycloak refuses, or another person has this as a user name.
    """
    realm = realm_client(tenant)
    address = email.strip().lower()
    found = realm.find_user_by_email(address)
    if found is not None:
        return str(found["id"])
    try:
        return realm.create_user(
            {
                "username": address,
                "email": address,
                "firstName": first_name,
                "lastName": last_name,
                "enabled": True,
                "emailVerified": False,
                "requiredActions": ["UPDATE_PASSWORD", "VERIFY_EMAIL"],
            }
        )
    except KeycloakConflict:
        # Another process was quicker.
        found = realm.find_user_by_email(address)
        if found is None:
            raise
        return str(found["id"])


def send_invitation(*, tenant: Tenant, subject: str, read_seconds: float = READ_SECONDS) -> None:
    """Send a person the mail with the link to set their password, good for 72 hours.

    Args:
        tenant: Whose realm they are in.
        subject: Who they are in it.
        read_seconds: How long to wait for Keycloak.

    Raises:
        TransientError: Keycloak does not answer, or the mail server did not take the mail.
        PermanentError: The person is not there or disabled.
    """
    realm_client(tenant, read_seconds=read_seconds).send_actions_mail(
        subject,
        actions=["UPDATE_PASSWORD"],
        lifespan_seconds=INVITATION_SECONDS,
        client_id=WORKSPACE_CLIENT,
        redirect_uri=f"{tenant.workspace_url}/",
    )


def enable_realm_user(*, tenant: Tenant, subject: str) -> None:
    """Let a person of a tenant's realm log in; one who may already stays as they are.

    Raises:
        TransientError: Keycloak does not answer.
        PermanentError: Keycloak refuses, or there is no such person.
    """
    realm = realm_client(tenant)
    found = realm.get_user(subject)
    if not found.get("enabled"):
        realm.update_user(subject, {**found, "enabled": True})


def delete_realm_user(*, tenant: Tenant, subject: str) -> None:
    """Delete a person from a tenant's realm; to do so again is no error.

    Raises:
        TransientError: Keycloak does not answer.
        PermanentError: Keycloak refuses.
    """
    try:
        realm_client(tenant).delete_user(subject)
    except KeycloakNotFound:
        return


def _is_locale_on_its_way(user: User) -> bool:
    return RealmChange.objects.filter(pk=user.pk, locale__isnull=False).exists()


def _facts(user: User) -> dict[str, Any]:
    return {column: getattr(user, column) for column, _ in _COLUMNS.values()}
