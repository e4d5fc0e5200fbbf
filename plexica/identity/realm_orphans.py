"""Realms that are no tenant's, found without listing realms, which takes Keycloak minutes.

A realm that Plexica made has left a spare client in the master realm. One whose making was still
under way when all else had been taken back has not, so tenants that have just ended are looked up
by name.
"""

import re
from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from plexica.core.errors import PermanentError
from plexica.identity.keycloak.errors import KeycloakForbidden, KeycloakNotFound
from plexica.identity.keycloak.master import MasterClient, master_client
from plexica.identity.realm_representation import TENANT_ATTRIBUTE
from tenants.models import ProvisioningRun, Tenant
from tenants.parts import Difference, Finding
from tenants.states import UNFINISHED_RUN_STATES, WHOLE_STATES, TenantState

ENDED_WITHIN = timedelta(days=1)
_REALM = "realm {realm} of Keycloak {server}"
_LEFTOVER = "leftover of realm {realm} in the master realm of Keycloak {server}"
_ANY = re.compile(
    r"(?P<leftover>leftover of )?realm (?P<realm>\S+) (in the master realm )?of Keycloak"
    r" (?P<server>\S+)"
)

logger = structlog.get_logger(__name__)


def find_orphans(*, part: str) -> list[Finding]:
    """Return the realms that are no tenant's, and what is left of such in the master realm.

    Args:
        part: The name of the part that asks.

    Raises:
        TransientError: Keycloak does not answer.
    """
    found = []
    for server in settings.KEYCLOAK_SERVERS:
        master = master_client(server)
        for realm in sorted(_unwanted(server, master)):
            if master.exists(realm):
                what = _REALM
                detail = "No tenant has this realm. It is deleted if it bears Plexica's mark."
            else:
                what = _LEFTOVER
                detail = "The realm is gone; what the master realm keeps of it is of no use."
            found.append(
                Finding(
                    part=part,
                    difference=Difference.ORPHANED,
                    what=what.format(realm=realm, server=server),
                    detail=detail,
                )
            )
    return found


def remove_orphan(finding: Finding) -> None:
    """Delete a realm that is no tenant's, with what the master realm keeps of it.

    Raises:
        PermanentError: It has become a tenant's, or does not bear Plexica's mark.
        TransientError: Keycloak does not answer.
    """
    match = _ANY.fullmatch(finding.what)
    if match is None:
        raise PermanentError(f"This is no finding about a realm: {finding.what}")
    realm, server = match["realm"], match["server"]
    master = master_client(server)
    if realm in _claimed([realm]):
        raise PermanentError(f"The realm {realm} has become a tenant's.")
    if master.exists(realm):
        if match["leftover"]:
            raise PermanentError(f"There is a realm {realm} again.")
        _delete_if_marked(realm, master)
    if not master.exists(realm) and realm not in _claimed([realm]):
        master.remove_leftovers(realm)
    logger.info("realm_orphan_removed", realm=realm, server=server)


def _unwanted(server: str, master: MasterClient) -> set[str]:
    found: set[str] = set()
    for page in master.list_realms_with_spare():
        found |= set(page) - _claimed(page)
    for tenant in _just_ended(server):
        if tenant.realm not in found and _marked_for(tenant.realm, master) == tenant.id:
            found.add(tenant.realm)
    return found


def _delete_if_marked(realm: str, master: MasterClient) -> None:
    had_power = bool(master.count_powers(realm))
    if not had_power:
        try:
            master.take_power(realm)
        except KeycloakForbidden as error:
            raise PermanentError(f"Plexica did not make the realm {realm}.") from error
    owner = _marked_for(realm, master)
    if owner is None or _in_use().filter(id=owner).exists():
        if not had_power:
            master.give_power_away(realm)
        raise PermanentError(
            f"The realm {realm} does not bear the mark of a tenant that has ended; it is left."
        )
    master.delete_realm(realm)


def _marked_for(realm: str, master: MasterClient) -> UUID | None:
    """Return the tenant whose mark a realm bears, if the master's account has power over it."""
    if not master.count_powers(realm):
        return None
    try:
        attributes = master.get_realm(realm).get("attributes", {})
        return UUID(attributes.get(TENANT_ATTRIBUTE, ""))
    except (KeycloakNotFound, ValueError):
        return None


def _claimed(realms: Collection[str]) -> set[str]:
    """Return those of some realms that a tenant has, or that a run is at work on."""
    return set(_in_use().filter(realm__in=realms).values_list("realm", flat=True))


def _in_use() -> QuerySet[Tenant]:
    found: QuerySet[Tenant] = Tenant.objects.filter(
        Q(state__in=(*WHOLE_STATES, TenantState.PROVISIONING)) | Q(_has_unfinished_run())
    )
    return found


def _just_ended(server: str) -> QuerySet[Tenant]:
    found: QuerySet[Tenant] = Tenant.objects.filter(
        ~_has_unfinished_run(),
        keycloak=server,
        state__in=(TenantState.FAILED, TenantState.DELETED),
        updated_at__gte=timezone.now() - ENDED_WITHIN,
    )
    return found


def _has_unfinished_run() -> Exists:
    return Exists(
        ProvisioningRun.objects.filter(tenant=OuterRef("pk"), state__in=UNFINISHED_RUN_STATES)
    )
