"""A tenant's service accounts with what they may do: made, changed, revoked, in its scope.

Whoever can read an account's secret can do what it may. So nobody makes one, gives it another
secret or takes it away who does not hold all of that themselves.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from plexica.core.actor import Actor
from plexica.core.errors import InvalidInput, NotFound
from plexica.identity import service_account_clients as clients
from plexica.identity import service_accounts as accounts
from plexica.identity.models import ServiceAccount
from plexica.rbac.authority import authority_of, check_authority
from plexica.rbac.engine import compile_snapshot
from plexica.rbac.models import GroupMembership, Role, RoleAssignment
from plexica.rbac.selectors import list_roles
from plexica.rbac.services import assign_role, withdraw_role
from plexica.rbac.words import problems_of_words
from tenants.epochs import raise_epoch
from tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class IssuedSecret:
    """A service account and its secret, which is shown once and kept nowhere.

    Attributes:
        account: The account.
        secret: What it gets its tokens with, beside its client id.
    """

    account: ServiceAccount
    secret: str = field(repr=False)


def create_service_account(
    *, tenant: Tenant, name: str, roles: Iterable[str], actor: Actor, description: str = ""
) -> IssuedSecret:
    """Make a service account, with a client in the tenant's realm, that holds some roles.

    Args:
        tenant: The tenant of the current scope.
        name: What people call it.
        roles: The keys of its roles.
        actor: Who makes it; they must hold all that the roles grant.
        description: What it is for.

    Raises:
        InvalidInput: A value is not acceptable, or there is no such role.
        BeyondAuthority: The actor does not hold what a role grants.
        ServiceAccountNameTaken: Another one has the name, whatever its case.
        TooManyServiceAccounts: There are 200 already.
        OutwardError: Keycloak does not answer, or refuses. Nothing was made, or it is removed.
    """
    name, description, wanted = name.strip(), description.strip(), sorted(set(roles))
    _validate(name=name, description=description)
    check_roles(wanted, actor)
    account = accounts.begin_service_account(
        tenant=tenant, name=name, description=description, actor=actor
    )
    try:
        secret = clients.make_client(tenant=tenant, account=account)
        with transaction.atomic():
            accounts.activate(account=account, actor=actor)
            for role in wanted:
                assign_role(holder=account.user, role=role, actor=actor)
    except Exception:
        accounts.abandon(account=account, actor=actor)
        clients.settle_soon(tenant=tenant, account=account)
        raise
    return IssuedSecret(get_with_roles(account.pk), secret)


def update_service_account(
    *,
    account: ServiceAccount,
    actor: Actor,
    name: str | None = None,
    description: str | None = None,
    roles: Iterable[str] | None = None,
) -> ServiceAccount:
    """Change what a service account is called and which roles it holds; None leaves a value.

    Raises:
        InvalidInput: A value is not acceptable, or there is no such role.
        BeyondAuthority: The actor does not hold what a role grants that is given or taken.
        ServiceAccountNameTaken: Another one has the name.
        ServiceAccountRevoked: It was revoked.
    """
    with transaction.atomic():
        found = accounts.lock_active(account)
        new_name = found.name if name is None else name.strip()
        new_description = found.description if description is None else description.strip()
        _validate(name=new_name, description=new_description)
        accounts.change_words(
            account=found, actor=actor, name=new_name, description=new_description
        )
        if roles is not None:
            wanted, held = set(roles), set(roles_of(found))
            check_roles(sorted(wanted - held), actor)
            for role in sorted(wanted - held):
                assign_role(holder=found.user, role=role, actor=actor)
            for role in sorted(held - wanted):
                withdraw_role(holder=found.user, role=role, actor=actor)
    return get_with_roles(account.pk)


def rotate_secret(*, tenant: Tenant, account: ServiceAccount, actor: Actor) -> IssuedSecret:
    """Give a service account a new secret; neither the old one nor its tokens open anything then.

    Raises:
        BeyondAuthority: The actor does not hold all that the account may do.
        ServiceAccountRevoked: It was revoked.
        ServiceAccountBroken: The realm has no client for it.
        OutwardError: Keycloak does not answer, or refuses. The old secret may be good or not.
    """
    _check_power_over(account, actor)
    secret = clients.rotate_secret(tenant=tenant, account=account, actor=actor)
    return IssuedSecret(get_with_roles(account.pk), secret)


def revoke_service_account(
    *, tenant: Tenant, account: ServiceAccount, actor: Actor
) -> ServiceAccount:
    """Refuse a service account for good, from the next request on; again changes nothing.

    Its client in the realm is removed now, or by the clock if Keycloak does not answer.

    Returns:
        The account, which says whether its client is left for later.

    Raises:
        BeyondAuthority: The actor does not hold all that the account may do.
    """
    with transaction.atomic():
        accounts.lock(account)
        # Its roles must not change before they are taken.
        raise_epoch()
        _check_power_over(account, actor)
        roles = roles_of(account)
        RoleAssignment.objects.filter(user_id=account.pk).delete()
        GroupMembership.objects.filter(user_id=account.pk).delete()
        accounts.close(account=account, actor=actor, roles=roles)
    clients.settle_soon(tenant=tenant, account=account)
    return get_with_roles(account.pk)


def list_with_roles() -> QuerySet[ServiceAccount]:
    """Return the service accounts that are or were in use, with the roles of each."""
    return accounts.list_service_accounts().prefetch_related("user__role_assignments__role")


def get_with_roles(account_id: UUID) -> ServiceAccount:
    """Return a service account that is or was in use, with its roles.

    Raises:
        NotFound: There is none with this id.
    """
    found = list_with_roles().filter(pk=account_id).first()
    if found is None:
        raise NotFound(_("There is no such service account."))
    return found


def count_present() -> int:
    """Return how many service accounts count towards the number that there can be."""
    return accounts.count_present()


def has_power_over(*, account: ServiceAccount, actor: Actor) -> bool:
    """Return whether somebody holds all that a service account may do, and so may change it."""
    return authority_of(actor).allows_all(compile_snapshot(account.user).grants)


def roles_of(account: ServiceAccount) -> list[str]:
    """Return the keys of the roles that a service account holds itself."""
    keys = RoleAssignment.objects.filter(user_id=account.pk).values_list("role__key", flat=True)
    return sorted(keys)


def list_assignable_roles(actor: Actor) -> list[Role]:
    """Return the roles that somebody may give: those of which they hold all that is granted."""
    held = authority_of(actor)
    return [
        role
        for role in list_roles()
        if held.allows_all(grant.permission for grant in role.grants.all())
    ]


def check_roles(keys: list[str], actor: Actor) -> None:
    """Make sure that there are some roles, and that somebody may give them.

    Raises:
        InvalidInput: There is no such role.
        BeyondAuthority: The actor does not hold all that they grant.
    """
    roles = {
        role.key: role for role in Role.objects.filter(key__in=keys).prefetch_related("grants")
    }
    unknown = [key for key in keys if key not in roles]
    if unknown:
        raise InvalidInput(
            fields={"roles": [_("There is no role “%(key)s”.") % {"key": unknown[0][:100]}]}
        )
    check_authority(
        actor, [grant.permission for role in roles.values() for grant in role.grants.all()]
    )


def _check_power_over(account: ServiceAccount, actor: Actor) -> None:
    check_authority(actor, compile_snapshot(account.user).grants)


def _validate(*, name: str, description: str) -> None:
    problems = problems_of_words(name=name, description=description)
    if problems:
        raise InvalidInput(_("See errors for what is wrong with which field."), fields=problems)
