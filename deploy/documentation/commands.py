"""Plexica's own management commands, from their parsers."""

import argparse
from collections.abc import Iterator

from django.core.management import get_commands, load_command_class

from deploy.documentation.tables import table

_OWN = ("plexica.", "tenants", "plugins")
# Django's, kept from making migrations of models that have no tables.
_NOT_SHOWN = {"makemigrations"}
# What Django gives to every command.
_COMMON = {
    "help", "version", "verbosity", "settings", "pythonpath", "traceback", "no_color",
    "force_color", "skip_checks",
}  # fmt: skip


def commands_reference() -> str:
    """Return the page on all commands, as Markdown. Django has to be set up."""
    parts = [
        "# Commands",
        "",
        "Plexica's own subcommands of `manage.py`, generated from their parsers by",
        "`make reference`. How they end, and what they print:",
        "[the command line](../command-line.md).",
    ]
    for name, app in sorted(get_commands().items()):
        if name in _NOT_SHOWN or not str(app).startswith(_OWN):
            continue
        parser = load_command_class(str(app), name).create_parser("manage.py", name)
        parts += ["", f"## `{name}`", "", (parser.description or "").strip(), ""]
        parts += list(_arguments(parser))
        for subname, subparser in _subparsers(parser):
            parts += ["", f"### `{name} {subname}`", "", (subparser.description or "").strip(), ""]
            parts += list(_arguments(subparser))
    return "\n".join(_single_blank_lines(parts)) + "\n"


def _subparsers(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in parser._actions:  # noqa: SLF001 # argparse offers no other way to read it
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 # the same
            yield from action.choices.items()


def _arguments(parser: argparse.ArgumentParser) -> Iterator[str]:
    rows = [
        (f"`{_written(action)}`", _explained(action))
        for action in parser._actions  # noqa: SLF001 # the same
        if action.dest not in _COMMON and not isinstance(action, argparse._SubParsersAction)  # noqa: SLF001 # the same
    ]
    if rows:
        yield from table(("argument", "what it does"), rows)


def _written(action: argparse.Action) -> str:
    value = action.metavar or (
        "{" + ",".join(map(str, action.choices)) + "}" if action.choices else action.dest.upper()
    )
    value = " ".join(value) if isinstance(value, tuple) else value
    if not action.option_strings:
        return value
    return (
        action.option_strings[-1] if action.nargs == 0 else f"{action.option_strings[-1]} {value}"
    )


def _explained(action: argparse.Action) -> str:
    words = action.help or ""
    if action.required and action.option_strings:
        words = f"{words} Must be given."
    elif action.nargs != 0 and action.default not in (None, "", False, [], argparse.SUPPRESS):
        words = f"{words} Default: `{action.default}`."
    return words.strip()


def _single_blank_lines(lines: list[str]) -> Iterator[str]:
    before = "x"
    for line in lines:
        if line or before:
            yield line
        before = line
