"""The clients of service accounts in a tenant's realm: made, given secrets, removed.

What a cut has left is found by the rows, and removed by the clock.
"""

import secrets
from contextlib import suppress
from datetime import timedelta

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from plexica.audit.services import record
from plexica.core.actor import SYSTEM, Actor
from plexica.core.errors import OutwardError
from plexica.identity.keycloak.errors import KeycloakNotFound
from plexica.identity.keycloak.realm import realm_client
from plexica.identity.models import ServiceAccount, ServiceAccountState
from plexica.identity.realm_clients import program_client
from plexica.identity.service_accounts import (
    ServiceAccountBroken,
    abandon,
    lock_active,
    target_of,
    tell,
    update_row,
)
from tenants.models import Tenant
from tenants.served import in_each_served

SECRET_BYTES = 32
# Longer than any request may take to make a client.
GIVEN_UP_AFTER = timedelta(minutes=5)

logger = structlog.get_logger(__name__)


def make_client(*, tenant: Tenant, account: ServiceAccount) -> str:
    """Make the client of a service account in the realm.

    Returns:
        Its secret, which nothing but the realm keeps.

    Raises:
        OutwardError: Keycloak does not answer, or refuses. The client may be there or not.
    """
    secret = secrets.token_urlsafe(SECRET_BYTES)
    realm_client(tenant).create_client(program_client(account.client_id, secret=secret))
    return secret


def rotate_secret(*, tenant: Tenant, account: ServiceAccount, actor: Actor) -> str:
    """Give a service account a new secret; neither the old one nor its tokens open anything then.

    That it was asked for is in the audit before the realm is asked, as its answer may be lost: then
    the secret may have changed, and asking again gives another one.

    Returns:
        The secret, which nothing but the realm keeps.

    Raises:
        ServiceAccountRevoked: It was revoked.
        ServiceAccountBroken: The realm has no client for it.
        OutwardError: Keycloak does not answer, or refuses.
    """
    with transaction.atomic():
        found = lock_active(account)
        record(actor=actor, action="service_account.rotation_asked", target=target_of(found))
    secret = secrets.token_urlsafe(SECRET_BYTES)
    realm = realm_client(tenant)
    client = realm.find_client(account.client_id)
    if client is None:
        raise _broken()
    try:
        realm.update_client({"id": client["id"], "clientId": account.client_id, "secret": secret})
    except KeycloakNotFound as error:
        raise _broken() from error
    with transaction.atomic():
        found = lock_active(account)
        update_row(found, secret_rotated_at=timezone.now())
        tell(found, "secret_rotated", actor)
    return secret


def settle(*, tenant: Tenant, account: ServiceAccount) -> None:
    """Remove the client of an account that is revoked or was given up, as far as it is there.

    Raises:
        OutwardError: Keycloak does not answer, or refuses. It is tried again by the clock.
    """
    realm = realm_client(tenant)
    client = realm.find_client(account.client_id)
    if client is not None:
        # Somebody else may be quicker.
        with suppress(KeycloakNotFound):
            realm.delete_client(client["id"])
    with transaction.atomic():
        found = ServiceAccount.objects.select_for_update().filter(pk=account.pk).first()
        if found is None:
            return
        if found.state == ServiceAccountState.ABANDONED:
            # A request whose answer was lost may still make the client, which is then found by it.
            if found.created_at < timezone.now() - GIVEN_UP_AFTER:
                found.user.delete()
        elif found.state == ServiceAccountState.REVOKED:
            update_row(found, is_client_left=False)


def settle_soon(*, tenant: Tenant, account: ServiceAccount) -> None:
    """Do the same now if Keycloak answers, or else by the clock."""
    try:
        settle(tenant=tenant, account=account)
    except OutwardError as error:
        logger.warning("client_left_for_later", client=account.client_id, reason=str(error))


def settle_service_accounts() -> int:
    """Remove the clients that should not be there any more, of all tenants that are served.

    Returns:
        How many accounts are settled.
    """
    return in_each_served(_settle_all_of, doing="settle_service_accounts")


def _settle_all_of(tenant: Tenant) -> int:
    settled = 0
    late = ServiceAccount.objects.filter(
        state=ServiceAccountState.CREATING, created_at__lt=timezone.now() - GIVEN_UP_AFTER
    )
    for account in late:
        abandon(account=account, actor=SYSTEM)
    left = Q(state=ServiceAccountState.ABANDONED) | Q(
        state=ServiceAccountState.REVOKED, is_client_left=True
    )
    for account in ServiceAccount.objects.filter(left):
        try:
            settle(tenant=tenant, account=account)
            settled += 1
        except OutwardError as error:
            logger.warning("client_not_removed", client=account.client_id, reason=str(error))
            break
    return settled


def _broken() -> ServiceAccountBroken:
    return ServiceAccountBroken(_("Revoke it, and make another one."))
