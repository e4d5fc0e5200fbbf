"""What the console shows of a tenant beyond its row.

What the database knows is read for the page itself; what a remote server knows is asked for apart,
so that a server that is slow or down takes no page with it.
"""

from dataclasses import dataclass

import structlog
from django.db import DatabaseError
from django.db.models import F, Q, QuerySet

from plexica.audit.models import AuditEntry
from plexica.audit.selectors import list_entries
from plexica.core.error_pages import words_of_failure
from plexica.core.errors import OutwardError
from plexica.identity.models import User
from plexica.identity.people_states import PersonState, find_people, state_of
from plexica.identity.realm_facts import RealmFacts, get_realm_facts
from plexica.identity.selectors import count_people
from plexica.rbac.owners import list_owners
from plexica.storage.selectors import Usage, get_usage
from tenants.inspections import get_inspection
from tenants.maintenance import can_be_maintained
from tenants.models import Inspection, Tenant
from tenants.parts import configured_parts
from tenants.schema.roles import schema_bytes
from tenants.scopes import tenant_scope
from tenants.states import WHOLE_STATES
from tenants.upgrade import parts_behind

PEOPLE_SHOWN = 5
OWNERS_SHOWN = 10

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PartState:
    """One part of a tenant.

    Attributes:
        label: What it is, in words.
        is_current: Whether it is at its present version.
        version: The beginning of the digest of what it was made from or brought to.
    """

    label: str
    is_current: bool
    version: str


@dataclass(frozen=True, slots=True)
class Loss:
    """What goes with a tenant; None where it could not be found out.

    Attributes:
        people: How many people it has.
        schema_bytes: How much its tables take, in bytes.
        usage: What its bucket holds.
    """

    people: int | None
    schema_bytes: int | None
    usage: Usage | None


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """Somebody of a tenant, as the platform sees them.

    Attributes:
        user: Their row.
        state: How far they are.
    """

    user: User
    state: PersonState

    @property
    def is_invited(self) -> bool:
        """Whether they have yet to come for the first time."""
        return self.state in (PersonState.INVITED, PersonState.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Inside:
    """What a tenant's schema tells.

    Attributes:
        schema_bytes: How much its tables take with their indexes.
        people_count: How many people may log in.
        owners: Who owns it.
        last_seen: Those who logged in last.
    """

    schema_bytes: int
    people_count: int
    owners: list[PersonFacts]
    last_seen: list[User]


def list_part_states(*, tenant: Tenant) -> list[PartState]:
    """Return the parts of a tenant with their versions; none while it has no parts."""
    if tenant.state not in WHOLE_STATES:
        return []
    behind = {part.name for part in parts_behind(tenant)}
    return [
        PartState(str(part.label), name not in behind, getattr(tenant, part.digest_field)[:8])
        for name, part in configured_parts().items()
    ]


def last_inspection(*, tenant: Tenant) -> Inspection | None:
    """Return what the last reconciliation left of a tenant; None if it has had none."""
    return get_inspection(tenant=tenant) if tenant.state in WHOLE_STATES else None


def list_history(*, tenant: Tenant) -> QuerySet[AuditEntry]:
    """Return the entries of the audit that tell of a tenant's state, newest first."""
    return list_entries(target=f"tenant:{tenant.slug}").filter(
        Q(after__has_key="state") | Q(action="tenant.created")
    )


def look_inside(*, tenant: Tenant) -> Inside | None:
    """Return what a tenant's schema tells; None where there is none, or it cannot be read."""
    if not can_be_maintained(tenant):
        return None
    try:
        size = schema_bytes(tenant.schema_name)
        if size is None:
            return None
        with tenant_scope(tenant):
            owners = list(list_owners()[:OWNERS_SHOWN])
            return Inside(
                schema_bytes=size,
                people_count=count_people(),
                owners=[_facts_of(user) for user in owners],
                last_seen=list(
                    find_people()
                    .filter(last_login__isnull=False)
                    .exclude(pk__in=[user.pk for user in owners])
                    .order_by("-last_login", "pk")[:PEOPLE_SHOWN]
                ),
            )
    except DatabaseError:
        logger.warning("schema_not_read", slug=tenant.slug, exc_info=True)
        return None


def list_tenant_people(*, search: str) -> QuerySet[User]:
    """Return the people of the tenant of the current scope, those who came last first."""
    return find_people(search=search).order_by(F("last_login").desc(nulls_last=True), "email", "pk")


def ask_realm(*, tenant: Tenant) -> tuple[RealmFacts | None, str]:
    """Return what a tenant's realm is now, or None and why that cannot be said."""
    try:
        return get_realm_facts(tenant=tenant), ""
    except OutwardError as error:
        logger.info("realm_unknown", slug=tenant.slug, reason=str(error))
        return None, words_of_failure(error)


def ask_bucket(*, tenant: Tenant) -> tuple[Usage | None, str]:
    """Return what a tenant's bucket holds, or None and why that cannot be said."""
    try:
        return get_usage(tenant=tenant, is_quick=True), ""
    except OutwardError as error:
        logger.info("usage_unknown", slug=tenant.slug, reason=str(error))
        return None, words_of_failure(error)


def what_would_be_lost(*, tenant: Tenant) -> Loss:
    """Count what goes with a tenant; a server that is down must not take the page with it."""
    people = size = None
    try:
        size = schema_bytes(tenant.schema_name)
        if size is not None:
            with tenant_scope(tenant):
                people = count_people()
    except DatabaseError:
        logger.warning("loss_unknown", slug=tenant.slug, exc_info=True)
    usage, _why = ask_bucket(tenant=tenant)
    return Loss(people=people, schema_bytes=size, usage=usage)


def _facts_of(user: User) -> PersonFacts:
    return PersonFacts(user, state_of(user))
