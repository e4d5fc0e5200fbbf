"""Doing the same to several tenants: to each by itself, and whatever becomes of the others."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import structlog
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from plexica.core.actor import Actor
from plexica.core.errors import Conflict, InvalidInput
from tenants.life import resume_tenant, suspend_tenant
from tenants.lifecycle import StaleTenant
from tenants.models import ProvisioningRun, Tenant
from tenants.states import UNFINISHED_RUN_STATES, TenantState

MAX_TENANTS = 100
# A request must not go on for minutes while a server does not answer.
PATIENCE_SECONDS = 20.0

logger = structlog.get_logger(__name__)


class BulkAction(StrEnum):
    """What can be done to several tenants at once."""

    SUSPEND = "suspend"
    RESUME = "resume"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A tenant that somebody has chosen.

    Attributes:
        tenant: Which one, as it is now.
        refusal: Why it cannot be done to this one; empty when it can.
    """

    tenant: Tenant
    refusal: str


@dataclass(frozen=True, slots=True)
class BulkOutcome:
    """What became of one tenant.

    Attributes:
        slug: Which one.
        run: The run that does the rest; None when nothing was begun.
        refusal: Why nothing was begun; empty when something was.
    """

    slug: str
    run: ProvisioningRun | None
    refusal: str = ""


SERVICES: dict[BulkAction, Callable[..., ProvisioningRun]] = {
    BulkAction.SUSPEND: suspend_tenant,
    BulkAction.RESUME: resume_tenant,
}
_STATES = {BulkAction.SUSPEND: TenantState.ACTIVE, BulkAction.RESUME: TenantState.SUSPENDED}


def examine(*, slugs: Sequence[str], action: BulkAction) -> list[Candidate]:
    """Say which of the chosen tenants it can be done to, by their names.

    Args:
        slugs: Which; one that is not there any more is left out.
        action: What is to be done.

    Raises:
        InvalidInput: None is chosen, or too many are.
    """
    _check_number(slugs)
    unfinished = ProvisioningRun.objects.filter(
        tenant=OuterRef("pk"), state__in=UNFINISHED_RUN_STATES
    )
    found = (
        Tenant.objects.filter(slug__in=slugs)
        .annotate(is_busy=Exists(unfinished))
        .order_by("name", "slug")
    )
    return [Candidate(tenant, _refusal(tenant, action)) for tenant in found]


def act_on_tenants(
    *, versions: Mapping[str, int], action: BulkAction, actor: Actor
) -> list[BulkOutcome]:
    """Begin the same for several tenants, each in a transaction and a run of its own.

    Args:
        versions: The tenants' slugs, and the version of each that was seen when it was decided.
        action: What is to be done.
        actor: Who asks for it.

    Raises:
        InvalidInput: None is chosen, or too many are.
    """
    _check_number(versions)
    until = time.monotonic() + PATIENCE_SECONDS
    outcomes = []
    for slug, version in versions.items():
        if time.monotonic() > until:
            refusal = _("Not begun: the servers were too slow. Choose it again.")
            outcomes.append(BulkOutcome(slug, None, refusal))
            continue
        try:
            outcomes.append(BulkOutcome(slug, _act_on_one(slug, version, action, actor)))
        except Conflict as error:
            outcomes.append(BulkOutcome(slug, None, str(error.detail or error.title)))
        except Exception:
            logger.exception("bulk_action_failed", slug=slug, action=action)
            refusal = _("It failed in a way that nobody foresaw; the log has the details.")
            outcomes.append(BulkOutcome(slug, None, refusal))
    logger.info(
        "bulk_action",
        action=action,
        asked=len(outcomes),
        begun=sum(outcome.run is not None for outcome in outcomes),
    )
    return outcomes


def _act_on_one(slug: str, version: int, action: BulkAction, actor: Actor) -> ProvisioningRun:
    with transaction.atomic():
        tenant: Tenant | None = Tenant.objects.select_for_update().filter(slug=slug).first()
        if tenant is None:
            raise StaleTenant(_("It is not there any more."))
        if tenant.version != version:
            raise StaleTenant(_("Somebody else has changed it in the meantime. Choose it again."))
        return SERVICES[action](tenant=tenant, actor=actor)


def _refusal(tenant: Tenant, action: BulkAction) -> str:
    if tenant.state != _STATES[action]:
        words = {
            BulkAction.SUSPEND: _("Only an active tenant can be suspended."),
            BulkAction.RESUME: _("Only a suspended tenant can be resumed."),
        }
        return words[action]
    if tenant.is_busy:
        return _("Something else is being done to it now.")
    return ""


def _check_number(chosen: Sequence[str] | Mapping[str, int]) -> None:
    if not chosen:
        raise InvalidInput(fields={"tenant": [_("Choose at least one tenant.")]})
    if len(chosen) > MAX_TENANTS:
        raise InvalidInput(
            fields={"tenant": [_("Choose %(max)d tenants at most.") % {"max": MAX_TENANTS}]}
        )
