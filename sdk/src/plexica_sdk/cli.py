"""The command `plexica-plugin`: what a plugin's author does before a platform sees the plugin."""

import argparse
import json
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from plexica_sdk import __version__
from plexica_sdk.building import DIST, build_package, read_file, read_manifest
from plexica_sdk.developing.platform import Credentials, Platform
from plexica_sdk.developing.session import Session
from plexica_sdk.errors import ManifestInvalid, PluginError
from plexica_sdk.manifest import FILE_NAME
from plexica_sdk.new_project import new_project
from plexica_sdk.package import MAX_BYTES, Package, read_package, write_package
from plexica_sdk.registering import register_package
from plexica_sdk.signing import (
    MAX_KEY_BYTES,
    PublicKey,
    check_signature,
    make_private_key,
    public_key_of,
    sign_package,
    signer_of,
)
from plexica_sdk.wheel_building import PROJECT, build_wheel

# Not an argument: the command lines of others are for everybody to see.
TOKEN_VARIABLE = "PLEXICA_TOKEN"  # noqa: S105 # its name, not a token
_PRIVATE_MODE = 0o600


def main(words: Sequence[str] | None = None) -> int:
    """Do what the command line says.

    Args:
        words: Its words; those of the process if left out.

    Returns:
        The exit status: 0, or 1 when something is not as it should be.
    """
    options = _parser().parse_args(words)
    try:
        options.act(options)
    except ManifestInvalid as error:
        for problem in error.problems:
            place = f":{problem.line}" if problem.line else ""
            text = f"{problem.field}: {problem.message}" if problem.field else problem.message
            _say(f"{FILE_NAME}{place}: {text}", is_error=True)
        return 1
    except PluginError as error:
        _say(str(error), is_error=True)
        return 1
    except OSError as error:
        _say(f"{error.filename}: {error.strerror}", is_error=True)
        return 1
    return 0


def check(options: argparse.Namespace) -> None:
    """Check a project's manifest, or a package with its digests and signature."""
    path: Path = options.path
    if path.is_dir():
        manifest = read_manifest(path)
        _say(f"{manifest.slug} {manifest.version}: the manifest is right.")
        return
    package = _read(path)
    if options.key:
        check_signature(package, _read_public(options.key))
    signer = signer_of(package) if package.signature else "nobody"
    manifest = package.manifest
    _say(f"{manifest.slug} {manifest.version}: the package is right.")
    _say(f"digest {package.digest}")
    _say(f"signed by {signer}" + (" (checked)" if options.key else ""))


def new(options: argparse.Namespace) -> None:
    """Begin a plugin: a project that runs and has tests."""
    directory: Path = options.directory or Path(options.slug)
    new_project(options.slug, directory)
    _say(f"{directory}\nIts README.md says how to go on.")


def makemigrations(options: argparse.Namespace) -> None:
    """Write migrations for what has changed in a plugin's models."""
    try:
        # Only plugins that are Django apps need Django.
        from plexica_sdk.hosting.makemigrations import make_migrations  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise PluginError(f"{error.name} is missing: install plexica-sdk[hosting].") from error
    make_migrations(options.directory, is_check=options.check)


def build(options: argparse.Namespace) -> None:
    """Make the package of a project. The same project gives the same bytes."""
    # A mistake in the manifest should not wait for the wheel.
    has_command = read_manifest(options.directory).runtime.command
    if has_command and not options.wheel and (options.directory / PROJECT).exists():
        build_wheel(options.directory, options.directory / DIST, isolated=not options.no_isolation)
    package = build_package(options.directory, wheels=options.wheel)
    path: Path = options.output or options.directory / package.file_name
    _write(path, write_package(package))
    _say(f"{path}\ndigest {package.digest}")


def sign(options: argparse.Namespace) -> None:
    """Sign a package, in its place."""
    package = sign_package(_read(options.path), read_file(options.key, MAX_KEY_BYTES))
    _write(options.path, write_package(package))
    _say(f"{options.path}\nsigned by {signer_of(package)}")


def register(options: argparse.Namespace) -> None:
    """Bring a signed package to a Plexica, whose operators publish it."""
    package = _read(options.path)
    token = os.environ.get(TOKEN_VARIABLE, "")
    if not token:
        raise PluginError(f"Set {TOKEN_VARIABLE} to a token for the platform's API.")
    found = register_package(package, url=options.url, token=token)
    how = "registered" if found.is_new else "there already"
    _say(f"{package.manifest.slug} {package.manifest.version}: {how}, {found.state.lower()}")


def dev(options: argparse.Namespace) -> None:
    """Run a project on a Plexica of this machine, anew after each change, until Ctrl-C."""
    session = Session(
        options.directory,
        Platform(Credentials.read(options.credentials)),
        tenant=options.tenant,
        settings=dict(_setting(text) for text in options.set),
        say=_say_at_once,
    )
    stopping = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: stopping.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        session.run(stopping)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def keygen(options: argparse.Namespace) -> None:
    """Make a key: a file that stays secret, and one beside it that operators trust."""
    private: Path = options.path
    public = private.with_suffix(".pub")
    if public == private:
        raise PluginError("The secret file needs another ending than .pub.")
    if public.exists():
        raise PluginError(f"{public} is there already.")
    key = make_private_key()
    try:
        descriptor = os.open(private, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE_MODE)
    except FileExistsError as error:
        raise PluginError(f"{private} is there already.") from error
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(key)
    public_key = public_key_of(key)
    _write(public, f"{public_key}\n".encode("ascii"))
    _say(f"{private} (keep it secret)\n{public}\nfingerprint {public_key.fingerprint}")


def _setting(text: str) -> tuple[str, Any]:
    name, is_there, value = text.partition("=")
    if not is_there:
        raise PluginError(f"{text}: write NAME=VALUE.")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _say_at_once(text: str) -> None:
    _say(text)
    sys.stdout.flush()


def _read(path: Path) -> Package:
    return read_package(read_file(path, MAX_BYTES))


def _read_public(path: Path) -> PublicKey:
    return PublicKey.parse(read_file(path, MAX_KEY_BYTES).decode("utf-8", "replace"))


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _say(text: str, *, is_error: bool = False) -> None:
    (sys.stderr if is_error else sys.stdout).write(f"{text}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="plexica-plugin", description=__doc__)
    parser.add_argument("--version", action="version", version=f"plexica-sdk {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(act: object) -> argparse.ArgumentParser:
        name, doc = getattr(act, "__name__", ""), act.__doc__
        command = commands.add_parser(name, help=doc, description=doc)
        command.set_defaults(act=act)
        return command

    beginning = add(new)
    beginning.add_argument("slug", help="the plugin's short name, such as hello")
    beginning.add_argument(
        "directory", type=Path, nargs="?", help="where to write it; one of that name if left out"
    )
    migrating = add(makemigrations)
    migrating.add_argument(
        "directory", type=Path, nargs="?", default=Path(), help="the project's directory"
    )
    migrating.add_argument(
        "--check", action="store_true", help="write nothing; end with 1 if something has changed"
    )
    checking = add(check)
    checking.add_argument(
        "path", type=Path, nargs="?", default=Path(), help="a project's directory, or a package"
    )
    checking.add_argument("--key", type=Path, help="the .pub file that has to have signed it")
    building = add(build)
    building.add_argument(
        "directory", type=Path, nargs="?", default=Path(), help="the project's directory"
    )
    building.add_argument(
        "--wheel", type=Path, action="append", default=[], help="a wheel; once for each"
    )
    building.add_argument(
        "--no-isolation",
        action="store_true",
        help="build the wheel with what this Python has, fetching nothing",
    )
    building.add_argument("--output", type=Path, help="where to write the package")
    signing = add(sign)
    signing.add_argument("path", type=Path, help="the package")
    signing.add_argument("--key", type=Path, required=True, help="the secret file of keygen")
    registering = add(register)
    registering.add_argument("path", type=Path, help="the package")
    registering.add_argument("url", help="the console's address, such as https://console.example")
    developing = add(dev)
    developing.add_argument(
        "directory", type=Path, nargs="?", default=Path(), help="the project's directory"
    )
    developing.add_argument("--tenant", required=True, help="the tenant that it is installed in")
    developing.add_argument(
        "--credentials",
        type=Path,
        default=Path(".plexica/credentials.json"),
        help="what `make up` has written of the platform (%(default)s)",
    )
    developing.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a setting; its value as JSON, or a text",
    )
    making = add(keygen)
    making.add_argument("path", type=Path, help="the secret file to make, such as author.pem")
    return parser


if __name__ == "__main__":
    sys.exit(main())
