"""The subcommands that go through many tenants: `reconcile` and `upgrade`."""

from argparse import Namespace
from dataclasses import asdict, replace

from plexica.core.actor import operator
from plexica.core.errors import InvalidInput, NotFound
from tenants.cli.bars import progress_bar
from tenants.cli.exits import ExitCode
from tenants.cli.output import Output
from tenants.models import Tenant
from tenants.parts import Finding
from tenants.reconcile import reconcile
from tenants.reports import SubjectReport
from tenants.selectors import get_tenant
from tenants.states import WHOLE_STATES
from tenants.upgrade import Outcome, list_behind, parts_behind, upgrade_tenants
from tenants.upgrade import Progress as UpgradeProgress

_PLATFORM = "the platform"
_OUTCOME_WORDS = {
    Outcome.UPGRADED: "upgraded",
    Outcome.FAILED: "failed",
    Outcome.BUSY: "left alone",
    Outcome.NOT_REACHED: "not reached",
}


def compare(options: Namespace, output: Output) -> ExitCode:
    """Compare tenants with what they should be, and mend on request."""
    if options.slugs and (options.all or options.orphans or options.remove_orphans):
        raise InvalidInput(
            "What is no tenant's is looked for in all: leave the slugs or --all, --orphans and"
            " --remove-orphans out."
        )
    acts = not options.dry_run
    with progress_bar(output, "Comparing") as advance:

        def show(done: int, total: int, report: SubjectReport) -> None:
            _show_subject(report, output, options)
            advance(done, total)

        report = reconcile(
            slugs=() if options.orphans else options.slugs or None,
            parts=options.part or None,
            around=options.orphans or None,
            repair=options.repair and acts,
            remove=options.remove_orphans and acts,
            actor=operator(),
            on_progress=show,
        )
    if report.platform is not None:
        _show_subject(replace(report.platform, slug=_PLATFORM), output, options)
    totals = report.totals
    output.say(
        f"{totals['tenants']} compared: {totals['clean']} as they should be,"
        f" {totals['skipped']} left out. {totals['findings']} differences,"
        f" {totals['mended']} of them mended or removed, {totals['left']} left;"
        f" {totals['errors']} parts could not be compared or mended."
    )
    output.document(report.as_json())
    is_good = report.is_clean and not totals["skipped"]
    return ExitCode.SUCCESS if is_good else ExitCode.FAILED


def upgrade(options: Namespace, output: Output) -> ExitCode:
    """Bring tenants to the present version."""
    slugs, parts = options.slugs or None, options.part or None
    unfit = [
        tenant.slug
        for tenant in map(_get_tenant, options.slugs)
        if tenant.state not in WHOLE_STATES
    ]
    if options.dry_run:
        return _show_behind(slugs, parts, unfit, output)
    with progress_bar(output, "Upgrading") as advance:

        def show(progress: UpgradeProgress) -> None:
            _show_outcome(progress, output)
            advance(progress.done, progress.total)

        report = upgrade_tenants(
            slugs=slugs,
            parts=parts,
            first=options.first,
            max_failures=options.allow_failures,
            actor=operator(),
            on_progress=show,
        )
    not_reached = [each.slug for each in report.tenants if each.outcome == Outcome.NOT_REACHED]
    if not_reached:
        output.say(f"Not reached, as too many failed: {', '.join(not_reached)}.", style="yellow")
    _show_unfit(unfit, output)
    if report.tenants:
        numbers = ", ".join(
            f"{report.count(outcome)} {words}" for outcome, words in _OUTCOME_WORDS.items()
        )
        output.say(f"{len(report.tenants)} were behind: {numbers}. It took {report.seconds:.1f} s.")
    elif not unfit:
        output.say("No tenant is behind.")
    is_complete = report.is_complete and not unfit
    output.document(
        {
            "is_complete": is_complete,
            "seconds": report.seconds,
            "tenants": [asdict(each) for each in report.tenants],
            "left_out": unfit,
        }
    )
    return ExitCode.SUCCESS if is_complete else ExitCode.FAILED


def _get_tenant(slug: str) -> Tenant:
    try:
        return get_tenant(slug=slug)
    except NotFound:
        # Of many slugs, the one that is wrong has to be named.
        raise NotFound(f"There is no tenant “{slug}”.") from None


def _show_unfit(slugs: list[str], output: Output) -> None:
    for slug in slugs:
        output.say(
            f"{slug}: left out. It is being made, has failed or is gone, so there is nothing to"
            " upgrade.",
            style="yellow",
        )


def _show_behind(
    slugs: list[str] | None, parts: list[str] | None, unfit: list[str], output: Output
) -> ExitCode:
    rows = [
        (tenant.slug, [part.name for part in parts_behind(tenant)])
        for tenant in list_behind(parts=parts, slugs=slugs)
    ]
    if rows:
        output.table(("SLUG", "BEHIND"), ((slug, ", ".join(names)) for slug, names in rows))
        output.say(f"Nothing was changed. {len(rows)} would be upgraded.")
    elif not unfit:
        output.say("No tenant is behind.")
    _show_unfit(unfit, output)
    behind = [{"slug": slug, "parts": names} for slug, names in rows]
    output.document({"dry_run": True, "behind": behind, "left_out": unfit})
    return ExitCode.FAILED if rows or unfit else ExitCode.SUCCESS


def _show_outcome(progress: UpgradeProgress, output: Output) -> None:
    outcome = progress.last
    words = _OUTCOME_WORDS[outcome.outcome]
    style = "" if outcome.outcome == Outcome.UPGRADED else "yellow"
    text = f"{outcome.slug}: {words} ({outcome.seconds:.1f} s) {outcome.message}".rstrip()
    if not output.console.is_terminal and progress.done < progress.total:
        # On a terminal, the bar says so.
        left = max(1, round(progress.seconds_left))
        text += f" [{progress.done} of {progress.total}, about {left} s left]"
    output.say(text, style=style)


def _show_subject(report: SubjectReport, output: Output, options: Namespace) -> None:
    if report.skipped:
        output.say(f"{report.slug}: left out. {report.skipped}", style="yellow")
    for part in report.parts:
        if part.error:
            output.say(f"{report.slug}, {part.part}: {part.error}", style="red")
        mended = set(part.mended)
        for finding in part.findings:
            text, style = _in_words(finding, is_mended=finding in mended, options=options)
            output.say(f"{report.slug}, {finding.part}: {text}", style=style)


def _in_words(finding: Finding, *, is_mended: bool, options: Namespace) -> tuple[str, str]:
    text = f"{finding.difference}: {finding.what}. {finding.detail}".rstrip()
    if is_mended:
        return f"{text} Mended.", "green"
    if not finding.can_repair:
        return f"{text} It cannot be mended by itself.", "red"
    if options.dry_run and (options.repair or options.remove_orphans):
        return f"{text} It would be mended.", "yellow"
    return text, "yellow"
