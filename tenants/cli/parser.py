"""The subcommands and what they take."""

from argparse import ArgumentParser, ArgumentTypeError

from tenants.cli import life, reading, together
from tenants.cli.exits import ExitCode
from tenants.parts import configured_parts
from tenants.selectors import ORDERINGS
from tenants.states import TenantState
from tenants.upgrade import FIRST_FEW

DEFAULT_LIMIT = 50
MAX_LIMIT = 10_000
DEFAULT_TIMEOUT_SECONDS = 600
MAX_TIMEOUT_SECONDS = 86_400
_EXIT_CODES = (
    "Exit codes: "
    + "; ".join(f"{code.value} {code.meaning}" for code in ExitCode)
    + ". See docs/command-line.md."
)


def add_subcommands(parser: ArgumentParser) -> None:
    """Name the subcommands. The chosen one's function is in the option `act`."""
    parser.epilog = _EXIT_CODES
    commands = parser.add_subparsers(dest="subcommand", required=True, metavar="SUBCOMMAND")

    def add(name: str, act: object, summary: str) -> ArgumentParser:
        command: ArgumentParser = commands.add_parser(
            name, help=summary, description=summary, epilog=_EXIT_CODES
        )
        command.set_defaults(act=act, if_interrupted="")
        command.add_argument("--json", action="store_true", help="Print one JSON document.")
        return command

    listing = add("list", reading.list_them, "Show tenants, one a line.")
    listing.add_argument("--search", default="", help="Part of a name, a slug or an owner.")
    listing.add_argument(
        "--state", action="append", choices=TenantState.values, help="May be repeated."
    )
    listing.add_argument("--behind", action="store_true", help="Only those to be upgraded.")
    listing.add_argument("--ordering", choices=ORDERINGS, default="slug")
    listing.add_argument(
        "--limit", type=_between(1, MAX_LIMIT), default=DEFAULT_LIMIT, help="How many (50)."
    )
    add("show", reading.show, "Show all that is known of one tenant.").add_argument(
        "slug", help="The tenant."
    )

    creation = add("create", life.create, "Make a tenant.")
    creation.add_argument("slug", help="Its short name, part of its address.")
    creation.add_argument("--name", default="", help="What people call it; the slug if left out.")
    creation.add_argument("--owner", required=True, metavar="ADDRESS", help="Who is invited.")
    creation.add_argument("--contact", default="", metavar="ADDRESS", help="Whom to write to.")
    _add_change(creation)
    for name, act, summary in (
        ("suspend", life.suspend, "Stop serving a tenant."),
        ("resume", life.resume, "Serve a suspended tenant again."),
        ("restore", life.restore, "Call a deletion off."),
    ):
        command = add(name, act, summary)
        command.add_argument("slug", help="The tenant.")
        _add_change(command)
    deletion = add("delete", life.delete, "Delete a tenant, now or after a time of grace.")
    deletion.add_argument("slug", help="The tenant.")
    deletion.add_argument("--confirm", metavar="SLUG", help="The slug again, to say it is meant.")
    deletion.add_argument(
        "--grace-days", type=int, help="For how long it can be restored; 0 removes it at once."
    )
    _add_change(deletion)
    retrial = add("retry", life.retry, "Try a tenant's last run again, if it failed.")
    retrial.add_argument("slug", help="The tenant.")
    retrial.add_argument(
        "--rollback", action="store_true", help="Only take back what could not be taken back."
    )
    _add_change(retrial)
    freeing = add("free", life.free, "Let a deleted tenant's slug be given to somebody else.")
    freeing.add_argument("slug", help="The tenant.")
    _add_dry_run(freeing)

    comparison = add("reconcile", together.compare, "Compare tenants with what they should be.")
    _add_selection(comparison)
    scope = comparison.add_mutually_exclusive_group()
    scope.add_argument(
        "--all",
        action="store_true",
        help="All tenants, and what is no tenant's; so it is if no slug is given.",
    )
    scope.add_argument("--orphans", action="store_true", help="Only what is no tenant's.")
    comparison.set_defaults(
        if_interrupted="What was mended stays so; the same command goes on with the rest."
    )
    comparison.add_argument("--repair", action="store_true", help="Mend what can be mended.")
    comparison.add_argument(
        "--remove-orphans", action="store_true", help="Remove what is no tenant's."
    )
    _add_dry_run(comparison)
    upgrading = add("upgrade", together.upgrade, "Bring tenants to the present version.")
    _add_selection(upgrading)
    upgrading.set_defaults(
        if_interrupted="Tenants that were brought up stay so; the same command goes on with the"
        " rest."
    )
    upgrading.add_argument(
        "--first",
        type=_between(0, MAX_LIMIT),
        default=FIRST_FEW,
        help="How many go first; if one of them fails, none follows (3).",
    )
    upgrading.add_argument(
        "--allow-failures",
        type=_between(0, MAX_LIMIT),
        default=0,
        help="How many of the others may fail before the rest is left alone (0).",
    )
    _add_dry_run(upgrading)


def _add_selection(command: ArgumentParser) -> None:
    command.add_argument("slugs", nargs="*", metavar="SLUG", help="All tenants if left out.")
    command.add_argument(
        "--part", action="append", choices=list(configured_parts()), help="May be repeated."
    )


def _add_dry_run(command: ArgumentParser) -> None:
    command.add_argument("--dry-run", action="store_true", help="Say what would be done.")


def _add_change(command: ArgumentParser) -> None:
    _add_dry_run(command)
    waiting = command.add_mutually_exclusive_group()
    waiting.add_argument("--no-wait", action="store_true", help="Leave it to the worker.")
    waiting.add_argument(
        "--here", action="store_true", help="Do it in this process, worker or none."
    )
    waiting.add_argument(
        "--timeout",
        type=_between(1, MAX_TIMEOUT_SECONDS),
        default=DEFAULT_TIMEOUT_SECONDS,
        metavar="SECONDS",
        help="How long to wait at most (600).",
    )


class _between:  # noqa: N801 (a function to whoever uses it)
    """Reads a whole number between two bounds."""

    def __init__(self, least: int, most: int) -> None:
        self._least, self._most = least, most

    def __call__(self, text: str) -> int:
        if not text.isdecimal() or not self._least <= int(text[:9]) <= self._most:
            raise ArgumentTypeError(f"use a whole number from {self._least} to {self._most}")
        return int(text)
