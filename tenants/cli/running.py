"""Running a subcommand: what it raises becomes words, a document and an exit code."""

import logging
import sys
from argparse import Namespace
from typing import Any

from django.core.management.base import BaseCommand

from plexica.core.errors import Conflict, InvalidInput, NotFound, OutwardError, PlexicaError
from tenants.cli.exits import ExitCode
from tenants.cli.here import DATABASE_AWAY
from tenants.cli.output import Output

# As with Django's own commands: 1 is ordinary.
_VERBOSE = 2
_CODES: tuple[tuple[type[PlexicaError], ExitCode], ...] = (
    (InvalidInput, ExitCode.USAGE),
    (NotFound, ExitCode.NOT_FOUND),
    (Conflict, ExitCode.REFUSED),
)


class CommandOfSubcommands(BaseCommand):
    """A management command whose subcommands say in `act` what they do."""

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run a subcommand; how it ended is the process's exit code.

        Raises:
            SystemExit: With one of `ExitCode`, unless it succeeded.
        """
        given = Namespace(**options)
        if given.verbosity < _VERBOSE:
            # The display says what happens; lines of the log would run through it.
            logging.getLogger().setLevel(logging.ERROR)
        if code := _run(given, Output(is_json=given.json)):
            sys.exit(int(code))


def _run(options: Namespace, output: Output) -> ExitCode:
    try:
        code: ExitCode = options.act(options, output)
    except KeyboardInterrupt:
        detail = f"Interrupted. {options.if_interrupted}".rstrip()
        return _fail("interrupted", detail, output, code=ExitCode.INTERRUPTED)
    except PlexicaError as error:
        return _refuse(error, output)
    except OutwardError as error:
        return _fail("server-failed", str(error), output)
    except DATABASE_AWAY:
        return _fail("database-away", "The database does not answer. Try again.", output)
    return code


def _refuse(error: PlexicaError, output: Output) -> ExitCode:
    reasons = [f"{name}: {text}" for name, texts in error.fields.items() for text in texts]
    # Where fields are named, the detail only points at them.
    output.complain("\n".join([f"{error.title}:", *reasons]) if reasons else error.detail)
    output.document({"error": {"code": error.code, "detail": error.detail, **_fields(error)}})
    return next((code for kind, code in _CODES if isinstance(error, kind)), ExitCode.FAILED)


def _fields(error: PlexicaError) -> dict[str, Any]:
    return {"fields": error.fields} if error.fields else {}


def _fail(name: str, detail: str, output: Output, *, code: ExitCode = ExitCode.FAILED) -> ExitCode:
    output.complain(detail)
    output.document({"error": {"code": name, "detail": detail}})
    return code
