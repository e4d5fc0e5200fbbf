"""The subcommands that change one tenant, each by beginning a run."""

import os
import sys
from argparse import Namespace
from collections.abc import Callable
from contextlib import suppress

from django.conf import settings
from django.db import connection, transaction
from rich.prompt import Prompt

from plexica.core.actor import operator
from plexica.core.errors import Conflict
from tenants.api.serializers.tenants_out import TenantSerializer, render_tenant_and_run
from tenants.cli.exits import ExitCode
from tenants.cli.here import DATABASE_AWAY
from tenants.cli.output import Output
from tenants.cli.watching import follow
from tenants.life import (
    delete_tenant,
    free_slug,
    restore_tenant,
    resume_tenant,
    suspend_tenant,
)
from tenants.models import ProvisioningRun, Tenant
from tenants.selectors import get_run, get_tenant, list_runs
from tenants.services import RunNotRetryable, create_tenant, retry_rollback, retry_run
from tenants.states import RunKind, RunState, StepState, TenantState


class NotConfirmed(Conflict):
    """The slug was not given again."""

    code = "not-confirmed"
    title = "The deletion was not confirmed"


def create(options: Namespace, output: Output) -> ExitCode:
    """Make a tenant."""
    return _change(
        options,
        output,
        lambda: create_tenant(
            slug=options.slug,
            name=options.name or options.slug,
            owner_email=options.owner,
            contact_email=options.contact,
            actor=operator(),
        ),
    )


def suspend(options: Namespace, output: Output) -> ExitCode:
    """Stop serving a tenant."""
    tenant = get_tenant(slug=options.slug)
    return _change(options, output, lambda: suspend_tenant(tenant=tenant, actor=operator()))


def resume(options: Namespace, output: Output) -> ExitCode:
    """Serve a suspended tenant again."""
    tenant = get_tenant(slug=options.slug)
    return _change(options, output, lambda: resume_tenant(tenant=tenant, actor=operator()))


def restore(options: Namespace, output: Output) -> ExitCode:
    """Call a deletion off."""
    tenant = get_tenant(slug=options.slug)
    return _change(options, output, lambda: restore_tenant(tenant=tenant, actor=operator()))


def delete(options: Namespace, output: Output) -> ExitCode:
    """Delete a tenant, now or when its time of grace is over."""
    tenant = get_tenant(slug=options.slug)
    # A rehearsal needs no confirmation, but one that is wrong would be refused.
    if not options.dry_run or options.confirm is not None:
        _confirm(tenant, options, output)
    return _change(
        options,
        output,
        lambda: delete_tenant(tenant=tenant, actor=operator(), grace_days=options.grace_days),
    )


def retry(options: Namespace, output: Output) -> ExitCode:
    """Try the tenant's last run again, or only what it could not take back.

    With `--here`, a run that is unfinished is gone on with: its worker may be gone for good.
    """
    tenant = get_tenant(slug=options.slug)
    run = list_runs(tenant=tenant).first()
    if run is None:
        raise RunNotRetryable(f"{tenant.slug} has had no run yet.")
    if options.here and not run.is_finished and not options.rollback:
        return _change(options, output, lambda: run)
    again = retry_rollback if options.rollback else retry_run
    return _change(
        options,
        output,
        lambda: again(run=run, actor=operator()),
        is_rollback=options.rollback,
    )


def free(options: Namespace, output: Output) -> ExitCode:
    """Let a deleted tenant's slug be given to somebody else."""
    tenant = get_tenant(slug=options.slug)
    document = {"dry_run": options.dry_run, "slug": tenant.slug, "freed": not options.dry_run}
    with transaction.atomic():
        free_slug(tenant=tenant, actor=operator())
        transaction.set_rollback(options.dry_run)
    if options.dry_run:
        output.say(f"Nothing was changed. The slug {tenant.slug} would be free.")
    else:
        output.say(f"The slug {tenant.slug} is free.")
    output.document(document)
    return ExitCode.SUCCESS


def _change(
    options: Namespace,
    output: Output,
    begin: Callable[[], ProvisioningRun],
    *,
    is_rollback: bool = False,
) -> ExitCode:
    if options.dry_run:
        return _rehearse(begin, output)
    run = begin()
    if options.no_wait:
        output.document(render_tenant_and_run(run))
        output.say(
            f"{RunKind(run.kind).label} of {run.tenant.slug} has begun; `manage.py tenant show"
            f" {run.tenant.slug}` tells how far it is."
        )
        return ExitCode.SUCCESS
    try:
        run = follow(run, output, seconds=options.timeout, is_here=options.here)
    except KeyboardInterrupt:
        return _leave(run, output, is_here=options.here)
    output.document(render_tenant_and_run(run))
    return _tell_end(run, output, is_rollback=is_rollback)


def _rehearse(begin: Callable[[], ProvisioningRun], output: Output) -> ExitCode:
    """Begin a run with all its checks, and take that back."""
    with transaction.atomic():
        run = begin()
        words = f"{RunKind(run.kind).label.lower()} of {run.tenant.slug}"
        steps = run.steps.exclude(state__in=(StepState.DONE, StepState.UNDONE))
        if run.state == RunState.ROLLING_BACK:
            words = f"taking back what is left of the {words}"
            steps = steps.exclude(state=StepState.PENDING)
        labels = list(steps.values_list("label", flat=True))
        document = {
            "dry_run": True,
            "kind": run.kind,
            "steps": list(steps.values_list("name", flat=True)),
            "tenant": TenantSerializer(run.tenant).data,
        }
        transaction.set_rollback(True)
    in_steps = f", in these steps: {', '.join(labels)}" if labels else ""
    output.say(f"Nothing was changed. It would be: {words}{in_steps}.")
    output.document(document)
    return ExitCode.SUCCESS


def _leave(run: ProvisioningRun, output: Output, *, is_here: bool) -> ExitCode:
    """Leave an interrupted command's run to a worker."""
    # The interruption may have hit a statement, or be due to a database that does not answer.
    connection.close()
    with suppress(*DATABASE_AWAY):
        run = get_run(tenant=run.tenant, run_id=run.id)
    slug, what = run.tenant.slug, f"{RunKind(run.kind).label} of {run.tenant.slug}"
    if run.is_finished:
        rest = f"{what} had ended: {RunState(run.state).label}."
    elif is_here:
        rest = (
            f"This process works on it no more. {what} is left to a worker, in"
            f" {settings.PLEXICA_LEASE_SECONDS} seconds at the earliest; where none runs,"
            f" `manage.py tenant retry {slug} --here` goes on with it."
        )
    else:
        rest = (
            f"{what} is left to the worker; `manage.py tenant show {slug}` tells how far it is,"
            f" and where no worker runs, `manage.py tenant retry {slug} --here` goes on with it."
        )
    output.complain(f"Interrupted. {rest}")
    output.document(render_tenant_and_run(run))
    if is_here:
        # The threads of its steps cannot be stopped, and to wait for them is not to be interrupted.
        # A worker that ends at any place does no harm: its lease ends too.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(ExitCode.INTERRUPTED)
    return ExitCode.INTERRUPTED


def _tell_end(run: ProvisioningRun, output: Output, *, is_rollback: bool) -> ExitCode:
    slug, kind = run.tenant.slug, RunKind(run.kind).label
    if not run.is_finished:
        output.complain(
            f"{kind} of {slug} is still under way. It goes on without this command;"
            f" `manage.py tenant show {slug}` tells how far it is."
        )
        return ExitCode.STILL_RUNNING
    if is_rollback and run.state == RunState.ROLLED_BACK:
        output.say(f"Everything that was left of {slug} was taken back.", style="green")
        return ExitCode.SUCCESS
    if run.has_failed:
        output.complain(
            f"{kind} of {slug} failed: {run.error_message or RunState(run.state).label}"
            f" {_what_is_left(run)}"
        )
        return ExitCode.FAILED
    words = str(TenantState(run.tenant.state).label).lower()
    where = f" at {run.tenant.workspace_url}" if run.tenant.is_active else ""
    until = f" {run.tenant.purge_after:%Y-%m-%d %H:%M} UTC" if run.tenant.purge_after else ""
    until = f", and can be restored until{until}" if until else ""
    output.say(f"{slug} is {words}{where}{until}. It took {run.seconds:.1f} s.", style="green")
    return ExitCode.SUCCESS


def _what_is_left(run: ProvisioningRun) -> str:
    again = f"`manage.py tenant retry {run.tenant.slug}"
    match run.state:
        case RunState.ROLLBACK_INCOMPLETE:
            return (
                f"Not everything could be taken back. {again} --rollback` tries that again,"
                f" {again}` the whole."
            )
        case RunState.ROLLED_BACK:
            return f"Everything was taken back. {again}` tries it again."
        case _:
            return f"The tenant is {run.tenant.state}. {again}` tries it again."


def _confirm(tenant: Tenant, options: Namespace, output: Output) -> None:
    """Make sure that the slug is meant.

    Raises:
        NotConfirmed: It was not given again.
    """
    given = options.confirm
    if given is None and sys.stdin.isatty() and output.console.is_terminal:
        output.say(
            f"{tenant.name} is closed at once. Its schema, its realm with all its people and its"
            f" bucket with all its files are removed {_removal(tenant, options)}."
        )
        try:
            given = Prompt.ask("Type its slug to delete it", console=output.console)
        except EOFError:
            given = None
    if given != tenant.slug:
        raise NotConfirmed(f"Give the slug again to delete it: --confirm {tenant.slug}")


def _removal(tenant: Tenant, options: Namespace) -> str:
    days = options.grace_days
    if days is None:
        days = settings.PLEXICA_DELETION_GRACE_DAYS
    if not days or tenant.state == TenantState.FAILED:
        return "at once too, and nothing brings them back"
    return f"after {days} {'day' if days == 1 else 'days'}; until then, it can be restored"
