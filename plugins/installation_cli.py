"""The subcommands of `manage.py plugin` about what tenants have."""

import json
import os
import shutil
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

from plexica.core.actor import operator
from plexica.core.errors import InvalidInput
from plugins.exporting import export_installation
from plugins.installations import get_installation, list_installations
from plugins.installing import (
    disable_installation,
    enable_installation,
    install_plugin,
    uninstall_installation,
    upgrade_installation,
)
from plugins.models import Installation
from plugins.selectors import get_plugin, get_release
from tenants.cli.exits import ExitCode
from tenants.cli.output import Output
from tenants.cli.watching import follow
from tenants.models import ProvisioningRun
from tenants.selectors import get_run, get_tenant

WAIT_SECONDS = 300.0
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL

Add = Callable[[str, Callable[..., ExitCode], str], ArgumentParser]


def add_installation_subcommands(add: Add) -> None:
    """Name the subcommands and their arguments.

    Args:
        add: Adds one by its name, what it does, and its summary.
    """
    listing = add("installations", _list, "List what tenants have installed.")
    listing.add_argument("--tenant", default="", metavar="SLUG", help="Only this tenant's.")
    listing.add_argument("--plugin", default="", metavar="SLUG", help="Only this plugin's.")
    exporting = add("export", _export, "Write all that a tenant's plugin has into a file.")
    exporting.add_argument("slug", metavar="SLUG", help="The plugin.")
    exporting.add_argument("--tenant", required=True, metavar="SLUG", help="The tenant.")
    exporting.add_argument("--file", type=Path, metavar="FILE", help="Where; it must not be there.")
    for name, act, summary in (
        ("install", _install, "Install a plugin in a tenant."),
        ("upgrade", _upgrade, "Bring a tenant's plugin to a newer release."),
        ("uninstall", _uninstall, "Take a plugin from a tenant."),
        ("enable", _enable, "Serve a tenant's plugin, from the next request on."),
        ("disable", _disable, "Serve a tenant's plugin no more; nothing of it is lost."),
    ):
        command = add(name, act, summary)
        command.add_argument("slug", metavar="SLUG", help="The plugin.")
        command.add_argument("--tenant", required=True, metavar="SLUG", help="The tenant.")
        if act in {_install, _upgrade}:
            command.add_argument(
                "--version", default="", dest="release", help="The release; else the current one."
            )
            command.add_argument(
                "--agree", action="store_true", help="Agree to all that the release asks for."
            )
            command.add_argument(
                "--set",
                action="append",
                default=[],
                metavar="NAME=VALUE",
                help="A setting; its value as JSON, or a text.",
            )
        if act in {_install, _upgrade, _uninstall}:
            _add_waiting(command)
        if act is _uninstall:
            command.add_argument("--purge", action="store_true", help="Keep nothing of its data.")


def _export(options: Namespace, output: Output) -> ExitCode:
    export = export_installation(installation=_found(options), actor=operator())
    path: Path = options.file or Path(export.name)
    try:
        # Nobody else of this machine is to read it, and nothing is written over.
        with export.file, os.fdopen(os.open(path, _NEW, 0o600), "wb") as out:
            shutil.copyfileobj(export.file, out)
    except OSError as error:
        raise InvalidInput(f"{path}: {error.strerror}.") from error
    output.say(f"{path} has all of it.")
    output.document({"file": str(path)})
    return ExitCode.SUCCESS


def _add_waiting(command: ArgumentParser) -> None:
    command.add_argument("--no-wait", action="store_true", help="Do not wait until it has ended.")
    command.add_argument(
        "--here", action="store_true", help="Work on it in this process, where no worker runs."
    )
    command.set_defaults(if_interrupted="What was begun goes on.")


def _list(options: Namespace, output: Output) -> ExitCode:
    installations = list(
        list_installations(
            tenant=get_tenant(slug=options.tenant) if options.tenant else None,
            plugin=get_plugin(slug=options.plugin) if options.plugin else None,
        )
    )
    output.table(
        ("TENANT", "PLUGIN", "VERSION", "STATE"),
        (
            (found.tenant.slug, found.plugin.slug, found.release.version, found.state)
            for found in installations
        ),
    )
    output.document([_facts(found) for found in installations])
    return ExitCode.SUCCESS


def _install(options: Namespace, output: Output) -> ExitCode:
    installation = install_plugin(
        tenant=get_tenant(slug=options.tenant),
        slug=options.slug,
        version=options.release,
        uses=_agreed(options),
        settings=_settings(options),
        actor=operator(),
    )
    return _wait(installation.run, options, output)


def _upgrade(options: Namespace, output: Output) -> ExitCode:
    installation = upgrade_installation(
        installation=_found(options),
        version=options.release,
        uses=_agreed(options),
        settings=_settings(options),
        actor=operator(),
    )
    return _wait(installation.run, options, output)


def _uninstall(options: Namespace, output: Output) -> ExitCode:
    installation = uninstall_installation(
        installation=_found(options), purge=options.purge, actor=operator()
    )
    return _wait(installation.run, options, output)


def _enable(options: Namespace, output: Output) -> ExitCode:
    return _switched(enable_installation(installation=_found(options), actor=operator()), output)


def _disable(options: Namespace, output: Output) -> ExitCode:
    return _switched(disable_installation(installation=_found(options), actor=operator()), output)


def _found(options: Namespace) -> Installation:
    return get_installation(tenant=get_tenant(slug=options.tenant), slug=options.slug)


def _agreed(options: Namespace) -> tuple[str, ...]:
    """Return what the release asks for, if that was agreed to as a whole."""
    if not options.agree:
        return ()
    if options.release:
        return get_release(slug=options.slug, version=options.release).contract.uses
    current = get_plugin(slug=options.slug).current
    return current.contract.uses if current else ()


def _settings(options: Namespace) -> dict[str, Any]:
    return dict(_setting(text) for text in options.set)


def _setting(text: str) -> tuple[str, Any]:
    name, is_there, value = text.partition("=")
    if not is_there:
        raise InvalidInput(f"{text}: write NAME=VALUE.")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _wait(run: ProvisioningRun | None, options: Namespace, output: Output) -> ExitCode:
    if run is None:
        raise TypeError("It was begun with a run.")
    slug = f"{options.slug} of {options.tenant}"
    if options.no_wait:
        output.say(f"{slug}: begun.")
        output.document({"run": str(run.pk), "state": run.state})
        return ExitCode.SUCCESS
    run = follow(run, output, seconds=WAIT_SECONDS, is_here=options.here)
    run = get_run(tenant=run.tenant, run_id=run.pk)
    output.document({"run": str(run.pk), "state": run.state, "error": run.error_message})
    if not run.is_finished:
        output.complain(f"{slug}: still under way.")
        return ExitCode.STILL_RUNNING
    if run.has_failed:
        output.complain(f"{slug}: {run.error_message}")
        return ExitCode.FAILED
    output.say(f"{slug}: done.")
    return ExitCode.SUCCESS


def _switched(installation: Installation, output: Output) -> ExitCode:
    output.say(f"{installation.plugin.slug} is {installation.state.lower()}.")
    output.document(_facts(installation))
    return ExitCode.SUCCESS


def _facts(installation: Installation) -> dict[str, Any]:
    return {
        "id": str(installation.pk),
        "tenant": installation.tenant.slug,
        "plugin": installation.plugin.slug,
        "version": installation.release.version,
        "state": installation.state,
    }
