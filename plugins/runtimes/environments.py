"""Environments of releases: their wheels, with the platform's own packages behind them."""

import hashlib
import io
import os
import secrets
import shutil
import sys
import sysconfig
import threading
import venv
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from installer import install
from installer.destinations import SchemeDictionaryDestination
from installer.exceptions import InstallerError
from installer.sources import WheelFile

import plexica_sdk
from plexica.core.errors import PermanentError
from plexica_sdk.package import WHEELS, Package
from plugins.runtimes.proc import list_processes, user_of
from plugins.runtimes.programs import install_programs

# A change of how environments are made gives them new names.
_FORM = "1"
PLATFORM_PATHS = "plexica-platform.pth"
# What a wheel can be that no tool would build: wrong inside, or at odds with another one.
_DAMAGED = (InstallerError, zipfile.BadZipFile, KeyError, ValueError, FileExistsError, EOFError)


@dataclass(frozen=True, slots=True)
class Places:
    """Where things of releases are, below one directory."""

    root: Path

    @property
    def environments(self) -> Path:
        """Programs; they belong to the agent's user."""
        return self.root / "environments"

    @property
    def homes(self) -> Path:
        """Working directories; each belongs to its release's user."""
        return self.root / "homes"

    @property
    def logs(self) -> Path:
        """What backends write to their standard output and error."""
        return self.root / "logs"

    def make(self) -> None:
        """Make what is missing, whatever the umask; others may pass, and see no names."""
        self.root.mkdir(parents=True, exist_ok=True)
        for path, mode in (
            (self.root, 0o711),
            (self.environments, 0o711),
            (self.homes, 0o711),
            (self.logs, 0o700),
        ):
            path.mkdir(exist_ok=True)
            path.chmod(mode)

    def environment(self, digest: str) -> Path:
        """Return a release's environment for this machine's Python."""
        facts = (_FORM, sys.version, sys.base_prefix, *map(str, platform_paths()))
        return (
            self.environments / f"{digest}-{hashlib.sha256(repr(facts).encode()).hexdigest()[:8]}"
        )

    def home(self, digest: str) -> Path:
        """Return a release's working directory."""
        return self.homes / digest

    def owner(self, digest: str) -> int:
        """Return the OS user of a release, which owns its home."""
        return self.home(digest).stat().st_uid


def platform_paths() -> list[Path]:
    """Return where the platform's own packages are, and the SDK."""
    paths = sysconfig.get_paths()
    sdk = Path(plexica_sdk.__file__).parents[1]
    return list(dict.fromkeys((Path(paths["purelib"]), Path(paths["platlib"]), sdk)))


def install_wheels(package: Package, schemes: Mapping[str, str], *, interpreter: str) -> None:
    """Install a package's wheels, each into the directories that an environment has for its parts.

    Args:
        package: The package.
        schemes: The directories, as `sysconfig` names them.
        interpreter: The Python that the scripts shall begin with.

    Raises:
        PermanentError: One of them cannot be installed.
    """
    destination = SchemeDictionaryDestination(
        dict(schemes), interpreter=interpreter, script_kind="posix"
    )
    for name, content in sorted(package.files.items()):
        if not name.startswith(WHEELS):
            continue
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                # The file's name is what the wheel's own names are derived from.
                archive.filename = name.removeprefix(WHEELS)
                install(WheelFile(archive), destination, {"INSTALLER": b"plexica\n"})
        except _DAMAGED as error:
            raise PermanentError(
                f"The wheel {name.removeprefix(WHEELS)} cannot be installed: {_first_line(error)}"
            ) from error


def open_to_others(directory: Path) -> None:
    """Let others read what is below a directory, and write none of it, whatever a wheel says."""
    for path in _all_below(directory):
        path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)


class Environments:
    """Makes and takes back environments, each whole or not at all."""

    def __init__(self, places: Places, users: range | None) -> None:
        """Say where.

        Args:
            places: Where.
            users: The OS users to give to releases; None: all are the agent's own.
        """
        self._places = places
        self._users = users
        self._lock = threading.Lock()

    def prepare(self, package: Package) -> Path:
        """Make a release's environment and home, unless they are there.

        Raises:
            PermanentError: The wheels cannot be installed, or no OS user is left.
        """
        self._places.make()
        target = self._places.environment(package.digest)
        owner = self._make_home(package.digest)
        if target.exists():
            return target
        staging = self._places.environments / f".{package.digest[:16]}-{secrets.token_hex(4)}"
        try:
            self._fill(staging, target, package)
            os.chown(staging, -1, owner)
            staging.chmod(0o750)
            staging.rename(target)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        return target

    def remove(self, digest: str) -> None:
        """Remove whatever there is of a release."""
        for path in self._places.environments.glob(f"{digest}-*"):
            shutil.rmtree(path, ignore_errors=True)
        shutil.rmtree(self._places.home(digest), ignore_errors=True)

    def clear(self) -> None:
        """Remove what was cut off while it was made."""
        for path in self._places.environments.glob(".*"):
            shutil.rmtree(path, ignore_errors=True)

    def _fill(self, staging: Path, target: Path, package: Package) -> None:
        venv.EnvBuilder(symlinks=True).create(staging)
        staging.chmod(0o700)
        vars_ = {"base": str(staging), "platbase": str(staging)}
        schemes = sysconfig.get_paths(scheme="venv", vars=vars_)
        schemes["headers"] = str(staging / "include")
        # First, so that no wheel can bring one of this name.
        Path(schemes["purelib"], PLATFORM_PATHS).write_text(
            "".join(f"{path}\n" for path in platform_paths()), "utf-8"
        )
        install_wheels(package, schemes, interpreter=str(target / "bin" / "python"))
        install_programs(package, Path(schemes["scripts"]))
        open_to_others(staging)

    def _make_home(self, digest: str) -> int:
        home = self._places.home(digest)
        with self._lock:
            if not home.exists():
                # A home always has its owner, whenever an agent is ended.
                made = self._places.homes / f".{digest[:16]}"
                made.mkdir(mode=0o700, exist_ok=True)
                if self._users is not None:
                    owner = self._free_user(digest)
                    os.chown(made, owner, owner)
                made.rename(home)
        return self._places.owner(digest) if self._users is not None else -1

    def _free_user(self, digest: str) -> int:
        """Return a user whom no release has and who runs nothing.

        Several platforms may share a machine, so each release begins to look elsewhere.
        """
        users = self._users or range(0)
        taken: set[int] = {path.stat().st_uid for path in self._places.homes.iterdir()}
        taken |= {user for found in list_processes() if (user := user_of(found.pid)) is not None}
        seed = hashlib.sha256(f"{self._places.root} {digest}".encode()).digest()
        first = int.from_bytes(seed[:4], "big") % max(len(users), 1)
        for user in (*users[first:], *users[:first]):
            if user not in taken:
                return int(user)
        raise PermanentError("No OS user is left for this plugin: see PLEXICA_PLUGIN_USERS.")


def _all_below(directory: Path) -> Iterator[Path]:
    return (path for path in directory.rglob("*") if not path.is_symlink())


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
