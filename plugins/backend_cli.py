"""The subcommands of `manage.py plugin` that are about what runs."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import Any

from plexica.core.actor import operator
from plugins.backend_selectors import get_backend, list_backends
from plugins.backends import end_quarantine, restart_backend, set_unconfined
from plugins.models import Backend, Release
from plugins.selectors import get_release
from plugins.states import BackendState
from tenants.cli.exits import ExitCode
from tenants.cli.output import Output

Add = Callable[[str, Callable[..., ExitCode], str], ArgumentParser]


def add_backend_subcommands(add: Add) -> None:
    """Name the subcommands and their arguments.

    Args:
        add: Makes a subcommand of a name, what does it, and a summary.
    """
    listing = add("backends", _list, "List the backends: what runs, and what should.")
    listing.add_argument(
        "--state",
        action="append",
        default=[],
        choices=BackendState.values,
        help="Only those in this state.",
    )
    for name, act, summary in (
        ("log", _log, "Print the end of a backend's log."),
        ("restart", _restart, "Start a backend anew, out of quarantine too."),
        ("unconfine", _unconfine, "Let a release run without an OS user of its own."),
        ("confine", _confine, "Take that back."),
    ):
        command = add(name, act, summary)
        command.add_argument("slug", metavar="SLUG", help="The plugin.")
        command.add_argument("version", metavar="VERSION", help="The release.")


def _list(options: Namespace, output: Output) -> ExitCode:
    backends = list(list_backends(states=options.state))
    output.table(
        ("SLUG", "VERSION", "WANTED", "STATE", "ADDRESS", "RESTARTS", "LAST ERROR"),
        (
            (
                backend.release.plugin.slug,
                backend.release.version,
                "yes" if backend.is_wanted else "no",
                backend.state,
                backend.address,
                backend.restarts,
                backend.last_error,
            )
            for backend in backends
        ),
    )
    output.document([_facts(backend) for backend in backends])
    return ExitCode.SUCCESS


def _log(options: Namespace, output: Output) -> ExitCode:
    backend = get_backend(release=_release(options), with_log=True)
    output.say(backend.log_tail.rstrip("\n"))
    output.document({**_facts(backend), "log": backend.log_tail})
    return ExitCode.SUCCESS


def _restart(options: Namespace, output: Output) -> ExitCode:
    backend = get_backend(release=_release(options))
    act = end_quarantine if backend.state == BackendState.QUARANTINED else restart_backend
    backend = act(backend=backend, actor=operator())
    output.say(f"{options.slug} {options.version} is started anew by the plugin agent.")
    output.document(_facts(backend))
    return ExitCode.SUCCESS


def _unconfine(options: Namespace, output: Output) -> ExitCode:
    return _confining(options, output, allowed=True)


def _confine(options: Namespace, output: Output) -> ExitCode:
    return _confining(options, output, allowed=False)


def _confining(options: Namespace, output: Output, *, allowed: bool) -> ExitCode:
    release = set_unconfined(release=_release(options), allowed=allowed, actor=operator())
    words = "may run" if allowed else "may not run"
    output.say(f"{options.slug} {options.version} {words} without an OS user of its own.")
    output.document({"plugin": options.slug, "version": release.version, "is_unconfined": allowed})
    return ExitCode.SUCCESS


def _release(options: Namespace) -> Release:
    return get_release(slug=options.slug, version=options.version)


def _facts(backend: Backend) -> dict[str, Any]:
    return {
        "plugin": backend.release.plugin.slug,
        "version": backend.release.version,
        "is_wanted": backend.is_wanted,
        "state": backend.state,
        "runtime": backend.runtime,
        "address": backend.address,
        "restarts": backend.restarts,
        "crashes": backend.crashes,
        "last_error": backend.last_error,
        "is_unconfined": backend.release.unconfined_at is not None,
    }
