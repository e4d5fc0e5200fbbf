"""What the console shows of a tenant beyond its row."""

from dataclasses import dataclass

import structlog
from django.db import DatabaseError

from plexica.core.errors import OutwardError
from plexica.identity.selectors import count_people
from plexica.storage.selectors import Usage, get_usage
from tenants.inspections import get_inspection
from tenants.models import Inspection, Tenant
from tenants.parts import configured_parts
from tenants.schema.roles import schema_bytes
from tenants.scopes import tenant_scope
from tenants.states import WHOLE_STATES
from tenants.upgrade import parts_behind

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PartState:
    """One part of a tenant.

    Attributes:
        label: What it is, in words.
        is_current: Whether it is at its present version.
    """

    label: str
    is_current: bool


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


def list_part_states(*, tenant: Tenant) -> list[PartState]:
    """Return the parts of a tenant with their versions; none while it has no parts."""
    if tenant.state not in WHOLE_STATES:
        return []
    behind = {part.name for part in parts_behind(tenant)}
    return [
        PartState(label=str(part.label), is_current=name not in behind)
        for name, part in configured_parts().items()
    ]


def last_inspection(*, tenant: Tenant) -> Inspection | None:
    """Return what the last reconciliation left of a tenant; None if it has had none."""
    return get_inspection(tenant=tenant) if tenant.state in WHOLE_STATES else None


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
    try:
        usage = get_usage(tenant=tenant)
    except OutwardError as error:
        logger.info("usage_unknown", slug=tenant.slug, reason=str(error))
        usage = None
    return Loss(people=people, schema_bytes=size, usage=usage)
