"""The subcommands of `manage.py plugin`."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

from plexica.core.actor import operator
from plexica.core.errors import InvalidInput
from plexica_sdk.building import read_file
from plexica_sdk.errors import PluginError
from plexica_sdk.package import MAX_BYTES
from plexica_sdk.signing import MAX_KEY_BYTES
from plugins.backend_cli import add_backend_subcommands
from plugins.installation_cli import add_installation_subcommands
from plugins.models import Release, TrustedKey
from plugins.selectors import (
    find_trusted_key,
    get_plugin,
    get_release,
    list_plugins,
    list_releases,
    list_trusted_keys,
)
from plugins.services import (
    deprecate_release,
    publish_release,
    register_release,
    withdraw_release,
)
from plugins.states import ReleaseState
from plugins.trust import add_trusted_key, revoke_trusted_key
from tenants.cli.exits import ExitCode
from tenants.cli.output import Output

_SHORT = 16


def add_subcommands(parser: ArgumentParser) -> None:
    """Name the subcommands and their arguments."""
    commands = parser.add_subparsers(dest="subcommand", required=True, metavar="SUBCOMMAND")

    def add(name: str, act: Callable[..., ExitCode], summary: str) -> ArgumentParser:
        command = commands.add_parser(name, help=summary, description=summary)
        command.add_argument("--json", action="store_true", help="Print one JSON document.")
        command.set_defaults(act=act, if_interrupted="Nothing is half done.")
        return command

    registering = add("register", _register, "Take a signed package into the registry.")
    registering.add_argument("file", type=Path, metavar="FILE", help="The package.")
    listing = add("list", _list, "List the plugins.")
    listing.add_argument("--search", default="", metavar="WORDS", help="Part of a name.")
    listing.add_argument(
        "--state",
        action="append",
        default=[],
        choices=ReleaseState.values,
        help="With a release in this state.",
    )
    add("show", _show, "Show a plugin with its releases.").add_argument(
        "slug", metavar="SLUG", help="The plugin."
    )
    for name, act, summary in (
        ("publish", _publish, "Offer a release to tenants."),
        ("deprecate", _deprecate, "Offer a release no more; those who have it go on."),
        ("withdraw", _withdraw, "Take a release back for good."),
    ):
        command = add(name, act, summary)
        command.add_argument("slug", metavar="SLUG", help="The plugin.")
        command.add_argument("version", metavar="VERSION", help="The release.")
        if act is not _publish:
            command.add_argument("--reason", default="", help="Why, for those who have it.")
    trusting = add("trust", _trust, "Accept what a key signs.")
    trusting.add_argument("file", type=Path, metavar="FILE", help="Its .pub file.")
    trusting.add_argument("--name", required=True, help="Whose it is.")
    add("keys", _keys, "List the keys that are trusted, and those that were.")
    revoking = add("revoke", _revoke, "Accept nothing more that a key signs.")
    revoking.add_argument("fingerprint", metavar="FINGERPRINT", help="Its beginning is enough.")
    add_installation_subcommands(add)
    add_backend_subcommands(add)


def _register(options: Namespace, output: Output) -> ExitCode:
    release, is_new = register_release(content=_content(options.file, MAX_BYTES), actor=operator())
    words = "is registered" if is_new else "was registered before, with the same contents"
    output.say(f"{release.plugin.slug} {release.version} {words}.")
    output.say(f"digest {release.digest}")
    output.document(_release_facts(release))
    return ExitCode.SUCCESS


def _list(options: Namespace, output: Output) -> ExitCode:
    plugins = list(list_plugins(search=options.search, states=options.state))
    output.table(
        ("SLUG", "NAME", "CURRENT", "STATE", "RELEASES"),
        (
            (
                plugin.slug,
                plugin.name,
                plugin.current.version if plugin.current else "",
                plugin.current.state if plugin.current else "",
                plugin.release_count,
            )
            for plugin in plugins
        ),
    )
    output.document(
        [
            {
                "slug": plugin.slug,
                "name": plugin.name,
                "version": plugin.current.version if plugin.current else None,
                "state": plugin.current.state if plugin.current else None,
                "releases": plugin.release_count,
            }
            for plugin in plugins
        ]
    )
    return ExitCode.SUCCESS


def _show(options: Namespace, output: Output) -> ExitCode:
    plugin = get_plugin(slug=options.slug)
    releases = list(list_releases(plugin=plugin))
    output.facts([("Slug", plugin.slug), ("Name", plugin.name), ("Author", plugin.author)])
    output.table(
        ("VERSION", "STATE", "SIGNED BY", "DIGEST"),
        ((found.version, found.state, found.key.name, found.digest) for found in releases),
    )
    output.document(
        {
            "slug": plugin.slug,
            "name": plugin.name,
            "author": plugin.author,
            "releases": [_release_facts(release) for release in releases],
        }
    )
    return ExitCode.SUCCESS


def _publish(options: Namespace, output: Output) -> ExitCode:
    return _moved(publish_release(release=_release(options), actor=operator()), output)


def _deprecate(options: Namespace, output: Output) -> ExitCode:
    release = deprecate_release(release=_release(options), actor=operator(), reason=options.reason)
    return _moved(release, output)


def _withdraw(options: Namespace, output: Output) -> ExitCode:
    release = withdraw_release(release=_release(options), actor=operator(), reason=options.reason)
    return _moved(release, output)


def _trust(options: Namespace, output: Output) -> ExitCode:
    content = _content(options.file, MAX_KEY_BYTES).decode("utf-8", "replace")
    key = add_trusted_key(name=options.name, public_key=content, actor=operator())
    output.say(f"What {key.name} signs is accepted now.")
    output.say(f"fingerprint {key.fingerprint}")
    output.document(_key_facts(key))
    return ExitCode.SUCCESS


def _keys(_options: Namespace, output: Output) -> ExitCode:
    keys = list(list_trusted_keys())
    output.table(
        ("FINGERPRINT", "NAME", "TRUSTED", "RELEASES"),
        (
            (
                key.fingerprint[:_SHORT],
                key.name,
                "yes" if key.is_trusted else "revoked",
                key.release_count,
            )
            for key in keys
        ),
    )
    output.document([_key_facts(key) for key in keys])
    return ExitCode.SUCCESS


def _revoke(options: Namespace, output: Output) -> ExitCode:
    key = revoke_trusted_key(
        key=find_trusted_key(fingerprint=options.fingerprint), actor=operator()
    )
    output.say(f"What {key.name} signs is accepted no more.")
    output.document(_key_facts(key))
    return ExitCode.SUCCESS


def _release(options: Namespace) -> Release:
    return get_release(slug=options.slug, version=options.version)


def _moved(release: Release, output: Output) -> ExitCode:
    output.say(f"{release.plugin.slug} {release.version} is {release.state.lower()}.")
    output.document(_release_facts(release))
    return ExitCode.SUCCESS


def _content(path: Path, limit: int) -> bytes:
    try:
        return read_file(path, limit)
    except PluginError as error:
        raise InvalidInput(str(error)) from error


def _release_facts(release: Release) -> dict[str, Any]:
    return {
        "plugin": release.plugin.slug,
        "version": release.version,
        "state": release.state,
        "digest": release.digest,
        "key": release.key.fingerprint,
        "reason": release.reason,
    }


def _key_facts(key: TrustedKey) -> dict[str, Any]:
    return {"name": key.name, "fingerprint": key.fingerprint, "is_trusted": key.is_trusted}
