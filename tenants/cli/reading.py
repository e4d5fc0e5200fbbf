"""The subcommands that only look."""

from argparse import Namespace

from tenants.api.serializers.tenants_out import RunSerializer, TenantSerializer
from tenants.cli.exits import ExitCode
from tenants.cli.output import Output
from tenants.inspections import get_inspection
from tenants.models import Inspection, Tenant
from tenants.parts import configured_parts
from tenants.selectors import get_tenant, list_runs, list_tenants
from tenants.states import WHOLE_STATES, RunKind, RunState, StepState, TenantState
from tenants.upgrade import list_behind, parts_behind

RUNS_SHOWN = 5


def list_them(options: Namespace, output: Output) -> ExitCode:
    """Show tenants, one a line."""
    tenants = list_tenants(
        search=options.search, states=options.state or (), ordering=options.ordering
    )
    if options.behind:
        tenants = tenants.filter(pk__in=list_behind().values("pk"))
    count = tenants.count()
    shown = list(tenants[: options.limit])
    if output.is_json:
        output.document({"count": count, "results": TenantSerializer(shown, many=True).data})
        return ExitCode.SUCCESS
    if shown:
        output.table(
            ("SLUG", "NAME", "STATE", "OWNER", "CREATED", "BEHIND"),
            (
                (
                    tenant.slug,
                    tenant.name,
                    tenant.state,
                    tenant.owner_email,
                    f"{tenant.created_at:%Y-%m-%d}",
                    _behind(tenant),
                )
                for tenant in shown
            ),
        )
    if len(shown) < count:
        output.say(f"{len(shown)} of {count} are shown; --limit shows more.")
    elif not shown:
        output.say("No tenant is like that." if _is_filtered(options) else "There are no tenants.")
    return ExitCode.SUCCESS


def show(options: Namespace, output: Output) -> ExitCode:
    """Show all that is known of one tenant."""
    tenant = get_tenant(slug=options.slug)
    runs = list(list_runs(tenant=tenant)[:RUNS_SHOWN])
    inspection = get_inspection(tenant=tenant)
    if output.is_json:
        output.document(
            {
                "tenant": TenantSerializer(tenant).data,
                "runs": RunSerializer(runs, many=True).data,
                "inspection": inspection
                and {
                    "checked_at": inspection.checked_at,
                    "findings": inspection.findings,
                    "not_compared": inspection.not_compared,
                },
            }
        )
        return ExitCode.SUCCESS
    output.facts(
        (
            ("Slug", tenant.slug),
            ("Name", tenant.name),
            ("State", TenantState(tenant.state).label),
            ("Workspace", tenant.workspace_url),
            ("Owner", tenant.owner_email),
            ("Contact", tenant.contact_email),
            ("Schema", tenant.schema_name),
            ("Realm", tenant.realm),
            ("Bucket", tenant.bucket),
            ("Created", f"{tenant.created_at:%Y-%m-%d %H:%M} UTC"),
            *_deletion(tenant),
            ("Version", _version(tenant)),
            ("Compared", _comparison(inspection)),
        )
    )
    for run in runs:
        output.say("")
        output.say(
            f"{RunKind(run.kind).label}, {run.created_at:%Y-%m-%d %H:%M} UTC, asked for by"
            f" {run.requested_by}: {RunState(run.state).label}. {run.error_message}".rstrip()
        )
        output.table(
            ("STEP", "STATE", "TRIES", "SECONDS", "ERROR"),
            (
                (
                    step.label,
                    StepState(step.state).label,
                    step.attempts,
                    step.seconds,
                    step.error_message,
                )
                for step in run.steps.all()
            ),
        )
    return ExitCode.SUCCESS


def _is_filtered(options: Namespace) -> bool:
    return bool(options.search or options.state or options.behind)


def _behind(tenant: Tenant) -> str:
    if tenant.state not in WHOLE_STATES:
        return ""
    return ", ".join(part.name for part in parts_behind(tenant))


def _version(tenant: Tenant) -> str:
    if tenant.state not in WHOLE_STATES:
        return ""
    if behind := _behind(tenant):
        return f"behind: {behind}; `manage.py tenant upgrade {tenant.slug}` brings it up"
    return f"all of {', '.join(configured_parts())} are at the present one"


def _deletion(tenant: Tenant) -> list[tuple[str, object]]:
    if tenant.purge_after is None:
        return []
    return [
        ("Removed after", f"{tenant.purge_after:%Y-%m-%d %H:%M} UTC"),
        ("State before", tenant.state_before_deletion),
    ]


def _comparison(inspection: Inspection | None) -> str:
    if inspection is None:
        return "not yet"
    words = f"{inspection.checked_at:%Y-%m-%d %H:%M} UTC"
    if not inspection.findings and not inspection.not_compared:
        return f"{words}, as it should be"
    found = ", ".join(f"{each['part']}: {each['what']}" for each in inspection.findings)
    missed = ", ".join(f"{part} could not be compared" for part in inspection.not_compared)
    return f"{words}, {'; '.join(filter(None, (found, missed)))}"
