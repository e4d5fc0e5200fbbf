"""The kinds of runs: what each does step by step, and what its end means for the tenant.

See ADR 10 for the table. What closes a door has happened before its run begins; what opens one
happens here, in the transaction that ends the run.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from django.utils import timezone

from plexica.audit.services import record
from plexica.core.actor import SYSTEM
from plexica.events.services import publish
from tenants.lifecycle import move_tenant
from tenants.models import Domain, ProvisioningRun, Tenant
from tenants.parts import configured_parts
from tenants.provisioning.bringing_up import bring_up_part
from tenants.provisioning.step import Step, configured_steps
from tenants.slugs import domain_name
from tenants.states import RunKind, RunState, TenantState


@dataclass(frozen=True, slots=True)
class Action:
    """One step of a run, in one direction.

    Attributes:
        name: The step's stable name.
        label: What it is about, in words for people.
        needs: The names of all actions that come before it, directly or by way of others.
        do: What it does; can be repeated.
        undo: What takes it back; None where a run is not taken back.
    """

    name: str
    label: str
    needs: frozenset[str]
    do: Callable[[Tenant], None]
    undo: Callable[[Tenant], None] | None


class Kind(ABC):
    """A kind of run.

    Attributes:
        name: The kind.
        past: What has happened when it succeeded, as in `tenant.suspended`.
        is_taken_back: Whether all is taken back when a step fails for good.
        goes_on: Whether the steps that are left are tried although one has failed for good.
    """

    name: ClassVar[RunKind]
    past: ClassVar[str]
    is_taken_back: ClassVar[bool] = False
    goes_on: ClassVar[bool] = False

    def actions(self) -> dict[str, Action]:
        """Return what it does, by name, in the order in which people read it."""
        steps = configured_steps(self.name)
        return {
            name: Action(name, str(step.label), _all_needs(name, steps), step.do, step.undo)
            for name, step in steps.items()
        }

    @abstractmethod
    def succeed(self, tenant: Tenant) -> None:
        """Change the tenant's row in the transaction that ends the run well."""

    def fail(self, tenant: Tenant) -> None:  # noqa: B027 (most leave the tenant as it was)
        """Change the tenant's row in the transaction that ends the run badly."""

    def announce(self, run: ProvisioningRun) -> None:
        """Tell the audit and the subscribers of what `succeed` has done, in its transaction."""
        tenant = run.tenant
        record(
            actor=SYSTEM,
            action=f"tenant.{self.past}",
            target=f"tenant:{tenant.slug}",
            after={"state": tenant.state},
        )
        publish(event=f"tenant.{self.past}", payload={"tenant": tenant.slug, "run": str(run.id)})

    def begin_again(  # noqa: B027 (most need nothing)
        self, *, failed: ProvisioningRun, run: ProvisioningRun
    ) -> None:
        """Hand over what belongs to a failed run to the one that is begun in its place.

        Raises:
            Conflict: What it was about does not allow it any more.
        """

    def ending(self, *, has_leftovers: bool) -> RunState:
        """Return the state of a run of this kind that failed.

        Args:
            has_leftovers: Whether something could not be taken back.
        """
        if not self.is_taken_back:
            return RunState.FAILED
        return RunState.ROLLBACK_INCOMPLETE if has_leftovers else RunState.ROLLED_BACK


class Creation(Kind):
    """A tenant comes into being."""

    name: ClassVar[RunKind] = RunKind.CREATE
    past: ClassVar[str] = "activated"
    is_taken_back: ClassVar[bool] = True

    def succeed(self, tenant: Tenant) -> None:
        """Make it ACTIVE and give it its address."""
        Domain.objects.get_or_create(
            domain=domain_name(tenant.slug), defaults={"tenant": tenant, "is_primary": True}
        )
        move_tenant(tenant=tenant, to=TenantState.ACTIVE, activated_at=timezone.now())

    def fail(self, tenant: Tenant) -> None:
        """Let it be FAILED; taking back may be tried again after it is that already."""
        if tenant.state != TenantState.FAILED:
            move_tenant(tenant=tenant, to=TenantState.FAILED)


class Suspension(Kind):
    """Logins end; the workspace was closed when the run was asked for."""

    name: ClassVar[RunKind] = RunKind.SUSPEND
    past: ClassVar[str] = "suspended"

    def succeed(self, tenant: Tenant) -> None:
        """Leave the tenant SUSPENDED."""


class Resumption(Kind):
    """Logins open again, and then the workspace."""

    name: ClassVar[RunKind] = RunKind.RESUME
    past: ClassVar[str] = "resumed"
    is_taken_back: ClassVar[bool] = True

    def succeed(self, tenant: Tenant) -> None:
        """Make it ACTIVE."""
        move_tenant(tenant=tenant, to=TenantState.ACTIVE)


class Deletion(Kind):
    """Logins end; the removal begins when the time of grace is over."""

    name: ClassVar[RunKind] = RunKind.DELETE
    past: ClassVar[str] = "deletion_scheduled"

    def succeed(self, tenant: Tenant) -> None:
        """Leave the tenant DELETING."""


class Restoration(Kind):
    """A deletion is called off."""

    name: ClassVar[RunKind] = RunKind.RESTORE
    past: ClassVar[str] = "restored"
    is_taken_back: ClassVar[bool] = True

    def succeed(self, tenant: Tenant) -> None:
        """Bring back the state that it had."""
        move_tenant(
            tenant=tenant,
            to=TenantState(tenant.state_before_deletion),
            state_before_deletion="",
            purge_after=None,
        )


class Purge(Kind):
    """Everything that the tenant consists of is removed."""

    name: ClassVar[RunKind] = RunKind.PURGE
    past: ClassVar[str] = "deleted"
    goes_on: ClassVar[bool] = True

    def actions(self) -> dict[str, Action]:
        """Return its own steps, then those of creation, taken back.

        Of the latter, whoever needs a step goes before it.
        """
        actions = super().actions()
        first = frozenset(actions)
        steps = configured_steps(RunKind.CREATE)
        for name, step in reversed(steps.items()):
            needing = frozenset(other for other in steps if name in _all_needs(other, steps))
            actions[name] = Action(name, str(step.label), first | needing, step.undo, None)
        return actions

    def succeed(self, tenant: Tenant) -> None:
        """Clear the routing entry, the secrets and the addresses, and leave a tombstone."""
        tenant.secrets.all().delete()
        Domain.objects.filter(tenant=tenant).delete()
        values: dict[str, Any] = {"owner_email": "", "contact_email": "", "purge_after": None}
        move_tenant(tenant=tenant, to=TenantState.DELETED, **values)


class Upgrade(Kind):
    """The parts of a tenant are brought to their present versions; what is current stays."""

    name: ClassVar[RunKind] = RunKind.UPGRADE
    past: ClassVar[str] = "upgrade_finished"

    def actions(self) -> dict[str, Action]:
        """Return the parts, one after the other."""
        actions: dict[str, Action] = {}
        for name, part in configured_parts().items():
            actions[name] = Action(
                name, str(part.label), frozenset(actions), partial(bring_up_part, part), None
            )
        return actions

    def succeed(self, tenant: Tenant) -> None:
        """Leave the tenant in its state; the parts have noted what they are now."""


def _all_needs(name: str, steps: Mapping[str, Step]) -> frozenset[str]:
    """Return the names of the steps that come before one, directly or by way of others."""
    # A step may belong to several kinds; what this kind does not have is not waited for.
    direct = steps[name].needs & steps.keys()
    return direct.union(*(_all_needs(other, steps) for other in direct))


_KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Creation(),
        Suspension(),
        Resumption(),
        Deletion(),
        Restoration(),
        Purge(),
        Upgrade(),
    )
}


def register_kind(kind: Kind) -> None:
    """Add a kind of run, from an app's `AppConfig.ready`.

    Raises:
        ValueError: There is another of this name.
    """
    if type(_KINDS.setdefault(kind.name, kind)) is not type(kind):
        raise ValueError(f"There is a kind of run {kind.name} already.")


def kind_of(name: str) -> Kind:
    """Return a kind of run by its name."""
    return _KINDS[name]
