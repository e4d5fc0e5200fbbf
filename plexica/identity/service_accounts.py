"""The rows of a tenant's service accounts, in the current scope.

The row says who is let in. It is written before the realm is asked for anything, and after the
realm has done it (`plexica.identity.service_account_clients`), so an account whose client was not
made, or is not gone yet, opens nothing. What an account may do is the business of a higher app
(`plexica.rbac.service_accounts`).
"""

import uuid
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from plexica.audit.services import record
from plexica.core.actor import Actor
from plexica.core.errors import Conflict, NotFound
from plexica.events.services import publish
from plexica.identity.models import ServiceAccount, ServiceAccountState, User, UserKind
from plexica.identity.providers import tenant_provider
from tenants.models import Tenant

MAX_SERVICE_ACCOUNTS = 200
MAX_ACTOR_NAME = 300
_PRESENT = (ServiceAccountState.CREATING, ServiceAccountState.ACTIVE)
_KNOWN = (ServiceAccountState.ACTIVE, ServiceAccountState.REVOKED)


class ServiceAccountNameTaken(Conflict):
    """Another service account has this name."""

    code = "service-account-name-taken"
    title = gettext_noop("Another service account has this name")


class TooManyServiceAccounts(Conflict):
    """The tenant has as many service accounts as it may."""

    code = "too-many-service-accounts"
    title = gettext_noop("There are too many service accounts")


class ServiceAccountRevoked(Conflict):
    """It was revoked, which is for good."""

    code = "service-account-revoked"
    title = gettext_noop("The service account is revoked")


class ServiceAccountBroken(Conflict):
    """The realm has no client for it any more."""

    code = "service-account-broken"
    title = gettext_noop("The realm does not know the service account any more")


def list_service_accounts() -> QuerySet[ServiceAccount]:
    """Return the service accounts that are or were in use, the active ones first."""
    return (
        ServiceAccount.objects.filter(state__in=_KNOWN)
        .select_related("user")
        .order_by(F("revoked_at").desc(nulls_first=True), "name", "pk")
    )


def count_present() -> int:
    """Return how many service accounts there are, without those that are revoked."""
    return ServiceAccount.objects.filter(state__in=_PRESENT).count()


def begin_service_account(
    *, tenant: Tenant, name: str, description: str, actor: Actor
) -> ServiceAccount:
    """Write the row of a service account that is not let in yet.

    Raises:
        ServiceAccountNameTaken: Another one has the name, whatever its case.
        TooManyServiceAccounts: There are 200 already.
    """
    client_id = f"sa-{uuid.uuid4().hex[:16]}"
    with transaction.atomic():
        if count_present() >= MAX_SERVICE_ACCOUNTS:
            raise TooManyServiceAccounts(
                _("There can be %(max)d. Revoke one that is not needed.")
                % {"max": MAX_SERVICE_ACCOUNTS}
            )
        user = User.objects.create(
            kind=UserKind.SERVICE_ACCOUNT,
            issuer=tenant_provider(tenant).issuer,
            # Not the subject that the realm gives it, as nobody may log in as it.
            subject=f"client:{client_id}",
            first_name=name,
            is_active=False,
        )
        account = _save(
            ServiceAccount(
                user=user,
                client_id=client_id,
                name=name,
                description=description,
                is_client_left=True,
                created_by=actor.name[:MAX_ACTOR_NAME],
            )
        )
        record(
            actor=actor,
            action="service_account.requested",
            target=target_of(account),
            after=facts_of(account),
        )
        return account


def activate(*, account: ServiceAccount, actor: Actor) -> None:
    """Let a service account in whose client has been made, in the present transaction.

    Raises:
        ServiceAccountBroken: It took so long that its creation was given up.
    """
    found = lock(account)
    if found.state != ServiceAccountState.CREATING:
        raise ServiceAccountBroken(_("Making it took too long. Make it again."))
    update_row(found, state=ServiceAccountState.ACTIVE, is_client_left=False)
    found.user.is_active = True
    found.user.save(update_fields=["is_active"])
    tell(found, "created", actor, after=facts_of(found))


def abandon(*, account: ServiceAccount, actor: Actor) -> None:
    """Give the creation of a service account up; `settle` removes what there is of it."""
    with transaction.atomic():
        found = ServiceAccount.objects.select_for_update().filter(pk=account.pk).first()
        if found is not None and found.state == ServiceAccountState.CREATING:
            update_row(found, state=ServiceAccountState.ABANDONED)
            record(
                actor=actor,
                action="service_account.abandoned",
                target=target_of(found),
                before=facts_of(found),
            )


def change_words(*, account: ServiceAccount, actor: Actor, name: str, description: str) -> None:
    """Change what a service account is called.

    Raises:
        ServiceAccountNameTaken: Another one has the name.
        ServiceAccountRevoked: It was revoked.
    """
    with transaction.atomic():
        found = lock_active(account)
        before = facts_of(found)
        found.name, found.description = name, description
        after = facts_of(found)
        if after == before:
            return
        _save(found)
        found.user.first_name = found.name
        found.user.save(update_fields=["first_name"])
        tell(found, "updated", actor, before=before, after=after)


def close(*, account: ServiceAccount, actor: Actor, roles: list[str]) -> None:
    """Refuse a service account from now on, in the present transaction; again changes nothing.

    Args:
        account: Which.
        actor: Who does it.
        roles: The roles that were taken from it, for the audit.
    """
    found = lock(account)
    if found.state != ServiceAccountState.ACTIVE:
        return
    update_row(
        found, state=ServiceAccountState.REVOKED, revoked_at=timezone.now(), is_client_left=True
    )
    found.user.is_active = False
    found.user.save(update_fields=["is_active"])
    tell(found, "revoked", actor, before={**facts_of(found), "roles": roles})


def lock(account: ServiceAccount) -> ServiceAccount:
    """Return the row as it is now, and hold it until the transaction ends.

    Raises:
        NotFound: It is gone.
    """
    found = (
        ServiceAccount.objects.select_for_update(of=("self",))
        .select_related("user")
        .filter(pk=account.pk)
        .first()
    )
    if found is None:
        raise NotFound(_("There is no such service account any more."))
    return found


def lock_active(account: ServiceAccount) -> ServiceAccount:
    """Return the row of an active account, and hold it until the transaction ends.

    Raises:
        ServiceAccountRevoked: It was revoked.
        NotFound: It is gone.
    """
    found = lock(account)
    if found.state != ServiceAccountState.ACTIVE:
        raise ServiceAccountRevoked(_("A revoked account stays revoked. Make another one."))
    return found


def facts_of(account: ServiceAccount) -> dict[str, str]:
    """Return what people see of an account."""
    return {
        "name": account.name,
        "description": account.description,
        "client_id": account.client_id,
    }


def target_of(account: ServiceAccount) -> str:
    """Return how the audit names an account."""
    return f"service_account:{account.pk}"


def update_row(account: ServiceAccount, **values: object) -> None:
    """Write some values of a row that is held."""
    for name, value in values.items():
        setattr(account, name, value)
    account.save(update_fields=list(values))


def tell(
    account: ServiceAccount,
    what: str,
    actor: Actor,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Write down and publish what has happened to an account, in the transaction that does it."""
    record(
        actor=actor,
        action=f"service_account.{what}",
        target=target_of(account),
        before=dict(before) if before else None,
        after=dict(after) if after else None,
    )
    publish(event=f"service_account.{what}", payload={"service_account": str(account.pk)})


def _save(account: ServiceAccount) -> ServiceAccount:
    try:
        with transaction.atomic():
            account.save()
    except IntegrityError as error:
        raise ServiceAccountNameTaken(
            _("There is a service account “%(name)s” already.") % {"name": account.name},
            fields={"name": [_("This name is taken.")]},
        ) from error
    return account
