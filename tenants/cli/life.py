"""The subcommands that change one tenant, each by beginning a run."""

import sys
from argparse import Namespace
from collections.abc import Callable

from django.db import transaction
from rich.prompt import Prompt

from plexica.core.actor import operator
from plexica.core.errors import Conflict
from tenants.api.serializers import TenantSerializer, render_tenant_and_run
from tenants.cli.exits import ExitCode
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
from tenants.selectors import get_tenant, list_runs
from tenants.services import RunNotRetryable, create_tenant, retry_rollback, retry_run
from tenants.states import RunKind, RunState, TenantState


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
    if not options.dry_run:
        _confirm(tenant, options, output)
    return _change(
        options,
        output,
        lambda: delete_tenant(tenant=tenant, actor=operator(), grace_days=options.grace_days),
    )


def retry(options: Namespace, output: Output) -> ExitCode:
    """Try the tenant's last run again, or only what it could not take back."""
    tenant = get_tenant(slug=options.slug)
    run = list_runs(tenant=tenant).first()
    if run is None:
        raise RunNotRetryable(f"{tenant.slug} has had no run yet.")
    again = retry_rollback if options.rollback else retry_run
    return _change(options, output, lambda: again(run=run, actor=operator()))


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


def _change(options: Namespace, output: Output, begin: Callable[[], ProvisioningRun]) -> ExitCode:
    if options.dry_run:
        return _rehearse(begin, output)
    run = begin()
    if not options.no_wait:
        run = follow(run, output, seconds=options.timeout, is_here=options.here)
    output.document(render_tenant_and_run(run))
    if options.no_wait:
        output.say(
            f"{RunKind(run.kind).label} of {run.tenant.slug} has begun; `manage.py tenant show"
            f" {run.tenant.slug}` tells how far it is."
        )
        return ExitCode.SUCCESS
    return _tell_end(run, output)


def _rehearse(begin: Callable[[], ProvisioningRun], output: Output) -> ExitCode:
    """Begin a run with all its checks, and take that back."""
    with transaction.atomic():
        run = begin()
        slug, kind = run.tenant.slug, RunKind(run.kind)
        labels = list(run.steps.values_list("label", flat=True))
        document = {
            "dry_run": True,
            "kind": kind.value,
            "steps": list(run.steps.values_list("name", flat=True)),
            "tenant": TenantSerializer(run.tenant).data,
        }
        transaction.set_rollback(True)
    steps = f", in these steps: {', '.join(labels)}" if labels else ""
    output.say(f"Nothing was changed. It would be: {kind.label.lower()} of {slug}{steps}.")
    output.document(document)
    return ExitCode.SUCCESS


def _tell_end(run: ProvisioningRun, output: Output) -> ExitCode:
    slug, kind = run.tenant.slug, RunKind(run.kind).label
    if not run.is_finished:
        output.complain(
            f"{kind} of {slug} is still under way. It goes on without this command;"
            f" `manage.py tenant show {slug}` tells how far it is."
        )
        return ExitCode.STILL_RUNNING
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
            " bucket with all its files are removed when the time of grace is over."
        )
        given = Prompt.ask("Type its slug to delete it", console=output.console)
    if given != tenant.slug:
        raise NotConfirmed(f"Give the slug again to delete it: --confirm {tenant.slug}")
