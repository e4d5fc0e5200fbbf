"""Changing tenants."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from plexica.audit.services import record
from plexica.core.actor import Actor
from plexica.core.errors import Conflict
from plexica.core.jobs import send_after_commit
from plexica.events.services import publish
from tenants import slugs
from tenants.lifecycle import move_tenant, save_tenant
from tenants.models import ProvisioningRun, Tenant
from tenants.placement import place_tenant
from tenants.provisioning.kinds import kind_of
from tenants.runs import PROVISIONING_TASK, begin_run
from tenants.states import RunKind, RunState, StepState, TenantState
from tenants.validation import validate_limits, validate_values


class SlugTaken(Conflict):
    """A tenant has this slug, or holds it after a failure."""

    code = "slug-taken"
    title = gettext_noop("This slug is taken")


class RunNotRetryable(Conflict):
    """The run has not failed, or a later one has taken its place."""

    code = "run-not-retryable"
    title = gettext_noop("This run cannot be tried again")


def create_tenant(
    *, slug: str, name: str, owner_email: str, contact_email: str = "", actor: Actor
) -> ProvisioningRun:
    """Begin a tenant: its row is there at once, the rest is made by the run.

    Args:
        slug: Its short name, part of its address; it never changes.
        name: What people call it.
        owner_email: Where its owner gets the invitation.
        contact_email: Whom to write to about it.
        actor: Who asks for it.

    Raises:
        InvalidInput: A value is not acceptable.
        SlugTaken: Another tenant has the slug.
        PlatformFull: No server has room for it.
    """
    name = name.strip()
    validate_values(slug=slug, name=name, owner_email=owner_email, contact_email=contact_email)
    try:
        with transaction.atomic():
            tenant = Tenant(
                slug=slug,
                name=name,
                owner_email=owner_email,
                contact_email=contact_email,
                schema_name=slugs.schema_name(slug),
                realm=slugs.realm_name(slug),
                bucket=slugs.bucket_name(slug),
            )
            place_tenant(tenant)
            tenant.save(force_insert=True)
            run = begin_run(tenant=tenant, kind=RunKind.CREATE, actor=actor)
            record(
                actor=actor,
                action="tenant.created",
                target=f"tenant:{slug}",
                after={
                    "name": name,
                    "owner_email": owner_email,
                    "contact_email": contact_email,
                    "keycloak": tenant.keycloak,
                    "s3": tenant.s3,
                },
            )
            publish(event="tenant.created", payload={"tenant": slug, "run": str(run.id)})
    except IntegrityError as error:
        raise _slug_taken(slug) from error
    return run


def note_tenants_exported(*, actor: Actor, search: Mapping[str, str]) -> None:
    """Write into the audit that somebody takes the list of tenants away.

    Args:
        actor: Who.
        search: What it was narrowed to.
    """
    with transaction.atomic():
        record(
            actor=actor,
            action="tenants.exported",
            target="platform:tenants",
            after={"search": dict(search)},
        )


def update_tenant(
    *,
    tenant: Tenant,
    actor: Actor,
    name: str | None = None,
    contact_email: str | None = None,
    session_idle_minutes: int | None = None,
    session_max_minutes: int | None = None,
    locale: str | None = None,
    time_zone: str | None = None,
) -> Tenant:
    """Change what people may change of a tenant; None leaves a value as it is.

    Args:
        tenant: The tenant, as it was read.
        actor: Who changes it.
        name: What people call it.
        contact_email: Whom to write to about it.
        session_idle_minutes: For how long a browser's session may be idle.
        session_max_minutes: How long after the login it ends in any case.
        locale: The language of its pages for those who have chosen none; empty for the browser's.
        time_zone: Where its people are, by the IANA name.

    Raises:
        InvalidInput: A value is not acceptable.
        StaleTenant: Somebody else changed the tenant since it was read.
    """
    given: dict[str, Any] = {
        "name": None if name is None else name.strip(),
        "contact_email": contact_email,
        "session_idle_minutes": session_idle_minutes,
        "session_max_minutes": session_max_minutes,
        "locale": locale,
        "time_zone": time_zone,
    }
    return _change(tenant, actor, given)


def update_theme(
    *,
    tenant: Tenant,
    actor: Actor,
    theme_colour: str | None = None,
    theme_mode: str | None = None,
    logo: str | None = None,
    icon: str | None = None,
) -> Tenant:
    """Change how a tenant's pages look; None leaves a value as it is.

    Args:
        tenant: The tenant, as it was read.
        actor: Who changes it.
        theme_colour: Its colour as `#rrggbb`; empty for Plexica's own.
        theme_mode: How bright pages are for those who have chosen nothing.
        logo: The key of a picture in its bucket; empty for Plexica's own.
        icon: The same.

    Raises:
        InvalidInput: A value is not acceptable; of a colour that cannot be read, the words say
            where, and which colour comes nearest.
        StaleTenant: Somebody else changed the tenant since it was read.
    """
    given = {"theme_colour": theme_colour, "theme_mode": theme_mode, "logo": logo, "icon": icon}
    return _change(tenant, actor, given)


def update_security(*, tenant: Tenant, actor: Actor, **rules: int | bool) -> Tenant:
    """Change how people log in to a tenant's workspace.

    Args:
        tenant: The tenant, as it was read.
        actor: Who changes it.
        rules: Values by the names of `login_rules.COLUMNS` and `session_limits.COLUMNS`; what is
            left out stays.

    Raises:
        InvalidInput: A value is not acceptable.
        StaleTenant: Somebody else changed the tenant since it was read.
    """
    return _change(tenant, actor, rules)


def dismiss_checklist(*, tenant: Tenant, actor: Actor) -> None:
    """Put the list of an owner's first steps away; once it is, nothing changes."""
    with transaction.atomic():
        changed = Tenant.objects.filter(pk=tenant.pk, checklist_dismissed_at=None).update(
            checklist_dismissed_at=timezone.now()
        )
        if changed:
            record(
                actor=actor,
                action="tenant.checklist_dismissed",
                target=f"tenant:{tenant.slug}",
            )


def retry_run(*, run: ProvisioningRun, actor: Actor) -> ProvisioningRun:
    """Begin a new run in place of a failed one. What the old one left is finished or taken back.

    Raises:
        RunNotRetryable: It has not failed, or is not the tenant's last one.
    """
    with transaction.atomic():
        tenant, failed_run = _lock_failed(run)
        kind = RunKind(failed_run.kind)
        if kind == RunKind.CREATE:
            move_tenant(tenant=tenant, to=TenantState.PROVISIONING)
        # A step that could not be taken back counts as started, so that a second failure
        # takes it back.
        left = failed_run.steps.filter(state=StepState.UNDO_FAILED)
        new_run = begin_run(
            tenant=tenant,
            kind=kind,
            actor=actor,
            started=set(left.values_list("name", flat=True)),
            only=set(failed_run.steps.values_list("name", flat=True)),
        )
        kind_of(kind).begin_again(failed=failed_run, run=new_run)
        record(
            actor=actor,
            action="tenant.run_retried",
            target=f"tenant:{tenant.slug}",
            after={"kind": kind},
        )
        publish(
            event="tenant.run_retried",
            payload={"tenant": tenant.slug, "run": str(new_run.id), "kind": kind},
        )
    return new_run


def retry_rollback(*, run: ProvisioningRun, actor: Actor) -> ProvisioningRun:
    """Try again to take back what a failed run has left.

    Raises:
        RunNotRetryable: It has left nothing, or is not the tenant's last one.
    """
    with transaction.atomic():
        tenant, failed_run = _lock_failed(run)
        if failed_run.state != RunState.ROLLBACK_INCOMPLETE:
            raise RunNotRetryable(_("This run has left nothing that could be taken back."))
        failed_run.state = RunState.ROLLING_BACK
        failed_run.finished_at = None
        failed_run.save(update_fields=["state", "finished_at"])
        record(actor=actor, action="tenant.rollback_retried", target=f"tenant:{tenant.slug}")
        send_after_commit(PROVISIONING_TASK, run_id=str(failed_run.id))
    return failed_run


def _change(tenant: Tenant, actor: Actor, given: dict[str, Any]) -> Tenant:
    """Write what differs of the values that are given, with its audit and its event.

    Raises:
        InvalidInput: A value is not acceptable.
        StaleTenant: Somebody else changed the tenant since it was read.
    """
    changes = {
        key: value
        for key, value in given.items()
        if value is not None and value != getattr(tenant, key)
    }
    validate_values(**changes)
    validate_limits(tenant, changes)
    if changes:
        before = {key: getattr(tenant, key) for key in changes}
        with transaction.atomic():
            save_tenant(tenant=tenant, **changes)
            record(
                actor=actor,
                action="tenant.updated",
                target=f"tenant:{tenant.slug}",
                before=before,
                after=changes,
            )
            publish(event="tenant.updated", payload={"tenant": tenant.slug, "changed": [*changes]})
    return tenant


def _slug_taken(slug: str) -> SlugTaken:
    if Tenant.objects.filter(slug=slug, state=TenantState.DELETED).exists():
        detail = _(
            "A deleted tenant had the slug “%(slug)s”. Choose another one, or have this one freed."
        )
    else:
        detail = _("There is a tenant “%(slug)s” already. Choose another slug.")
    return SlugTaken(detail % {"slug": slug}, fields={"slug": [_("This slug is taken.")]})


def _lock_failed(run: ProvisioningRun) -> tuple[Tenant, ProvisioningRun]:
    tenant = Tenant.objects.select_for_update().get(pk=run.tenant_id)
    last = tenant.runs.order_by("-created_at", "-id").first()
    if last is None or last.pk != run.pk:
        raise RunNotRetryable(_("A later run has taken the place of this one."))
    if not last.has_failed:
        raise RunNotRetryable(_("Only a run that has failed can be tried again."))
    return tenant, last
