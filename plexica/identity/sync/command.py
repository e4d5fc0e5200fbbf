"""`manage.py user sync`: reading everybody of some realms."""

import time
from argparse import Namespace
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from functools import partial

from django.conf import settings

from plexica.core.crypto import UndecryptableError
from plexica.core.errors import Conflict, InvalidInput, OutwardError
from plexica.core.scope import platform_scope
from plexica.identity.sync.cycle import platform_source, source_of
from plexica.identity.sync.realm import Outcome, Source, read_realm
from tenants.cli.bars import progress_bar
from tenants.cli.exits import ExitCode
from tenants.cli.output import Output
from tenants.scopes import tenant_scope
from tenants.selectors import get_tenant
from tenants.served import served_tenants
from tenants.states import WHOLE_STATES

PLATFORM = "the platform"
_ERRORS = {
    Outcome.BUSY: "It is being read already. Try again in a moment.",
    Outcome.BEHIND: "It is being upgraded. Upgrade it first: manage.py tenant upgrade.",
}


class NoAccount(Conflict):
    """This process has no account that may look at the platform's own realm."""

    code = "no-account"
    title = "The platform's own realm needs the provisioner's environment"


@dataclass(frozen=True, slots=True)
class _Subject:
    """A realm that is to be read: whose it is, and how it is reached."""

    name: str
    scope: Callable[[], AbstractContextManager[object]]
    source: Callable[[], Source]


@dataclass(slots=True)
class _Row:
    """What came of one realm."""

    realm: str
    people: int = 0
    made: int = 0
    changed: int = 0
    followed: int = 0
    seconds: float = 0.0
    error: str = ""


def sync(options: Namespace, output: Output) -> ExitCode:
    """Bring the people of some tenants in step with their realms, whatever events say.

    Raises:
        InvalidInput: It is not said whose.
        NotFound: There is no tenant with one of the slugs.
        NoAccount: The platform's own realm is asked for, and cannot be read from here.
        Conflict: One of the tenants is not whole.
    """
    rows = []
    for subject in _choose(options):
        rows.append(_sync(subject, output, is_dry=options.dry_run))
        _show(rows[-1], output, is_dry=options.dry_run)
    is_complete = all(not row.error for row in rows)
    if len(rows) != 1:
        _show_totals(rows, output)
    output.document(
        {
            "dry_run": options.dry_run,
            "is_complete": is_complete,
            "realms": [asdict(row) for row in rows],
        }
    )
    return ExitCode.SUCCESS if is_complete else ExitCode.FAILED


def _choose(options: Namespace) -> list[_Subject]:
    if options.slugs and options.all:
        raise InvalidInput("Name tenants, or take --all.")
    if not (options.slugs or options.all or options.platform):
        raise InvalidInput("Say whose people: name tenants, or take --all or --platform.")
    if options.platform and not _has_platform_account():
        raise NoAccount("The platform's own realm is read in the provisioner's environment only.")
    if options.all:
        tenants = list(served_tenants().order_by("slug"))
    else:
        tenants = [get_tenant(slug=slug) for slug in dict.fromkeys(options.slugs)]
    for tenant in tenants:
        if tenant.state not in WHOLE_STATES:
            raise Conflict(f"{tenant.slug} is {tenant.state}, so its realm need not be there.")
    subjects = [
        _Subject(tenant.slug, partial(tenant_scope, tenant), partial(source_of, tenant))
        for tenant in tenants
    ]
    if options.platform or (options.all and _has_platform_account()):
        subjects.append(_Subject(PLATFORM, platform_scope, platform_source))
    return subjects


def _sync(subject: _Subject, output: Output, *, is_dry: bool) -> _Row:
    row = _Row(realm=subject.name)
    started = time.monotonic()
    with progress_bar(output, subject.name) as advance, subject.scope():
        try:
            result = read_realm(subject.source(), is_dry=is_dry, on_page=advance)
        except OutwardError as error:
            row.error = str(error)
        except (KeyError, UndecryptableError):
            row.error = (
                "The account inside the realm does not work."
                f" Run `manage.py tenant reconcile {subject.name} --repair`."
            )
        else:
            row.people, row.made, row.changed = result.people, result.made, result.changed
            row.followed = result.followed
            row.error = _ERRORS.get(result.outcome, "")
    row.seconds = round(time.monotonic() - started, 3)
    return row


def _show(row: _Row, output: Output, *, is_dry: bool) -> None:
    if row.error:
        output.say(f"{row.realm}: {row.error}", style="red")
        return
    would = "would be " if is_dry else ""
    groups = "" if is_dry else f", {row.followed} memberships changed"
    output.say(
        f"{row.realm}: {row.people} people, {row.made} {would}new, {row.changed} {would}changed"
        f"{groups} ({row.seconds:.1f} s)"
    )


def _show_totals(rows: list[_Row], output: Output) -> None:
    failed = sum(bool(row.error) for row in rows)
    output.say(
        f"{len(rows)} realms with {sum(row.people for row in rows)} people read in"
        f" {sum(row.seconds for row in rows):.1f} s; {failed} failed."
    )


def _has_platform_account() -> bool:
    return bool(settings.KEYCLOAK_SERVERS["default"].admin_client_id)
