"""What of a project has changed since it was looked at last."""

import enum
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from plexica_sdk.building import directories_of, read_manifest
from plexica_sdk.errors import PluginError
from plexica_sdk.manifest import FILE_NAME
from plexica_sdk.package import PROGRAMS

_LEFT_OUT_DIRECTORIES = frozenset({"__pycache__", "dist", "build", "node_modules", "venv"})
_LEFT_OUT_ENDINGS = (".pyc", ".plexica", ".pem", ".pub", ".log", "~", ".swp")
MAX_FILES = 20_000

Seen = Mapping[Path, tuple[int, int]]


class Change(enum.Enum):
    """What a change asks for."""

    NONE = enum.auto()
    CODE = enum.auto()
    RELEASE = enum.auto()


@dataclass(frozen=True, slots=True)
class Looked:
    """A look at a project.

    Attributes:
        seen: The time and size of each of its files.
    """

    seen: Seen

    def changed_since(self, before: "Looked") -> set[Path]:
        """Return the files that are new, gone or another one."""
        return {path for path, _ in self.seen.items() ^ before.seen.items()}


def look_at(directory: Path) -> Looked:
    """Look at a project's files; what is made of them, and what is hidden, is left out.

    Raises:
        PluginError: There are too many.
    """
    seen: dict[Path, tuple[int, int]] = {}
    for place, directories, names in os.walk(directory):
        directories[:] = [name for name in directories if not _is_left_out(name)]
        for name in names:
            if name.startswith(".") or name.endswith(_LEFT_OUT_ENDINGS):
                continue
            path = Path(place, name)
            try:
                found = path.stat()
            except OSError:
                # It has gone meanwhile: the next look sees that.
                continue
            seen[path.relative_to(directory)] = (found.st_mtime_ns, found.st_size)
        if len(seen) > MAX_FILES:
            raise PluginError(f"{directory} has more than {MAX_FILES} files.")
    return Looked(seen)


def kind_of(directory: Path, changed: set[Path]) -> Change:
    """Return what a change of some files asks for: code runs anew, the rest is a new release."""
    if not changed:
        return Change.NONE
    places = {Path(FILE_NAME)}
    try:
        manifest = read_manifest(directory)
    except PluginError:
        # What is wrong is said when the release is made.
        return Change.RELEASE
    places |= {Path(place) for prefix, place in directories_of(manifest) if prefix != PROGRAMS}
    for path in changed:
        # Django's migrations are in the code; what is installed has to be brought to them.
        if "migrations" in path.parts or any(path.is_relative_to(place) for place in places):
            return Change.RELEASE
    return Change.CODE


def _is_left_out(name: str) -> bool:
    return name.startswith(".") or name in _LEFT_OUT_DIRECTORIES or name.endswith(".egg-info")
